import subprocess
import sys
import types

import click
import pytest

from vit2rtl import __version__, cli


@pytest.fixture
def run(capsys):
    """``run(*arguments) -> (exit code, stdout, stderr)``"""

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main(list(arguments))
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


@pytest.fixture
def raising(monkeypatch):
    """Replaces `vit2rtl doctor` by a command that raises the given error."""

    def replace(error):
        @click.command()
        def command():
            raise error

        module = types.SimpleNamespace(command=command)
        monkeypatch.setitem(sys.modules, "vit2rtl.commands.doctor", module)

    return replace


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_explains_itself(name, run):
    code, out, err = run(name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: vit2rtl {name} ")


def test_help_lists_every_command_without_importing_any():
    script = (
        "import sys; from vit2rtl import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit as stop: code = stop.code\n"
        "assert not {'numpy', 'torch', 'timm', 'amaranth', 'cocotb'} & set(sys.modules)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"\n  {name} " in done.stdout for name in cli.COMMANDS)


def test_no_arguments_print_the_help_once(run):
    code, out, err = run()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: vit2rtl ")
    assert err.count("Usage:") == 1


def test_version(run):
    assert run("--version") == (0, f"vit2rtl, version {__version__}\n", "")


def test_unknown_command(run):
    usage = "Usage: vit2rtl [OPTIONS] COMMAND [ARGS]...\n"
    assert run("frobnicate") == (2, "", f"{usage}vit2rtl: No such command 'frobnicate'.\n")


@pytest.mark.parametrize(("typed", "meant"), [
    ("quantise", "quantize"), ("simulat", "simulate"), ("vector", "vectors"),
    ("synthesise", "synthesize"), ("Evaluate", "evaluate"),
])
def test_a_misspelt_command_is_suggested(typed, meant, run):
    code, out, err = run(typed)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"vit2rtl: No such command {typed!r}. Did you mean {meant}?"


def test_unknown_option(run):
    code, _, err = run("doctor", "--frobnicate")
    assert code == 2
    assert err == "Usage: vit2rtl doctor [OPTIONS]\nvit2rtl: No such option '--frobnicate'.\n"


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ValueError("Bits must be 2 to 8, not 9"), 2, "Bits must be 2 to 8, not 9"),
        (TypeError("Lanes must be an int,\n  not '4'"), 2, "Lanes must be an int, not '4'"),
        (FileNotFoundError(2, "No such file", "m.json"), 2, "No such file: m.json"),
        (OSError("the disk is full"), 2, "the disk is full"),
        (ValueError("x" * 5000), 2, "x" * 1000 + " ..."),
        (cli.MismatchError("beat 7: got 3, want 4"), 1, "beat 7: got 3, want 4"),
        (click.ClickException("no images"), 2, "no images"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_is_one_line_and_an_exit_code(error, code, line, raising, run):
    raising(error)
    assert run("doctor") == (code, "", f"vit2rtl: {line}\n")


def test_an_interrupt_is_exit_130(raising, run):
    raising(KeyboardInterrupt())
    assert run("doctor") == (130, "", "\nvit2rtl: interrupted\n")  # below the ^C of a terminal


@pytest.mark.parametrize(
    ("command", "module", "extra"),
    [
        ("quantize", "torch", "quantize"),
        ("quantize", "PIL", "quantize"),  # the extra that suffices, not one that lacks the rest
        ("simulate", "cocotb_tools", "hardware"),
        ("simulate", "amaranth.hdl", "hardware"),
        ("run", "PIL", "run"),
        ("vectors", "timm.models", "quantize"),
        ("vectors", "PIL", "run"),
        ("doctor", "amaranth", "hardware"),
    ],
)
def test_a_missing_extra_is_named(command, module, extra, monkeypatch, run):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(cli.importlib, "import_module", missing)
    line = f"vit2rtl: {module} is not installed: pip install 'vit2rtl[{extra}]'\n"
    assert run(command) == (2, "", line)


def test_the_extras_that_hints_name_exist():
    from importlib.metadata import metadata
    known = set(metadata("vit2rtl").get_all("Provides-Extra"))
    assert {*cli.EXTRAS.values(), "hardware"} <= known
    assert set(cli.EXTRAS) <= set(cli.COMMANDS)


def test_quantize_without_torch_names_the_extra():
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from vit2rtl import cli; cli.main(['quantize', 'mnist_vit', '--out', 'unused'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    line = "vit2rtl: torch is not installed: pip install 'vit2rtl[quantize]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("No module named 'vit2rtl.nowhere'", name="vit2rtl.nowhere"),
         "ModuleNotFoundError: No module named 'vit2rtl.nowhere'"),
        (RecursionError("maximum recursion\n depth exceeded"),
         "RecursionError: maximum recursion depth exceeded"),
        (MemoryError(), "MemoryError"),
        (OverflowError("too large"), "OverflowError: too large"),
        (RuntimeError("mat1 and mat2"), "RuntimeError: mat1 and mat2"),
        (KeyError("mean"), "KeyError: 'mean'"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_what_nobody_foresaw_is_one_line_too(error, said, raising, run):
    raising(error)
    line = f"vit2rtl: unforeseen error: {said} (vit2rtl --debug ... shows where)\n"
    assert run("doctor") == (70, "", line)


@pytest.mark.parametrize(("error", "code"), [(ValueError("Shift must be 1"), 2),
                                             (KeyError("mean"), 70)])
def test_debug_shows_the_traceback_above_the_line(error, code, raising, run):
    raising(error)
    exit_code, _, err = run("--debug", "doctor")
    lines = err.splitlines()
    assert (exit_code, lines[0]) == (code, "Traceback (most recent call last):")
    assert "raise error" in err and lines[-1].startswith("vit2rtl: ")
