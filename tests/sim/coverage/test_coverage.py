"""Coverage of simulations: it counts what the unit did, names what it missed, and says so."""

import json
import re

import numpy as np
import pytest

from tests.lane_wise import LANE_WISE
from vit2rtl import rtl
from vit2rtl.golden import BundleWriter
from vit2rtl.golden.units import Instance
from vit2rtl.rtl import verilog
from vit2rtl.sim.coverage import functional as coverage
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.monitor import Monitor
from vit2rtl.sim.coverage.protocol import CYCLE, cycle_samples, fills, protocol_points
from vit2rtl.sim.run.regression import run_regression
from vit2rtl.sim.run.results import BenchResult

DEQUANTIZER = Instance.of("log2_dequantizer", lanes=2)
QUANTIZER = Instance.of("log_sqrt2_quantizer", lanes=2)


def bundle_of(path, instance, inputs, configuration=None):
    """A bundle of one record."""
    configuration = configuration or {}
    with BundleWriter(path, {}) as writer:
        writer.add(
            instance,
            record="one",
            layer="one",
            kind="model",
            inputs=inputs,
            outputs=instance.evaluate(inputs, configuration),
            configuration=configuration,
        )
    return path


def covered(bundle, folder, sources=None):
    """The coverage of one instance in Icarus; ``sources`` as a user's own Verilog."""
    if sources is not None:
        (folder / "mine").mkdir()
        for name, text in sources.items():
            (folder / "mine" / name).write_text(text)
    results = run_regression(
        bundle,
        simulators=["icarus"],
        coverage=True,
        out=folder / "out",
        verilog_folder=None if sources is None else folder / "mine",
    )
    (found,) = coverage.merged(results)
    return found


def test_a_code_that_never_comes_is_named(tmp_path):
    codes = np.array([code for code in range(16) if code != 3] * 4)
    found = covered(bundle_of(tmp_path / "b", DEQUANTIZER, {"code": codes}), tmp_path)
    assert found.missing == ["code: 3"]
    assert found.line() == (
        f"coverage {len(found.hits) - 1}/{len(found.hits)} bins  log2_dequantizer_l2"
    )
    assert list(found.hits) == declared(DEQUANTIZER, 1)
    coverage.write(tmp_path, [found])
    page = (tmp_path / "coverage.md").read_text()
    assert page.endswith("\nNot reached:\n\n- code: 3\n")
    assert "| code | 16 | 15 | 0 |\n" in page
    (described,) = json.loads((tmp_path / "coverage.json").read_text())["instances"]
    assert described["missing"] == ["code: 3"]
    assert described["reached"] == described["bins"] - 1
    assert described["hits"]["code: 3"] == {"icarus": 0}
    assert described["hits"]["code: 4"]["icarus"] > 0


def test_what_a_unit_does_not_take_is_not_covered(tmp_path):
    """The benches offer every code; a unit that is never ready has met none."""
    sources = verilog.convert(DEQUANTIZER)
    top = f"{DEQUANTIZER.name}_axis.v"
    sources[top] = sources[top].replace(
        "assign s_axis_tready = i_ready & aresetn", "assign s_axis_tready = 1'b0"
    )
    bundle = bundle_of(tmp_path / "b", DEQUANTIZER, {"code": np.arange(64) % 16})
    found = covered(bundle, tmp_path, sources)
    assert {f"code: {n}" for n in range(15)} | {"lane: 0 unlike lane 1"} <= set(found.missing)
    assert "a beat offered and not taken: seen" not in found.missing
    assert list(found.hits) == declared(DEQUANTIZER, 0)  # of such Verilog, only the ports


def test_output_is_what_the_unit_gives_and_not_what_was_expected(tmp_path):
    sources = verilog.convert(QUANTIZER)
    top = f"{QUANTIZER.name}_axis.v"
    sources[top], count = re.subn(r"o__payload\(\{ m_axis_tlast, m_axis_tdata \}\)",
                                  "o__payload({ m_axis_tlast, dropped })", sources[top])
    sources[top] = sources[top].replace("endmodule", "  assign m_axis_tdata = 8'h77;\nendmodule")
    sources[top] = sources[top].replace("  wire rst;", "  wire rst;\n  wire [7:0] dropped;")
    assert count == 1
    thresholds = {"threshold_a": 55109, "threshold_b": 38968}
    probabilities = {"probability": np.arange(0, 65536, 512)}
    bundle = bundle_of(tmp_path / "b", QUANTIZER, probabilities, thresholds)
    found = covered(bundle, tmp_path, sources)
    codes = {f"code: {n}" for n in range(15)} | {"code: 15, zero"}
    assert codes & set(found.missing) == codes - {"code: 7"}


