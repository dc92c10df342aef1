"""The page on bundles tells the truth: its beat, its numpy types, its code."""

import re
from pathlib import Path

import numpy as np
import pytest

from vit2rtl.golden import Instance, read_bundle

PAGE = Path(__file__).parents[2] / "docs" / "vectors.md"
INPUTS = {
    "acc": np.array([[-500, 99], [7, -7]]),
    "multiplier": np.array([40960, 51200]),
    "shift": np.array([0, 2]),
}


@pytest.fixture
def snippets(tmp_path, monkeypatch):
    """The page's Python, from the writing of a bundle to its reading."""
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    numpy, reader, writer = code
    return writer, numpy, reader


def test_the_python_runs_and_the_beat_is_as_worked(snippets, capsys):
    instance = Instance.of("requantizer", lanes=2, acc_width=18)
    codes = instance.evaluate(INPUTS, {"shift_base": 22, "zero_point": 8})["code"]
    scope = INPUTS | {"code": codes}
    for snippet in snippets:
        exec(snippet, scope)
    record = read_bundle("bundle").entries[0].records[0]
    page = PAGE.read_text(encoding="utf-8")
    for path, values in ((record.stimulus, "-500"), (record.expected, "= 3")):
        line = path.read_text().splitlines()[0]
        assert f"\n    {line}\n" in page and values in page
    assert codes[0].tolist() == [3, 8]
    kinds = {name: str(array.dtype) for name, array in record.tensors().items()}
    for name, variable in (("acc", "acc"), ("multiplier", "multiplier"), ("expected_code", "code")):
        assert re.search(rf'{variable} = arrays\["{name}"\] +# {kinds[name]}\[', page)
    assert f"{instance.name} blocks.0.mlp.fc1 2 " in capsys.readouterr().out
