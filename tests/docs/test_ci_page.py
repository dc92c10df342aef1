"""The recipes for CI: both do the same, and that works in a repository as the page describes it."""

import shutil
from pathlib import Path

import pytest

from .documents import DOCUMENTS, ROOT, blocks, calls
from .test_tutorial import run_line

yaml = pytest.importorskip("yaml", reason="PyYAML, which FuseSoC brings")
BLOCKS = sorted(blocks(DOCUMENTS["docs/ci.md"]), key=lambda block: block.line)
GITHUB, GITLAB = (yaml.safe_load(b.text)["check" if "image:" in b.text else "jobs"]
                  for b in BLOCKS if b.language == "yaml")
ONCE, = (block.text.splitlines() for block in BLOCKS if block.language == "sh")


def github_lines():
    steps = [step["run"] for step in GITHUB["check"]["steps"] if "run" in step]
    return [line for step in steps for line in step.splitlines()]


def gitlab_lines():
    return [*GITLAB["before_script"], *GITLAB["script"]]


def test_both_recipes_run_the_same_in_the_same_simulators():
    assert [line.removeprefix("sudo ").replace("&& sudo ", "&& ") for line in github_lines()] == (
        gitlab_lines())
    assert GITHUB["check"]["strategy"]["matrix"]["simulator"] == (
        GITLAB["parallel"]["matrix"][0]["SIMULATOR"]) == ["icarus", "verilator"]
    assert GITHUB["check"]["env"] == {"SIMULATOR": "${{ matrix.simulator }}"}


def test_what_is_kept_is_what_is_written():
    (words,) = [words for line in GITLAB["script"] for words in calls(line) if "--junit" in words]
    written = words[words.index("--junit") + 1]
    upload = GITHUB["check"]["steps"][-1]
    assert GITLAB["artifacts"]["reports"]["junit"] == written
    assert GITLAB["artifacts"]["paths"] == upload["with"]["path"].split() == [
        written, "simulation/"]
    assert GITLAB["artifacts"]["when"] == upload["if"].removesuffix("()") == "always"


@pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
def test_the_commands_work_in_such_a_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMULATOR", "icarus")
    (tmp_path / "bench").symlink_to(ROOT / "docs/tutorial")
    for line in ONCE:
        run_line(line)
    shutil.rmtree("mnist-w4a4")  # not committed
    for line in GITLAB["script"]:
        run_line(line.replace("$SIMULATOR", "icarus"))
    assert Path("results.xml").read_text().count("<testcase") == 3
    assert all(Path(name).exists() for name in GITLAB["artifacts"]["paths"])
    # Waves are where docs/simulation.md looks for them.
    (waves, viewer), = [
        block.text.splitlines() for block in blocks(DOCUMENTS["docs/simulation.md"])
        if "surfer " in block.text and block.language == "sh"]
    run_line(waves.replace("vectors/", "unit-vectors"))
    assert Path(viewer.split()[1]).stat().st_size > 1000
