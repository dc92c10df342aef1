"""A verdict comes from the bench alone: text and `$finish` of the unit's own make no bench pass."""

import pytest

from tests.every import long, sampled
from vit2rtl.rtl import verilog
from vit2rtl.sim.run.regression import run_regression

NAME = "log2_dequantizer_l2"
ENDED = "the simulator ended without a verdict of the bench's: the unit printed one and ended"
TEXT = '$display("PASS {name} beats={beats} mismatches=0 records={records}");'
# What the unit does beside a wrong value, and what the replay says of it.
FORGED = {
    "at once": ("initial begin {text} $finish; end", ENDED),
    "later": ("initial begin #3000 {text} $finish(0); end", ENDED),
    "at the end": ("initial #3000 $finish(0); final {text}", ENDED),
    "with a token": (
        'initial begin #3000 $display("PASS {name} beats={beats} mismatches=0 records={records} '
        'token=0123456789abcdef0123456789abcdef"); $finish; end', ENDED,
    ),
    "without a word": ("initial #3000 $finish;", "the simulator ended without a verdict, see"),
    "beside the bench's own": ("initial {text}", ""),
}


@pytest.fixture
def regression(bundle, bundle_path, tmp_path):
    entry = next(e for e in bundle.entries if e.instance.name == NAME)
    counts = {"beats": sum(r.beats for r in entry.records), "records": len(entry.records)}

    def regression(forgery, simulator, *, value="16'h5a83"):
        names = {"name": NAME, **counts}
        code = forgery.format(text=TEXT.format(**names), **names)
        for file, text in verilog.convert(entry.instance).items():
            if file == f"{NAME}.v":
                text = text.replace("16'h5a82", value)
            if file == f"{NAME}_axis.v":
                text = text.replace("endmodule", f"{code}\nendmodule")
            (tmp_path / f"{file.removesuffix('.v')}.sv").write_text(text)
        return run_regression(
            bundle_path,
            simulators=[simulator],
            units=[NAME],
            verilog_folder=tmp_path,
            out=tmp_path / "out",
        )

    return regression


@pytest.mark.parametrize("forgery", sampled(FORGED, lambda name: name in ("later", "with a token")))
def test_no_bench_passes_in_icarus(forgery, regression):
    code, error = FORGED[forgery]
    results = regression(code, "icarus")
    assert not any(result.passed for result in results)
    assert results[-1].bench == "replay"
    assert results[-1].error.startswith(error)
    assert bool(results[-1].error) is bool(error)


@long
def test_no_bench_passes_in_verilator(regression):
    results = regression(FORGED["later"][0], "verilator")
    assert not any(result.passed for result in results)
    assert results[-1].error.startswith(ENDED)


def test_a_unit_that_reaches_into_its_replay_fits_no_other_bench(regression):
    with pytest.raises(ValueError, match="icarus cannot compile the bench"):
        regression("initial force {name}_replay.mismatches = 0;", "icarus")


def test_a_simulator_that_fails_after_the_verdict_has_failed(regression):
    results = regression("final $fatal(1);", "icarus", value="16'h5a82")
    assert "the simulator ended with status" in results[-1].error


def test_text_beside_a_right_value_does_no_harm(regression):
    results = regression(FORGED["beside the bench's own"][0], "icarus", value="16'h5a82")
    assert all(result.passed for result in results)