def test_files_of_the_monitor_are_counted_and_removed(tmp_path):
    """Two beats of two lanes, one of unknown bits, one that was cut off; a few cycles."""
    monitor = Monitor(DEQUANTIZER, 1, ("valid",))
    (tmp_path / "run.beats").write_text("0 34 2d414000\n0 f0 00008000\n0 1x 00000000\n0 12")
    beat = {"reset_n": 1, "i_valid": 1, "i_ready": 1, "first": 1}
    stalled = {"reset_n": 1, "o_valid": 1, "i_valid": 1}
    states = [state(beat, "0"), state(stalled, "1"), state({}, "1"), "x" * (len(CYCLE) + 1)]
    lines = [f"{text} {n}\n" for text, n in zip(states, (1, 20, 3, 5), strict=True)]
    (tmp_path / "run.cycles").write_text("".join([*lines, state({}, "0"), " 4"]))
    hits = coverage.collect(monitor, tmp_path / "run")
    assert {label: count for label, count in hits.items() if count} == {
        "code: 0": 1,
        "code: 3": 1,
        "code: 4": 1,
        "code: 15, zero": 1,
        "lane: 0 unlike lane 1": 2,
        "a beat in after a pause: seen": 1,
        "a beat offered and not taken: seen": 20,
        "a beat held at the output: seen": 20,
        "back pressure with stages valid: 1": 20,
        "reset with stages valid: 1": 3,
    }
    assert list(hits) == declared(DEQUANTIZER, 1)
    assert not list(tmp_path.iterdir())


def state(signals, stages):
    """A sampled cycle: the signals that are high, and the valid bits."""
    return "".join(str(signals.get(name, 0)) for name in CYCLE) + stages


def test_hits_of_benches_and_simulators_are_added_up():
    results = [
        BenchResult(simulator, "stalls", "unit_l1", 0, 0, 0.0, coverage=hits)
        for simulator, hits in (
            ("icarus", {"a": 1, "b": 0, "c": 0}),
            ("icarus", {"a": 2, "b": 0, "c": 0}),
            ("verilator", {"a": 0, "b": 4, "c": 0}),
            ("verilator", None),
        )
    ]
    (found,) = coverage.merged(results)
    assert found.hits == {
        "a": {"icarus": 3, "verilator": 0},
        "b": {"icarus": 0, "verilator": 4},
        "c": {"icarus": 0, "verilator": 0},
    }
    assert found.missing == ["c"]
    assert found.line() == "coverage 2/3 bins  unit_l1"


def test_states_of_the_pipeline():
    assert fills(0) == [0]
    assert fills(3) == list(range(8))
    assert fills(7) == sorted({(1 << n) - 1 << m for n in range(8) for m in range(8 - n)})
    labels = [label for point in protocol_points(3) for label in point.labels()]
    held = [label for label in labels if label.startswith("back pressure with stages valid")]
    assert [label[-3:] for label in held] == ["100", "101", "110", "111"]
    assert sum(label.startswith("reset with stages valid") for label in labels) == 8


def test_a_bubble_closes_where_a_beat_can_move_up():
    point = next(p for p in protocol_points(3) if p.name.startswith("under back pressure"))
    stalled = {"reset_n": 1, "o_valid": 1}
    states = [
        state(stalled, "110"),  # nothing behind the empty stage 0
        state(stalled | {"i_valid": 1}, "110"),
        state(stalled, "101"),
        state(stalled | {"o_ready": 1}, "101"),
        state(stalled, "111"),
    ]
    found = point.count(cycle_samples(states, 3), np.array([1, 10, 100, 1000, 10000]))
    assert found == {f"{point.name}: 0": 10, f"{point.name}: 1": 100}


@pytest.mark.parametrize("name", LANE_WISE)
def test_the_monitor_finds_the_valid_bits_of_every_unit(name):
    instance = Instance.of(name)
    monitor = Monitor.of(instance, verilog.convert(instance))
    assert monitor.stages == rtl.latency(instance)
    assert len(monitor.signals) == monitor.stages
    assert Monitor.of(instance, {}, own=True).stages == 0


def test_verilog_without_valid_bits_is_an_error():
    sources = {f"{DEQUANTIZER.name}.v": "module log2_dequantizer_l2;\nendmodule\n"}
    with pytest.raises(ValueError) as error:
        Monitor.of(DEQUANTIZER, sources)
    assert str(error.value) == (
        "The Verilog of log2_dequantizer_l2 has no valid_0 in a module control"
    )
