"""Completion by the shell, in a process that has neither torch nor timm nor amaranth."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vit2rtl.commands import completion
from vit2rtl.golden.units import UNITS
from vit2rtl.models.families import FAMILIES

ROOT = Path(__file__).parents[2]
WITHOUT_FRAMEWORKS = """
import sys
for name in ("torch", "torchvision", "timm", "amaranth", "cocotb", "matplotlib"):
    sys.modules[name] = None
from vit2rtl.cli import main
main()
"""


@pytest.fixture
def complete(tmp_path):
    """``complete(*words)``: what the last word, begun as it is, may become."""
    def complete(*words):
        variables = {"_VIT2RTL_COMPLETE": "bash_complete", "COMP_CWORD": str(len(words)),
                     "COMP_WORDS": " ".join(["vit2rtl", *map(str, words)])}
        done = subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT_FRAMEWORKS], text=True,
                              capture_output=True, env=os.environ | variables, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return [line.partition(",")[2] for line in done.stdout.split()]

    return complete


@pytest.mark.parametrize("command", ["verilog", "package", "prove", "mutate", "synthesize"])
def test_units(complete, command):
    assert complete(command, "req") == ["requantizer"]


def test_commands_and_every_unit(complete):
    assert complete("ver") == ["verilog"]
    assert complete("verilog", "") == sorted(UNITS)
    assert complete("prove", "requantizer", "log2") == ["log2_dequantizer"]


def test_instances_of_the_bundle(complete, tmp_path):
    (tmp_path / "manifest.json").write_text('{"entries": [{"name": "requantizer_l4"}, 7, {}]}')
    assert complete("simulate", tmp_path, "--unit", "req") == ["requantizer", "requantizer_l4"]
    (tmp_path / "manifest.json").write_text("[" * 100_000)
    assert complete("simulate", tmp_path, "--unit", "req") == ["requantizer"]
    assert complete("simulate", "--unit", "log2") == ["log2_dequantizer"]


def test_ops_of_the_program(complete, tmp_path):
    names = ["blocks.0.mlp.fc1", "blocks.0.mlp.fc2", "head"]
    entries = ", ".join(f'{{"name": "{name}"}}' for name in names)
    (tmp_path / "program.json").write_text(f'{{"ops": [{entries}]}}')
    assert complete("vectors", tmp_path, "--ops", "blocks.0.mlp.") == names[:2]
    assert complete("vectors", "nowhere", "--ops", "") == []


def test_models_are_those_of_timm(complete, monkeypatch):
    """A process that cannot import timm reads its files."""
    from vit2rtl.models.library import timm

    shown = completion.models(None, None, "")
    assert "mnist_vit" in shown and "swin_tiny_patch4_window7_224" in shown
    assert set(shown) - {"mnist_vit"} == {
        name for file in completion.TIMM_FILES for name in timm.list_models(module=file)}
    assert completion.models(None, None, "deit_tiny_p") == ["deit_tiny_patch16_224"]
    monkeypatch.setattr(completion, "find_spec", lambda name: None)
    assert completion.models(None, None, "") == ["mnist_vit"]
    assert complete("quantize", "mni") == ["mnist_vit"]
    (folder,) = completion.models(None, None, "models/dino")
    assert (folder.type, folder.value) == ("dir", "models/dino")


def test_timms_files_are_those_of_the_families():
    files = {kind.__module__.rpartition(".")[2]
             for family in FAMILIES.values() for kind in family.types}
    assert files >= set(completion.TIMM_FILES)


# What a shell is asked before and after the README's line, and what it must answer.
SHELLS = {
    "bash": ("", "COMP_WORDS=(vit2rtl verilog req); COMP_CWORD=2; _vit2rtl_completion vit2rtl; "
                 "echo ${COMPREPLY[@]}", "requantizer"),
    "zsh": ("autoload -Uz compinit; compinit -u -D", "echo ${_comps[vit2rtl]}",
            "_vit2rtl_completion"),
    "fish": ("mkdir -p ~/.config/fish/completions",
             "source ~/.config/fish/completions/vit2rtl.fish\n"
             'complete -C "vit2rtl verilog req"', "requantizer"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_readme_says_works_in_the_shell(shell, tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^\| {shell}\b.*\| `(.*)` \|$", readme, re.MULTILINE)
    assert f"_VIT2RTL_COMPLETE={shell}_source vit2rtl" in line
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    before, after, answer = SHELLS[shell]
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                   "HOME": str(tmp_path)}
    done = subprocess.run([shell, "-c", f"{before}\n{line}\n{after}"], capture_output=True,
                          text=True, env=environment)
    assert (done.stdout.strip(), done.stderr) == (answer, "")
