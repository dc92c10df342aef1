"""The benches can fail: every single-point bug put into the Verilog is caught, by whom it should.

A wrong value shows under stalls and in the replay. A breach of the protocol shows where it is
provoked, and the replay at full speed does not see it.
"""

import re
from dataclasses import dataclass

import pytest

from tests.every import long, sampled
from vit2rtl.rtl import verilog
from vit2rtl.sim.run.regression import run_regression

VALUES = {"stalls", "replay"}  # and wherever else the value happens to be met


@dataclass(frozen=True)
class Bug:
    """A replacement that must match once, and the benches that must fail for it."""

    name: str
    unit: str
    pattern: str
    replacement: str
    caught_by: frozenset = frozenset(VALUES)
    problem: str = "wrong value"
    file: str = "{}.v"


BUGS = [
    Bug(
        "wrong parity",
        "log2_dequantizer",
        r"i\[0\] \? (16'h5a82) : (16'h8000)",
        r"i[0] ? \2 : \1",
    ),
    Bug(
        "wrong mantissa",
        "log2_dequantizer",
        r"16'h5a82",
        "16'h5a83",
    ),
    Bug(
        "zero code not zero",
        "log2_dequantizer",
        r"i == 4'hf",
        "1'h0",
    ),
    Bug(
        "thresholds exchanged",
        "log_sqrt2_quantizer",
        r"(lane_0 \((?:(?!\);).)*\.threshold_a)\(threshold_a\)",
        r"\1(threshold_b)",
    ),
    Bug(
        "wrong rounding constant",
        "requantizer",
        r"\{ zero_point, 1'h1 \}",
        "{ zero_point, 1'h0 }",
    ),
    Bug(
        "off-by-one shift",
        "requantizer",
        r"shift_base \+ shift_1",
        "shift_base + shift_1 + 6'h1",
    ),
    Bug(
        "missing upper saturation",
        "requantizer",
        r"\| \{ \{4\{above\}\} \}",
        "",
    ),
    Bug(
        "missing lower saturation",
        "requantizer",
        r"if \(below\)",
        "if (1'h0)",
    ),
    Bug(
        "unsigned zero point",
        "requantizer",
        r"\$signed\(\{ zero_point, 1'h1 \}\)",
        "$signed({ 1'h0, zero_point, 1'h1 })",
    ),
    Bug(
        "swapped lanes",
        "requantizer",
        r"assign o__payload = \{ (\w+), (\w+), (\w+) \}",
        r"assign o__payload = { \1, \3, \2 }",
    ),
    Bug(
        "late tlast",
        "requantizer",
        r"o__payload <= last_4",
        "o__payload <= last_3",
        problem="tlast",
    ),
    Bug(
        "dropped beat under back pressure",
        "requantizer",
        r"assign i__ready = enable\[0\]",
        "assign i__ready = 1'h1",
        frozenset({"stalls", "reset"}),
    ),
    Bug(
        "payload changes while stalled",
        "requantizer",
        r"assign o__payload = (\{ \w+, \w+, \w+ \})",
        r"assign o__payload = \1 ^ { 1'h0, {8{~o__ready}} }",
        frozenset({"stalls", "reset"}),
        "changed or went away while stalled",
    ),
    Bug(
        "valid waits for ready",
        "log2_dequantizer",
        r"assign m_axis_tvalid = o_valid & aresetn",
        "assign m_axis_tvalid = o_valid & aresetn & m_axis_tready",
        frozenset({"reset"}),
        "m_axis_tvalid waits for m_axis_tready",
        "{}_axis.v",
    ),
    Bug(
        "stale data after reset",
        "requantizer",
        r"(control \((?:(?!\);).)*\.rst)\(rst\)",
        r"\1(1'h0)",
        frozenset({"reset"}),
        "never went in",
    ),
]
# One of each kind: a value, a lane, a row's end, a stall, a handshake.
SAMPLE = ("wrong rounding constant", "swapped lanes", "late tlast", "payload changes while stalled",
          "valid waits for ready")
