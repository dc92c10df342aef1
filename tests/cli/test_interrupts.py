"""Interrupted at the last moment a command leaves nothing; what it cannot write, it says first."""

import os
import signal
import subprocess
import sys

import pytest

from vit2rtl.golden.files import atomic


@pytest.fixture(autouse=True)
def handler():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


SIGNALS = pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)


def interrupting(sent):
    """In place of a function: the signal arrives as it is called."""
    def call(*_, **__):
        os.kill(os.getpid(), sent)
        raise AssertionError("the signal was not delivered")

    return call


@SIGNALS
@pytest.mark.parametrize("name", ["quantize", "lower", "vectors"])
def test_nothing_is_half_written(command, mnist, tmp_path, monkeypatch, name, sent):
    arguments = {"quantize": ["mnist_vit", "--count", 2], "lower": [mnist],
                 "vectors": [mnist]}[name]
    monkeypatch.setattr(atomic, "_replace", interrupting(sent))
    code, out, err = command(name, *arguments, "--out", tmp_path / "made")
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "vit2rtl: interrupted"
    assert list(tmp_path.iterdir()) == []


@SIGNALS
def test_what_was_there_stays(command, mnist, tmp_path, monkeypatch, sent):
    out = tmp_path / "program"
    assert command("lower", mnist, "--out", out)[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    rename = os.rename

    def second(source, target):
        if str(target) == str(out.resolve()) and "new" in str(source):
            os.kill(os.getpid(), sent)
        rename(source, target)

    monkeypatch.setattr(os, "rename", second)
    assert command("lower", mnist, "--out", out)[0] == 130
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["program"]


@SIGNALS
def test_run_stops_without_results(command, mnist, tmp_path, monkeypatch, sent):
    from PIL import Image

    from vit2rtl.commands import run

    assert command("lower", mnist, "--out", tmp_path / "program")[0] == 0
    (tmp_path / "images").mkdir()
    Image.new("L", (28, 28)).save(tmp_path / "images" / "digit.png")
    monkeypatch.setattr(run, "execute", interrupting(sent))
    code, out, err = command("run", tmp_path / "program", "--images", tmp_path / "images")
    assert (code, out, err.splitlines()[-1]) == (130, "", "vit2rtl: interrupted")


def test_places_are_checked_before_anything_runs(command, mnist, tmp_path, monkeypatch):
    from vit2rtl import checkpoint
    from vit2rtl.models import zoo as timm_models

    for module, name in ((timm_models, "create"), (checkpoint, "load")):
        monkeypatch.setattr(module, name, interrupting(signal.SIGINT))
    (tmp_path / "notes.txt").write_text("mine")
    for arguments, text in (
        (["quantize", "mnist_vit", "--plots", tmp_path / "no" / "a.png", "--out", tmp_path / "a"],
         f"Plots cannot be written to {tmp_path / 'no' / 'a.png'}: {tmp_path / 'no'} is no folder"),
        (["lower", mnist, "--out", tmp_path],
         f"{tmp_path} is not empty and not a program: not overwriting it"),
        (["lower", mnist, "--out", tmp_path / "notes.txt"],
         f"Directory '{tmp_path / 'notes.txt'}' is a file."),
        (["quantize", "mnist_vit", "--out", tmp_path],
         f"{tmp_path} is not empty and not a checkpoint: not overwriting it"),
    ):
        code, _, err = command(*arguments)
        assert code == 2
        assert text in err.splitlines()[-1]
    (tmp_path / "b.png").mkdir()
    code, _, err = command("quantize", "mnist_vit", "--plots", tmp_path / "b.png", "--out", "x")
    assert (code, err.splitlines()[-1].endswith("b.png' is a directory.")) == (2, True)


def test_a_folder_without_permission_is_refused(command, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    plots = tmp_path / "a.png"
    code, _, err = command("quantize", "mnist_vit", "--plots", plots, "--out", tmp_path / "m")
    assert (code, err) == (2, f"vit2rtl: Plots cannot be written to {plots}: no permission\n")


def test_a_package_that_is_cancelled_says_nothing_of_its_modules(tmp_path):
    """Amaranth warns of every module that is made and not used, which cancelling leaves."""
    script = (
        "import os, signal, sys, time\n"
        "from amaranth.hdl import Fragment\n"
        "whole, calls = Fragment.get, []\n"
        "def get(*given, **named):\n"
        "    calls.append(given)\n"
        "    if len(calls) == 2:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(9)\n"
        "    return whole(*given, **named)\n"
        "Fragment.get = staticmethod(get)\n"
        "from vit2rtl import cli\n"
        "cli.main(['package', 'requantizer', '--out', 'made'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nvit2rtl: interrupted\n")
    assert list(tmp_path.iterdir()) == []
