"""``vit2rtl prove``: what it prints, its exit codes, and its errors in one line."""

import json
from dataclasses import replace

import pytest

from vit2rtl.cli import main
from vit2rtl.golden.units import UNITS
from vit2rtl.sim.formal import plan, runs
from vit2rtl.sim.formal.properties import FAILED, OPEN, PROVED, Outcome
from vit2rtl.sim.units import log2_dequantizer
from vit2rtl.sim.units.face import FUNCTION, SPECIFICATION, STREAM


@pytest.fixture
def prove(capsys, tmp_path):
    """Run the command line; returns its exit code, stdout and stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["prove", *map(str, arguments), "--out", str(tmp_path / "proofs")])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


def test_proves_an_instance_of_ones_own(prove, tmp_path):
    request = ("log2_dequantizer", "--lanes", 1, "--bits", 3)
    store = ("--store", tmp_path / "store")
    code, out, err = prove(*request, *store, "--jobs", 2)
    assert (code, err) == (0, "")
    again = prove(*request, *store, "--jobs", 1, "--json")[1]
    serial = prove(*request, "--jobs", 1, "--json")[1]
    assert timeless(again) == timeless(serial)
    lines = {(line.split()[0], line.split("  ")[-1]) for line in out.splitlines() if line}
    assert lines == {
        ("proved", "log2_dequantizer_l1_b3: stream contract"),
        ("proved", "log2_dequantizer_l1_b3: function"),
        ("passed", "log2_dequantizer_l1_b3: specification, 8 inputs"),
    }
    folder = tmp_path / "proofs" / "log2_dequantizer_l1_b3" / "stream_contract"
    assert {"harness.v", "prove.ys", "prove.log"} <= {path.name for path in folder.iterdir()}


def timeless(report):
    return [{**outcome, "seconds": None} for outcome in json.loads(report)["outcomes"]]


def test_proves_the_top_of_a_package(prove):
    code, out, err = prove("log2_dequantizer", "--top", "axi", "--lanes", 1)
    assert (code, err) == (0, "")
    (line,) = out.splitlines()
    assert line.startswith("proved ")
    assert line.endswith("log2_dequantizer_l1_axi: AXI4-Lite and registers")


def test_json_has_outcomes_and_claims(prove, monkeypatch):
    face = log2_dequantizer.FACE
    first = face.plan[0]
    monkeypatch.setattr(log2_dequantizer, "FACE", replace(face, plan=(first,)))
    code, out, _ = prove("log2_dequantizer", "--json", "--jobs", 1)
    report = json.loads(out)
    assert code == 0
    assert [o["status"] for o in report["outcomes"]] == ["proved"] * len(first.instances)
    assert report["outcomes"][0]["seconds"] > 0
    assert report["claims"]["log2_dequantizer"] == [
        {
            "property": "stream contract",
            "status": "proved",
            "scope": first.scope,
            "method": plan.METHOD[STREAM],
        }
    ]


def test_a_counterexample_is_shown_and_is_a_mismatch(prove, monkeypatch, tmp_path):
    outcome = Outcome(
        STREAM, "unit_l1", FAILED, 1.5, {"tlast": "tlast is that of the watched beat"},
        [{"aresetn": "0", "check_tlast": "1"}, {"aresetn": "1", "last": "1", "check_tlast": "0"}],
        tmp_path / "trace.vcd",
    )
    monkeypatch.setattr(runs, "run", lambda *_, **__: outcome)
    code, out, err = prove("log2_dequantizer", "--bits", 3, "--jobs", 1)
    assert code == 1
    assert out.splitlines()[:5] == [
        "failed      1.5 s  unit_l1: stream contract",
        "    tlast: tlast is that of the watched beat",
        "    cycle 1: aresetn=0",
        "    cycle 2: aresetn=1, last=1",
        f"    waves: {tmp_path}/proofs/log2_dequantizer_l4_b3/stream_contract/trace.vcd",
    ]
    assert err == "vit2rtl: 3 of 3 not established: stream contract of unit_l1 failed\n"


def test_an_open_proof_is_no_success(prove, monkeypatch):
    outcomes = iter([Outcome(STREAM, "u", PROVED, 1.0), Outcome(FUNCTION, "u", OPEN, 9.0),
                     Outcome(SPECIFICATION, "u", "passed", 1.0, elements=3)])
    monkeypatch.setattr(runs, "run", lambda *_, **__: next(outcomes))
    code, out, err = prove("log2_dequantizer", "--bits", 3, "--jobs", 1)
    assert code == 1
    assert "open        9.0 s  u: function" in out
    assert err == "vit2rtl: 1 of 3 not established: function of u open\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["reqantizer"],
            f"Unit must be one of {', '.join(UNITS)}, not 'reqantizer'",
        ),
        (["--bits", "4"], "--bits needs exactly one UNIT"),
        (["requantizer", "--bits", "17"], "Bits must be between 2 and 16, not 17"),
        (
            ["log2_dequantizer", "--acc-width", "18"],
            "log2_dequantizer has no option --acc-width; "
            "it has --lanes, --bits, --width, --zero-code",
        ),
    ],
)
def test_errors_take_one_line_and_write_nothing(prove, tmp_path, arguments, text):
    code, out, err = prove(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"vit2rtl: {text}"
    assert not (tmp_path / "proofs").exists()


def test_a_missing_icarus_is_told_before_any_proof(prove, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = prove("log2_dequantizer")
    assert (code, out) == (2, "")
    assert err == (
        "vit2rtl: Simulator icarus cannot be used here: install Icarus Verilog: "
        "apt-get install iverilog\n"
    )
    assert not (tmp_path / "proofs").exists()
