"""A package is complete, the same everywhere, and clean for tools."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.packaging import package
from vit2rtl.rtl.packaging.package import write_package
from vit2rtl.rtl.verilog import yosys

from .built import AREA, CLAIM, lint, name_of, run

RULES = {"DECLFILENAME", "UNUSEDSIGNAL", "WIDTHEXPAND"}


def test_every_file_is_listed_and_summed(folder):
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0
    listed = {line.rpartition(": ")[0] for line in done.stdout.splitlines()}
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == listed | {"SHA256SUMS"}
    sheet = (folder / "README.md").read_text()
    for path in found:
        told = path if path.count("/") < 2 and not path.startswith("vectors/") else "vectors/"
        assert f"| `{told}` |" in sheet or path in ("README.md", "SHA256SUMS"), path


def test_no_paths_no_source_attributes_and_plain_names(folder):
    for path in folder.rglob("*"):
        if path.suffix in (".npz",) or path.is_dir():
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(home|usr|tmp|work|root)/|\.py\b", text), path
    for path in folder.glob("rtl/*.v"):
        text = path.read_text()
        assert text.isascii()
        assert "\\" not in text and "$auto" not in text and "src =" not in text
        modules = re.findall(r"^module (\w+)\(", text, re.MULTILINE)
        assert modules[0] == path.stem
        assert all(module.startswith(path.stem) for module in modules)


def test_another_process_writes_the_same_bytes(packages, tmp_path):
    unit = next(iter(UNITS))
    program = (
        "import sys\n"
        "from types import SimpleNamespace\n"
        "from vit2rtl.golden.units import Instance\n"
        "from vit2rtl.rtl.packaging.package import write_package\n"
        f"write_package(Instance.of({unit!r}, lanes=3), 'again', channels=24, area=[{AREA!r}],\n"
        f"              claims=[SimpleNamespace(**{vars(CLAIM)!r})])\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    first, second = (
        {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}
        for root in (packages / unit, tmp_path / "again")
    )
    assert first == second


def test_icarus_takes_it_as_verilog_2001(folder):
    name = name_of(folder)
    done = run("iverilog", "-g2001", "-Wall", "-o", os.devnull, "-c", f"{name}.f", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_verilator_has_nothing_to_say_beyond_the_waivers(folder):
    name = name_of(folder)
    for top in (f"{name}_axi", f"{name}_axis"):
        assert lint(folder, top, f"lint/{name}.vlt") == set()
        assert lint(folder, top) <= RULES


def test_each_waiver_is_needed_and_hides_no_other_rule(packages, tmp_path):
    met = set()
    for unit in UNITS:
        name = name_of(packages / unit)
        met |= lint(packages / unit, f"{name}_axi")
    assert met == RULES
    folder = tmp_path / "requantizer"
    shutil.copytree(packages / "requantizer", folder)
    name = name_of(folder)
    path = folder / f"rtl/{name}_axi.v"
    text = path.read_text()
    bugs = {
        "UNDRIVEN": re.sub(r"\n  assign busy = [^\n]*", "", text),
        "PINMISSING": re.sub(r"\n    \.busy\(busy\),", "", text),
    }
    for rule, broken in bugs.items():
        assert broken != text
        path.write_text(broken)
        assert rule in lint(folder, f"{name}_axi", f"lint/{name}.vlt")


def test_yosys_reads_it(folder, tmp_path):
    name = name_of(folder)
    files = {path.name: path.read_text() for path in folder.glob("rtl/*.v")}
    read = f"read_verilog {' '.join(files)}"
    script = f"{read}\nhierarchy -check -top {name}_axi\nproc\ncheck -assert"
    assert f"{name}_axi" in yosys.run(script, tmp_path, files=files)


def test_without_axi_lite(tmp_path):
    files = write_package(Instance.of("requantizer", lanes=1), tmp_path / "ip", axi_lite=False)
    assert not [file for file in files if file.startswith(("registers/", "software/"))]
    assert [file for file in files if file.startswith("rtl/")] == [
        "rtl/requantizer_l1.v", "rtl/requantizer_l1_axis.v"
    ]
    sheet = (tmp_path / "ip" / "README.md").read_text()
    assert "_axi`" not in sheet and "AXI4-Lite" not in sheet
    assert "toplevel: requantizer_l1_axis" in (tmp_path / "ip/requantizer_l1.core").read_text()


def test_a_package_replaces_only_a_package(tmp_path):
    instance = Instance.of("log2_dequantizer", lanes=1)
    out = tmp_path / "ip"
    write_package(instance, out)
    write_package(instance, out, axi_lite=False)
    assert not (out / "software").exists()
    (out / "mine.v").write_text("")
    with pytest.raises(ValueError) as caught:
        write_package(instance, out)
    assert str(caught.value) == (
        f"{out} holds 'mine.v', which is no part of the package: not overwriting it"
    )
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.json").write_text('{"schema": "another"}')
    with pytest.raises(ValueError) as caught:
        write_package(instance, other)
    assert str(caught.value) == f"{other} is not empty and not a package: not overwriting it"


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package, "write_texts", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_package(Instance.of("log2_dequantizer", lanes=1), tmp_path / "ip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("channels", [-1, 65537, True, "many"])
def test_channels_out_of_range(channels, tmp_path):
    with pytest.raises(ValueError) as caught:
        write_package(Instance.of("requantizer"), tmp_path / "ip", channels=channels)
    assert str(caught.value) == f"Channels must be between 0 and 65536, not {channels!r}"


def test_the_replay_starts_as_the_data_sheet_says(folder, tmp_path):
    copy = tmp_path / "ip"
    shutil.copytree(folder, copy)
    sheet = (copy / "README.md").read_text()
    start = sheet.partition("```text\n")[2].partition("```")[0].splitlines()
    icarus = [line for line in start if line.startswith(("iverilog ", "vvp "))]
    assert len(icarus) == 2
    outputs = [run(*line.split(), cwd=copy) for line in icarus]
    assert [done.returncode for done in outputs] == [0, 0]
    assert outputs[1].stdout.startswith(f"PASS {name_of(copy)} ")


def test_the_core_s_targets_are_told(folder):
    lines = (folder / f"{name_of(folder)}.core").read_text().partition("\ntargets:\n")[2]
    targets = re.findall(r"^  (\w+):$", lines.partition("\nparameters:")[0], re.MULTILINE)
    told = ", ".join(f"`{target}`" for target in targets)
    assert f"| FuseSoC core: targets {told} |" in (folder / "README.md").read_text()


def test_delays_of_the_constraints_name_no_port_of_one_top_only(folder):
    """The skeletons fit any top: configuration and AXI4-Lite ports are not left out."""
    for path in folder.glob("constraints/*"):
        delays = [line for line in path.read_text().splitlines() if "put_delay" in line]
        assert len(delays) == 2
        assert delays[1].endswith(" [all_outputs]")
        assert set(re.findall(r"\b(?:s_axi|m_axis|aresetn|aclk)\w*", delays[0])) == {"aclk"}


def test_paths_of_the_project_files_exist(folder):
    name = name_of(folder)
    for file in (folder / f"{name}.f").read_text().split():
        assert (folder / file).is_file()
    assert Path(folder / f"{name}.core").read_text().startswith("CAPI=2:\n")
