"""docs/explore.md: its spaces are read, and its commands run in order, on fewer images."""

import re
import shlex

import pytest

from vit2rtl import cli
from vit2rtl.explore import space

from .documents import DOCUMENTS, blocks

# Lists of the spaces are cut to what is cheapest, and so are images.
FEWER = ((r"(evaluate|calibrate) = \d+", r"\1 = 8"), (r"weights = \[.*\]", "weights = [4]"),
         (r"activations = \[.*\]", "activations = [4]"), (r"method = .*", 'method = "repq"'))


def test_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = blocks(DOCUMENTS["docs/explore.md"])
    for block in page:
        if block.language == "toml":
            name = re.match(r"# (\S+)\n", block.text)[1]
            (tmp_path / name).write_text(block.text)
            whole = space.read(tmp_path / name)
            assert (whole.model, whole.mixed is None) == ("mnist_vit", name == "space.toml")
            text = block.text
            for pattern, fewer in FEWER:
                text = re.sub(pattern, fewer, text)
            (tmp_path / name).write_text(text)
    lines = [line for block in page if block.language == "sh" for line in block.text.splitlines()]
    for line in lines:
        arguments, _, target = line.partition(" > ")
        program, *words = shlex.split(arguments, comments=True)
        assert program == "vit2rtl"
        # A queue is not there; the search has a test of its own.
        if "slurm" in words or "mixed.toml" in words:
            continue
        if words[:2] == ["explore", "space.toml"]:
            words += ["--jobs", "1"]
        with pytest.raises(SystemExit) as stopped:
            cli.main(["--debug", *words])
        printed = capsys.readouterr()
        assert stopped.value.code == 0, printed.err
        if target:
            (tmp_path / target).write_text(printed.out)
    assert (tmp_path / "runs" / "digits" / "report.html").is_file()
    assert (tmp_path / "digits").is_dir()
