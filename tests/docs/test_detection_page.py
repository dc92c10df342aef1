"""The page of detection: its commands on the embedded detector run, and its tables are right."""

import re

import pytest

from vit2rtl.cli import main
from vit2rtl.reproduction import table2

from .documents import DOCUMENTS, commands

NAME = "docs/detection.md"
# Canvases enough to see a command work.
COUNT = "3"


def on_the_embedded_detector():
    """The page's commands that need nothing but what comes with the package, with few canvases."""
    folders = set()
    for program, *words in commands(DOCUMENTS[NAME]):
        few = [COUNT if before == "--count" else word
               for before, word in zip(["", *words], words, strict=False)]
        ours = "digit_detector" in words or words[0] == "canvases" or words[1] in folders
        if program == "vit2rtl" and ours:
            folders.add(words[words.index("--out") + 1])
            yield few


@pytest.fixture
def single_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_commands_on_the_embedded_detector_run(tmp_path, monkeypatch, capsys, single_thread):
    monkeypatch.chdir(tmp_path)
    ran = list(on_the_embedded_detector())
    assert [words[0] for words in ran] == ["canvases", "quantize", "evaluate", "lower", "reproduce"]
    for words in ran:
        with pytest.raises(SystemExit) as stopped:
            main(words)
        assert stopped.value.code == 0, capsys.readouterr().err
    assert len([*(tmp_path / "pictures").iterdir()]) == int(COUNT)
    assert (tmp_path / "runs" / "digits" / "table2.md").exists()


def test_the_published_table_is_the_one_that_is_reproduced():
    rows = re.findall(r"^\| ([\w -]+) \| (32/32|W\d/A\d) \| (.*) \|$", DOCUMENTS[NAME],
                      re.MULTILINE)
    shown = [(title, bits, re.findall(r"[\d.]+", cells)) for title, bits, cells in rows]
    assert shown == [
        (line.title, line.bits.upper().replace("A", "/A") or "32/32",
         [f"{figure:.1f}" for model in table2.COLUMNS for figure in line.published[model]])
        for line in table2.LINES]
