"""``vit2rtl simulate`` of IP packages: as they are, edited, and with Verilog from elsewhere."""

import json
import shutil

import pytest

from tests.every import long
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.package import write_package
from vit2rtl.sim.run.regression import Options, Regression, run_regression

NAME = "log2_dequantizer_l1"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package") / "ip"
    write_package(Instance.of("log2_dequantizer", lanes=1), folder)
    return folder


@pytest.fixture
def package(written, tmp_path):
    return shutil.copytree(written, tmp_path / "ip")


def simulated(package, tmp_path, **options):
    return run_regression(package, simulators=["icarus"], out=tmp_path / "out", **options)


def edit(folder, old, new, file=f"{NAME}_axi.v"):
    path = folder / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_vectors_go_through_the_package_and_its_top_has_benches_of_its_own(package, tmp_path):
    results = simulated(package, tmp_path, coverage=True)
    assert [(r.bench, r.instance, r.passed) for r in results] == [
        *((bench, NAME, True) for bench in ("stalls", "reset", "throughput", "replay")),
        *((bench, f"{NAME}_axi", True) for bench in ("registers", "traffic", "reset")),
    ]


@long
def test_an_edited_top_is_the_one_that_is_judged(package, tmp_path):
    edit(package / "rtl", "taking = aresetn & enable", "taking = aresetn")
    results = simulated(package, tmp_path)
    assert {r.instance for r in results if not r.passed} == {f"{NAME}_axi"}
    assert "throughput" not in {r.bench for r in results}  # nothing is known of its pipeline
    shown = next(str(d) for r in results for d in r.details)
    assert shown.startswith(f"{NAME}_axi: i: a beat is taken while the top is stopped (cycle ")


def test_verilog_from_elsewhere_needs_both_tops(package, tmp_path):
    mine = shutil.copytree(package / "rtl", tmp_path / "mine")
    (mine / f"{NAME}_axi.v").unlink()
    with pytest.raises(ValueError) as error:
        simulated(package, tmp_path, verilog_folder=mine)
    assert str(error.value) == f"No file in {mine} has a module {NAME}_axi"


def test_without_registers_there_is_no_such_top(tmp_path):
    write_package(Instance.of("log2_dequantizer", lanes=1), tmp_path / "ip", axi_lite=False)
    regression = Regression(tmp_path / "ip", Options(simulators=["icarus"]))
    assert regression.package.registers is None
    assert not any("_axi.v" in name for texts in regression.sources.values() for name in texts)


def test_a_manifest_that_makes_no_sense(package, tmp_path):
    path = package / "manifest.json"
    content = json.loads(path.read_text())
    for change, message in (
        ({"top": "else"}, f"{path}: top must be {NAME}_axi or {NAME}_axis, not 'else'"),
        ({"channels": -1}, "Channels must be between 0 and 65536, not -1"),
        ({"parameters": None}, f"{path} needs a unit and its parameters"),
    ):
        path.write_text(json.dumps(content | change))
        with pytest.raises(ValueError) as error:
            simulated(package, tmp_path)
        assert str(error.value) == message


def test_a_package_with_another_register_map_is_to_be_written_again(package, tmp_path):
    edit(package / "registers", "CONTROL @ 0x10;", "CONTROL @ 0x20;", f"{NAME}.rdl")
    with pytest.raises(ValueError, match=r"is not the register map of .*: write the package again"):
        simulated(package, tmp_path)
