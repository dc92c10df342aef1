"""The proofs can fail: single-point bugs in the Verilog, each refuted by the property it breaks."""

import re
from dataclasses import dataclass

import pytest

from tests.every import sampled
from tests.lane_wise import LANE_WISE
from vit2rtl.golden.units import Instance
from vit2rtl.rtl import verilog
from vit2rtl.sim.formal import properties
from vit2rtl.sim.units.face import FUNCTION, STREAM


@dataclass(frozen=True)
class Bug:
    """A replacement that must match, the property that it breaks, the checks that may say so."""

    name: str
    unit: str
    pattern: str
    replacement: str
    property: str
    check: str
    file: str = "{}.v"
    default: bool = False


D, Q, R = "log2_dequantizer", "log_sqrt2_quantizer", "requantizer"
# One of each check.
SAMPLE = ("zero code not zero", "thresholds exchanged", "swapped lanes", "late tlast",
          "dropped beat", "valid waits for ready", "stale data after reset")
SMALL = {R: {"acc_width": 8, "multiplier_width": 4, "lanes": 2}}
BUGS = [
    Bug("wrong parity", D, r"i\[0\] \? 16'h5a82 : 16'h8000", "i[0] ? 16'h8000 : 16'h5a82",
        FUNCTION, "lane_."),
    Bug("wrong mantissa", D, r"16'h5a82", "16'h5a83", FUNCTION, "lane_."),
    Bug("zero code not zero", D, r"i == 4'hf", "1'h0", FUNCTION, "lane_."),
    Bug("value of the wrong cycle", D, r"if \(enable\) value", "value",
        STREAM, "tdata|stable"),
    Bug("thresholds exchanged", Q, r"(lane_0 \((?:(?!\);).)*\.threshold_a)\(threshold_a\)",
        r"\1(threshold_b)", FUNCTION, "lane_."),
    Bug("threshold not below but up to", Q, r"< threshold_a", "<= threshold_a",
        FUNCTION, "lane_."),
    Bug("a stage that does not stall", Q, r"enable\[1\](\) begin\s+scaled_1)", r"1'h1\1",
        STREAM, "tdata|stable"),
    Bug("wrong rounding constant", R, r"\{ ?zero_point, 1'h1 ?\}", "{ zero_point, 1'h0 }",
        FUNCTION, "lane_."),
    Bug("off-by-one shift", R, r"shift_base \+ shift_0", "shift_base + shift_0 + 6'h1",
        FUNCTION, "lane_."),
    Bug("missing upper saturation", R, r" \| \{ \{4\{above\}\} \}", "", FUNCTION, "lane_."),
    Bug("missing lower saturation", R, r"if \(below\) code_5", "if (1'b0) code_5",
        FUNCTION, "lane_."),
    Bug("parts of the product misaligned", R, r"product_low_1\[32:17\]", "product_low_1[32:16]",
        FUNCTION, "lane_.", default=True),
    Bug("wrong part multiplied", R, r"acc_0\[26:17\]", "acc_0[25:16]",
        FUNCTION, "factors_.|lane_.", default=True),
    Bug("off-by-one shift of a long product", R,
        r"shift_base \+ shift_1", "shift_base + shift_1 + 6'h1",
        FUNCTION, "lane_.", default=True),
    Bug("swapped lanes", R, r"(o__payload = \{ \w+), (\w+), (\w+) ", r"\1, \3, \2 ",
        FUNCTION, "lane_."),
    Bug("late tlast", R, r"last_4 <= last_3", "last_4 <= last_2", STREAM, "tlast"),
    Bug("dropped beat", R, r"assign i__ready = enable\[0\]", "assign i__ready = 1'h1",
        STREAM, "tready"),
    Bug("beat taken twice", R, r"valid_0 <= i__valid", "valid_0 <= i__valid | valid_0",
        STREAM, "tready|tvalid"),
    Bug("payload changes while stalled", R,
        r"\{ m_axis_tlast, m_axis_tdata \}\)(.*?)endmodule",
        r"{ m_axis_tlast, data })\1wire [7:0] data;"
        r"assign m_axis_tdata = data ^ {8{~m_axis_tready}};endmodule",
        STREAM, "tdata|stable", "{}_axis.v"),
    Bug("valid waits for ready", D, r"m_axis_tvalid = o_valid & aresetn",
        "m_axis_tvalid = o_valid & aresetn & m_axis_tready", STREAM, "tvalid", "{}_axis.v"),
    Bug("valid without input", D, r"valid_0 <= i__valid", "valid_0 <= 1'h1", STREAM, "tvalid"),
    Bug("ready without room", D, r"s_axis_tready = i_ready & aresetn", "s_axis_tready = aresetn",
        STREAM, "tready", "{}_axis.v"),
    Bug("stale data after reset", R, r"valid_5 <= 1'h0;", "", STREAM, "tvalid"),
]


@pytest.mark.parametrize("bug", sampled(BUGS, lambda bug: bug.name in SAMPLE),
                         ids=lambda bug: bug.name)
def test_refuted(bug, tmp_path):
    small = SMALL.get(bug.unit, {"lanes": 2})
    instance = Instance.of(bug.unit, **({"lanes": 1} if bug.default else small))
    sources = verilog.convert(instance)
    file = bug.file.format(instance.name)
    sources[file], count = re.subn(
        bug.pattern, bug.replacement, sources[file], count=1, flags=re.DOTALL
    )
    assert count == 1, f"{bug.name}: {bug.pattern!r} does not match"
    outcome = properties.prove(instance, bug.property, tmp_path, sources=sources, timeout=60)
    assert outcome.status == properties.FAILED
    found = [check for check in outcome.failures if re.fullmatch(bug.check, check)]
    assert found, outcome.failures
    assert outcome.trace[-1][f"check_{found[0]}"] == "0"
    assert outcome.waves.read_text().startswith("$date")


def test_every_unit_has_a_bug_of_each_property():
    assert {(bug.unit, bug.property) for bug in BUGS} >= {
        (unit, name) for unit in LANE_WISE for name in (STREAM, FUNCTION)
    }
