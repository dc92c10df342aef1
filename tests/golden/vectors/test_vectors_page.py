"""The page on bundles tells the truth: its beat, its numpy types. tests/docs runs its code."""

import re
from pathlib import Path

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter, Instance, read_bundle
from vit2rtl.golden.vectors.bundle import convert

PAGE = Path(__file__).parents[3] / "docs" / "vectors.md"
INPUTS = {
    "acc": np.array([[-500, 99], [7, -7]]),
    "multiplier": np.array([40960, 51200]),
    "shift": np.array([0, 2]),
}


CONFIGURATION = {"shift_base": 22, "zero_point": 8}
INSTANCE = Instance.of("requantizer", lanes=2, acc_width=18)
CODES = INSTANCE.evaluate(INPUTS, CONFIGURATION)["code"]


@pytest.fixture
def record(tmp_path):
    """What the page's Python writes and reads."""
    with BundleWriter(tmp_path / "bundle", {"model": "mine"}) as writer:
        writer.add(
            INSTANCE, record="blocks.0.mlp.fc1", layer="blocks.0.mlp.fc1", kind="model",
            inputs=INPUTS, outputs={"code": CODES}, configuration=CONFIGURATION,
        )
    return read_bundle(tmp_path / "bundle").entries[0].records[0]


def test_the_beat_is_as_worked_and_the_types_as_said(record):
    page = PAGE.read_text(encoding="utf-8")
    for path, values in ((record.stimulus, "-500"), (record.expected, "= 3")):
        line = path.read_text().splitlines()[0]
        assert f"\n    {line}\n" in page and values in page
    assert CODES[0].tolist() == [3, 8]
    kinds = {name: str(array.dtype) for name, array in record.tensors().items()}
    for name, variable in (("acc", "acc"), ("multiplier", "multiplier"), ("expected_code", "code")):
        assert re.search(rf'{variable} = arrays\["{name}"\] +# {kinds[name]}\[', page)


def lines_of(text):
    """Lines, without what the page leaves to the reader: names, indentation."""
    return [line.strip() for line in text.splitlines()]


def test_the_commands_are_those_of_a_bundles_readme(record):
    readme = (record.stimulus.parents[2] / "README.md").read_text(encoding="utf-8")
    section = readme.partition("    VERILOG=")[2].partition("The verdict")[0]
    page = [line.removesuffix(" +stall=30") for line in lines_of(PAGE.read_text(encoding="utf-8"))]
    commands = lines_of(f"VERILOG={section}")
    assert len(commands) > 8
    assert [line for line in commands if line not in page] == []


def test_the_structure_is_that_of_a_header(record, tmp_path):
    convert(record.stimulus.parents[2], tmp_path / "c", ["c"])
    header = (tmp_path / "c" / INSTANCE.name / "vectors.h").read_text(encoding="utf-8")
    structure = re.search(r"^struct .*?^};$", header, re.MULTILINE | re.DOTALL)[0]
    page = PAGE.read_text(encoding="utf-8")
    assert f"```text\n{structure}\n" in page
    assert " ".join(page.partition(f"{structure}\n")[2].partition("```")[0].split()) in header
    assert f"#define {INSTANCE.name.upper()}_BITS 4\n" in header