# Builds take longer here, and Icarus has judged them all: a value, a stall, a reset.
ON_VERILATOR = ("wrong parity", "dropped beat under back pressure", "stale data after reset")


@pytest.fixture
def inject(bundle, tmp_path):
    def inject(bug):
        """Write the Verilog of the bug's unit to a folder, with the bug in it."""
        instance = next(e.instance for e in bundle.entries if e.instance.unit.name == bug.unit)
        sources = verilog.convert(instance)
        file = bug.file.format(instance.name)
        sources[file], count = re.subn(
            bug.pattern, bug.replacement, sources[file], flags=re.DOTALL
        )
        assert count == 1, f"{bug.name}: {bug.pattern!r} matches {count} times"
        for name, text in sources.items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return inject


def named(name):
    return next(bug for bug in BUGS if bug.name == name)


def regression(bundle_path, bug, folder, simulator, out, **settings):
    return run_regression(
        bundle_path,
        simulators=[simulator],
        units=[bug.unit],
        verilog_folder=folder,
        out=out,
        **settings,
    )


def check(results, bug):
    failed = {result.bench for result in results if not result.passed}
    assert failed >= bug.caught_by, [str(d) for r in results for d in r.details]
    assert ("replay" in failed) is ("replay" in bug.caught_by)
    problems = [detail.problem for result in results for detail in result.details]
    assert any(bug.problem in problem for problem in problems), problems
    assert not any(result.error for result in results), [result.error for result in results]


@pytest.mark.parametrize("bug", sampled(BUGS, lambda bug: bug.name in SAMPLE),
                         ids=lambda bug: bug.name)
def test_caught_in_icarus(bug, inject, bundle_path, tmp_path):
    check(regression(bundle_path, bug, inject(bug), "icarus", tmp_path / "out"), bug)


@pytest.mark.parametrize("name", sampled(ON_VERILATOR, lambda name: "stale" in name))
def test_caught_in_verilator(name, inject, bundle_path, tmp_path):
    bug = named(name)
    check(regression(bundle_path, bug, inject(bug), "verilator", tmp_path / "out"), bug)


@long
@pytest.mark.parametrize(
    "name", ["dropped beat under back pressure", "payload changes while stalled"]
)
def test_the_replay_sees_it_too_when_told_to_stall(name, inject, bundle_path, tmp_path):
    bug = named(name)
    results = regression(bundle_path, bug, inject(bug), "icarus", tmp_path / "out", stall=50)
    replay = next(result for result in results if result.bench == "replay")
    assert replay.mismatches and not replay.error


def test_without_a_bug_the_same_files_pass(bundle, bundle_path, tmp_path):
    instance = next(e.instance for e in bundle.entries if e.instance.unit.name == "requantizer")
    for name, text in verilog.convert(instance).items():
        (tmp_path / name).write_text(text)
    results = run_regression(
        bundle_path,
        simulators=["icarus"],
        units=["requantizer"],
        verilog_folder=tmp_path,
        out=tmp_path / "out",
    )
    assert [(result.bench, result.passed) for result in results] == [
        ("stalls", True),
        ("reset", True),
        ("replay", True),
    ]


def test_a_bug_is_named_by_unit_layer_beat_and_lane(inject, bundle_path, tmp_path):
    bug = named("wrong mantissa")
    results = regression(bundle_path, bug, inject(bug), "icarus", tmp_path / "out")
    replay = next(result for result in results if result.bench == "replay")
    first = replay.details[0]
    assert (first.instance, first.layer, first.record) == (
        "log2_dequantizer_l2",
        "blocks.0.attn",
        "blocks.0.attn",
    )
    assert (first.got, first.want) == ("0x5a83", "0x5a82")
    assert str(first) == (
        f"log2_dequantizer_l2, layer blocks.0.attn, record blocks.0.attn, beat {first.beat}, "
        f"lane {first.lane}, got 0x5a83, want 0x5a82: wrong value"
    )
