import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PYPROJECT["tool"]["setuptools"]["package-dir"]
TARGETS = "help setup demo test lint verilog vectors sim area prove mutate bench clean".split()
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


def sources():
    """Import name -> path of every Python file in the package folders."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found["/".join([*package.split("."), *parts]) + ".py"] = path
    return found


def make(*arguments):
    """What make prints, whatever variables the tests themselves were started with."""
    ours = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "SIM", "SEED", "JOBS", "WAVES", "TESTS")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    command = ["make", "--no-print-directory", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that nothing is left in the checkout nor taken from an old build."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for folder in PACKAGES.values():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", "dist", "."], cwd=copy, check=True, capture_output=True)
    (path,) = (copy / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_contains_every_module(wheel):
    names = {name for name in wheel.namelist() if name.endswith(".py")}
    assert names == set(sources())


def test_the_wheel_contains_the_package_data(wheel):
    data = [path for path in (ROOT / "python" / "models" / "embedded").iterdir() if path.is_file()]
    data = [path for path in data if path.suffix != ".py"]
    assert any(path.suffix == ".safetensors" for path in data)
    for path in data:
        packed = wheel.read(f"vit2rtl/models/embedded/{path.name}")
        assert hashlib.sha256(packed).digest() == hashlib.sha256(path.read_bytes()).digest()


def test_the_wheel_has_the_command_and_the_licence(wheel):
    scripts = next(name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "vit2rtl = vit2rtl.cli:main" in wheel.read(scripts).decode()
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())


def test_the_wheel_says_that_it_is_typed_and_leaves_out_what_a_clone_needs(wheel):
    names = set(wheel.namelist())
    assert "vit2rtl/py.typed" in names
    assert "vit2rtl/sim/tools/system.py" in names  # `vit2rtl doctor` needs it, as set-up does
    assert not [name for name in names if "bootstrap" in name or name.startswith("tools/")]


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
