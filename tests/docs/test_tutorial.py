"""The tutorial, line by line: every command it shows runs, and finds what it says it finds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vit2rtl.cli import main
from vit2rtl.sim.tools import simulators

from .documents import DOCUMENTS, ROOT, blocks

NAME = "docs/tutorial.md"
BLOCKS = sorted(blocks(DOCUMENTS[NAME]), key=lambda block: block.line)
# Set-up is what brought this test to run.
SET_UP = ("make setup", ". .venv/bin/activate")
needs_tools = pytest.mark.skipif(
    not shutil.which("iverilog") or not shutil.which("cc"), reason="iverilog and cc are needed"
)


def run_line(line):
    """What a line of the page prints: vit2rtl runs here, anything else in a shell."""
    if line in SET_UP:
        return ""
    if line.startswith("vit2rtl "):
        with pytest.raises(SystemExit) as stopped:
            main([word.strip("'") for word in line.split()[1:]])
        assert stopped.value.code == 0
        return ""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True,
                          env=os.environ | {"PATH": path})
    assert done.returncode == ("FAIL" in done.stdout), done.stdout + done.stderr
    return done.stdout


def without_values(text):
    """What the page may say otherwise on another machine, whose floats calibrate otherwise."""
    text = re.sub(r"FAIL \d+ of", "FAIL some of", text)
    text = re.sub(r"row=\d+ channel=\d+ got=\w+ want=\w+", "somewhere", text)
    return re.sub(r"-?\d+ to +\d+", "some sums", re.sub(r" +", " ", text))


@needs_tools
def test_every_block_runs_and_prints_what_the_page_says(tmp_path, monkeypatch, capsys):
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    printed = ""
    for block in BLOCKS:
        if block.language == "text":
            assert without_values(printed) == without_values(block.text)
        elif block.language == "python":
            scope = {"__name__": NAME}
            exec(compile(block.text, NAME, "exec"), scope)
            scope.clear()  # its functions keep it alive, with the files that numpy opened
        elif block.language == "sh":
            for line in block.text.splitlines():
                if "--simulator verilator" not in line:
                    printed = run_line(line)
                elif simulators.verilator().usable:
                    found = run_line(line)
                    assert found and printed.endswith(found)  # what Icarus found
    assert capsys.readouterr().out.count(" 0 of ") == 6  # the C model
    assert (tmp_path / "accumulators.png").read_bytes().startswith(b"\x89PNG")


def test_excerpts_are_from_the_files():
    sources = "".join(path.read_text() for path in (ROOT / "docs/tutorial").glob("*.sv"))
    excerpts = [block.text for block in BLOCKS if block.language == "systemverilog"]
    assert len(excerpts) == 2
    flat = "\n".join(line.strip() for line in sources.splitlines())
    for excerpt in excerpts:
        assert "\n".join(line.strip() for line in excerpt.splitlines()) in flat
