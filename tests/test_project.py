import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TARGETS = (
    "help setup demo test test-all lint verilog vectors sim ops area components prove mutate "
    "mutate-python dist bench clean"
).split()
SIMULATE = "vit2rtl simulate out/vectors --out out/simulation"

# Folders of this machine's users and services; a path below them means nothing elsewhere.
MACHINE_PATH = re.compile(r"(?<![\w.~$])/(?:home|root|work|Users|mnt|opt|tmp|srv)/[\w.-]+")


def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.exists()]


def text(path):
    data = path.read_bytes()
    return "" if b"\0" in data else data.decode()


def make(*arguments):
    """What make prints, whatever variables the tests themselves were started with."""
    ours = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "SIM", "SEED", "JOBS", "WAVES", "TESTS")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    command = ["make", "--no-print-directory", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_golden_loads_no_framework():
    script = (
        "import pkgutil, sys, importlib, vit2rtl.golden as golden\n"
        "for module in pkgutil.walk_packages(golden.__path__, 'vit2rtl.golden.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(sorted({'torch', 'timm', 'amaranth', 'cocotb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_python_files_stay_at_300_lines():
    long = {
        path.relative_to(ROOT): lines
        for path in tracked()
        if path.suffix == ".py" and (lines := len(text(path).splitlines())) > 300
    }
    assert long == {}


def test_no_file_names_a_folder_of_one_machine():
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path != Path(__file__)
        for match in MACHINE_PATH.finditer(text(path))
    }
    assert found == set()


def test_make_alone_lists_every_target():
    lines = make()
    assert [line.split()[0] for line in lines] == [*TARGETS, "distclean"]
    assert all(len(line.split()) > 2 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["demo"], "vit2rtl demo --out demo"),
        (["verilog"], "vit2rtl verilog --all --out out/verilog"),
        (["vectors"], "vit2rtl vectors out/model --out out/vectors"),
        (["sim"], f"{SIMULATE} --simulator icarus --simulator verilator"),
        (
            ["sim", "SIM=icarus", "SEED=7", "JOBS=2", "WAVES=1"],
            f"{SIMULATE} --simulator icarus --seed 7 --jobs 2 --waves",
        ),
        (["sim", "SIM=verilator", "WAVES=0"], f"{SIMULATE} --simulator verilator"),
        (["test", "TESTS=tests/rtl"], "pytest -n 2"),
    ],
)
def test_targets_set_up_first_and_then_call_the_command(arguments, command):
    setup, *commands = make("--dry-run", *arguments)
    assert setup == "python3 -m tools.bootstrap"
    assert any(line.endswith(command) or f"{command} " in line for line in commands), commands


def test_every_requirement_is_pinned():
    pinned = dict(
        line.lower().replace("_", "-").split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    required = [*project["dependencies"], *(name for extra in extras.values() for name in extra)]
    names = {re.match(r"[\w-]+", requirement)[0].lower() for requirement in required}
    assert names - {"vit2rtl"} <= set(pinned)
    assert (pinned["torch"], pinned["torchvision"]) == ("2.13.0", "0.28.0")
    assert not [name for name in pinned if name.startswith(("nvidia", "triton", "cuda"))]


def test_what_the_targets_write_is_ignored_by_git():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    written = "demo/x out/x build/x dist/x .venv/x vit2rtl.egg-info/x rtl/__pycache__/x".split()
    git = ["git", "check-ignore", *written]
    done = subprocess.run(git, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == written
