"""What `make dist` builds: a wheel with the product alone, an sdist that can run its tests."""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PYPROJECT["tool"]["setuptools"]["package-dir"]


def sources():
    """Import name -> path of every Python file in the package folders."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found["/".join([*package.split("."), *parts]) + ".py"] = path
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder of the sdist and of the wheel made from it; from a copy, so that nothing is left in
    the checkout nor taken from an old build."""
    folder = tmp_path_factory.mktemp("dist")
    copy = folder / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(
        "__pycache__", ".*", "*.egg-info", "build", "demo", "dist", "out"))
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(copy)]
    subprocess.run(build, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def sdist(built):
    """Member names, without the folder that they are in, and their bytes."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        yield {
            member.name.partition("/")[2]: archive.extractfile(member).read()
            for member in archive.getmembers() if member.isfile()
        }


def test_the_wheel_contains_every_module(wheel):
    names = {name for name in wheel.namelist() if name.endswith(".py")}
    assert names == set(sources())


def test_the_wheel_contains_the_package_data(wheel):
    data = {f"{package.replace('.', '/')}/{path.relative_to(ROOT / folder).as_posix()}": path
            for package, folder in PACKAGES.items() for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts}
    assert {".c", ".cpp", ".safetensors"} <= {path.suffix for path in data.values()}
    for name, path in data.items():
        packed = wheel.read(name)
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


def test_the_wheel_contains_nothing_else(wheel):
    data = {name for name in wheel.namelist() if not name.endswith(".py")}
    assert {Path(name).suffix for name in data if ".dist-info/" not in name} == {
        ".c", ".cpp", ".css", ".h", ".js", ".json", ".npz", ".safetensors", ".typed"}
    assert all(name.startswith(("vit2rtl/", "vit2rtl-")) for name in wheel.namelist())


@pytest.mark.parametrize("folder", ["benchmarks", "docs", "tests", "tools"])
def test_the_sdist_can_run_its_tests(folder, sdist):
    ours = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours.items() <= sdist.items()
    assert {"Makefile", "constraints.txt", "CHANGELOG.md", "setup.py"} <= set(sdist)


def test_the_description_has_absolute_links_to_files_that_exist(wheel):
    name = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
    metadata = message_from_bytes(wheel.read(name))
    assert metadata["Description-Content-Type"] == "text/markdown"
    links = re.findall(r"\]\(([^)\s]+)\)", metadata.get_payload())
    assert len(links) >= 15 and all(re.match("https?://|#", link) for link in links)
    repository = PYPROJECT["project"]["urls"]["Repository"]
    raw = repository.replace("github.com", "raw.githubusercontent.com") + "/main/"
    files = [link.removeprefix(prefix).partition("#")[0] for link in links
             for prefix in (f"{repository}/blob/main/", raw) if link.startswith(prefix)]
    assert {"docs/flow.svg", "docs/report.png", "docs/units/README.md"} <= set(files)
    assert [file for file in files if not (ROOT / file).exists()] == []
