"""``vit2rtl simulate``: what it prints, where it writes, how it exits."""

import numpy as np
import pytest

from vit2rtl import cli, rtl
from vit2rtl.commands.simulate import show_coverage
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter
from vit2rtl.rtl import verilog
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.functional import Coverage

INSTANCE = Instance.of("log2_dequantizer", lanes=2)


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setenv("VIT2RTL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    codes = np.arange(300) % 16
    with BundleWriter(tmp_path / "vectors", provenance={}) as writer:
        writer.add(
            INSTANCE,
            record="blocks.3.attn",
            layer="blocks.3.attn",
            kind="model",
            inputs={"code": codes},
            outputs=INSTANCE.evaluate({"code": codes}, {}),
        )
        for record in directed_records(INSTANCE):
            writer.add(INSTANCE, **record)
    return tmp_path / "vectors"


def run(capfd, *arguments):
    """(exit status, stdout, stderr) of the command line."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["simulate", *map(str, arguments)])
    out, err = capfd.readouterr()
    return ended.value.code or 0, out, err


def test_a_line_for_each_bench_and_a_total(bundle, capfd):
    code, out, err = run(capfd, bundle, "--simulator", "icarus", "--seed", 4, "--jobs", 1)
    lines = out.splitlines()
    assert code == 0, err
    benches, covered, where = lines[:4], *lines[4:-1]
    assert [line.split()[:3] for line in benches] == [
        ["icarus", bench, INSTANCE.name] for bench in ("stalls", "reset", "throughput", "replay")
    ]
    assert all(line.endswith(" beats/s  ok") and " 0 mismatches " in line for line in benches)
    count = len(declared(INSTANCE, rtl.latency(INSTANCE)))
    assert covered == f"coverage {count}/{count} bins  {INSTANCE.name}"
    assert where == "coverage in simulation/coverage.json and simulation/coverage.md"
    assert lines[-1].startswith("4 benches, ")
    assert lines[-1].endswith(" 0 mismatches, 0 failed; results in simulation/results.xml")
    assert (bundle.parent / "simulation" / "results.xml").exists()


def test_bins_that_were_missed_are_named(capsys, tmp_path):
    hits = {f"code: {n}": {"icarus": 0} for n in range(23)} | {"code: 23": {"icarus": 4}}
    show_coverage([Coverage("unit_l1", hits)], tmp_path)
    assert capsys.readouterr().out.splitlines() == [
        "coverage 1/24 bins  unit_l1",
        *(f"    not reached: code: {n}" for n in range(20)),
        "    and 3 more",
        f"coverage in {tmp_path}/coverage.json and {tmp_path}/coverage.md",
    ]


def test_a_mismatch_is_named_and_exits_1(bundle, capfd, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    for name, text in verilog.convert(INSTANCE).items():
        assert name != f"{INSTANCE.name}.v" or text.count("16'h5a82") == 1
        (mine / name).write_text(text.replace("16'h5a82", "16'h5a80"))
    options = ["--simulator", "icarus", "--verilog", mine, "--junit", tmp_path / "junit.xml"]
    code, out, err = run(capfd, bundle, *options)
    assert code == 1
    assert (
        "    log2_dequantizer_l2, layer blocks.3.attn, record blocks.3.attn, beat 0, lane 1, "
        "got 0x5a80, want 0x5a82: wrong value\n"
    ) in out
    assert "    log: simulation/icarus/log2_dequantizer_l2/replay.log\n" in out
    assert err.splitlines()[-1].startswith("vit2rtl: 3 of 3 benches failed: icarus stalls")
    assert "<failure" in (tmp_path / "junit.xml").read_text()


def test_a_missing_simulator_exits_2(bundle, capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = run(capfd, bundle)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "vit2rtl: Simulator icarus cannot be used here: install Icarus Verilog: "
        "apt-get install iverilog"
    )


def test_a_folder_that_is_no_bundle_exits_2(capfd, tmp_path):
    code, out, err = run(capfd, tmp_path, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        f"vit2rtl: {tmp_path} is not a bundle: it has no manifest.json"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        (".", "it is a folder"),
        ("file/results.xml", "{folder}/file is not a folder"),
    ],
)
def test_results_that_cannot_be_written_end_it_before_it_starts(
    bundle, capfd, tmp_path, place, problem
):
    (tmp_path / "file").write_text("")
    code, out, err = run(capfd, bundle, "--junit", tmp_path / place, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        f"vit2rtl: Results cannot be written to {tmp_path / place}: "
        f"{problem.format(folder=tmp_path)}"
    )
    assert not (tmp_path / "out").exists()
