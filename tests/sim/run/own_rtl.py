"""Verilog as a user might write it for all three units, right, and with one of many bugs in it.

Two stages of its own, results at once: unlike the generated Verilog, a configuration that is seen
late shows in a result.
"""

from collections.abc import Iterator
from dataclasses import dataclass

# The ports of configuration, by unit: (name in the module, port, width, signed).
SETTINGS = {
    "log2_dequantizer": (),
    "log_sqrt2_quantizer": (("a", "threshold_a", 16, ""), ("b", "threshold_b", 16, "")),
    "requantizer": (("base", "shift_base", 6, ""), ("zero", "zero_point", 5, "signed ")),
}
# Bits of a lane, of TDATA in, of a code or value out, of TDATA out.
WIDTHS = {
    "log2_dequantizer": (4, 8, 16, 32),
    "log_sqrt2_quantizer": (16, 32, 4, 8),
    "requantizer": (46, 96, 4, 8),
}
FUNCTIONS = {
    "log2_dequantizer": """\
    value = lane == 4'd15 ? 16'd0 : (lane[0] ? 16'd23170 : 16'd32768) >> lane[3:1];""",
    "log_sqrt2_quantizer": """\
    value = 0;
    for (k = 0; k < 15; k = k + 1)
      if (({16'd0, lane} << (k >> 1)) < (k % 2 ? b : a)) value = value + 1;""",
    "requantizer": """\
    total = $signed(lane[26:0]) * $signed({1'b0, lane[42:27]});
    n = base + lane[45:43];
    total = (total + (64'sd1 <<< (n - 6'd1))) >>> n;
    total = total + zero;
    value = total < 0 ? 4'd0 : total > 15 ? 4'd15 : total[3:0];""",
}
UNIT = """\
module NAME_axis (
    input aclk, input aresetn,
    input [IN-1:0] s_axis_tdata, input s_axis_tvalid, input s_axis_tlast, output s_axis_tready,
    output [OUT-1:0] m_axis_tdata, output m_axis_tvalid, output m_axis_tlast,
    input m_axis_treadyPORTS);
  reg valid_0, valid_1, last_0, last_1;
  reg [OUT-1:0] data_0, data_1;
  wire move_1 = !valid_1 || m_axis_tready;
  wire move_0 = !valid_0 || move_1;
  wire reset = !aresetn;
  wire taken = s_axis_tvalid && s_axis_tready;
  reg [15:0] stalled = 0, idle = 0, count = 0;
  always @(posedge aclk) begin
    stalled <= m_axis_tvalid && !m_axis_tready ? stalled + 16'd1 : 16'd0;
    idle <= s_axis_tvalid ? 16'd0 : idle + 16'd1;
    if (reset) count <= 16'd0; else if (taken) count <= count + 16'd1;
  end
SETTINGS
  assign s_axis_tready = aresetn && move_0;
  assign m_axis_tvalid = aresetn && valid_1;
  assign m_axis_tdata = data_1;
  assign m_axis_tlast = last_1;
  function [VALUE-1:0] value(input [LANE-1:0] lane);
    integer k;
    reg signed [63:0] total;
    reg [5:0] n;
    begin
FUNCTION
    end
  endfunction
  always @(posedge aclk) begin
    if (move_1) begin valid_1 <= valid_0; last_1 <= last_0; data_1 <= data_0; end
    if (move_0) begin
      valid_0 <= taken;
      last_0 <= s_axis_tlast;
      data_0 <= {value(s_axis_tdata[2*LANE-1:LANE]), value(s_axis_tdata[LANE-1:0])};
    end
    if (reset) begin valid_0 <= 1'b0; valid_1 <= 1'b0; end
  end
endmodule
"""


@dataclass(frozen=True)
class Bug:
    """Replacements in the unit's text, each of which must match."""

    kind: str
    name: str
    unit: str
    changes: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.unit}, {self.kind}: {self.name}"

    def text(self) -> str:
        text = right(self.unit)
        for old, new in self.changes:
            assert old in text, (str(self), old)
            text = text.replace(old, new)
        return text


def instance_name(unit: str) -> str:
    return f"{unit}_l2"


def right(unit: str) -> str:
    """The unit's module without a bug, for two lanes and all parameters at their defaults."""
    lane, into, value, out = WIDTHS[unit]
    ports = "".join(f",\n    input {s}[{w - 1}:0] {port}" for _, port, w, s in SETTINGS[unit])
    text = UNIT.replace("NAME", instance_name(unit)).replace("PORTS", ports)
    text = text.replace("SETTINGS", wires(unit)).replace("FUNCTION", FUNCTIONS[unit])
    for name, bits in (("LANE", lane), ("IN", into), ("VALUE", value), ("OUT", out)):
        text = text.replace(f"[{name}-1:", f"[{bits - 1}:")
        text = text.replace(f"2*{name}-1:{name}", f"{2 * bits - 1}:{bits}")
    return text


def wires(unit: str) -> str:
    return "\n".join(f"  wire {s}[{w - 1}:0] {n} = {p};" for n, p, w, s in SETTINGS[unit])


def registers(unit: str, when: str, *, only: str = "") -> str:
    """Configuration that is taken at clock edges with a condition, and seen from then on."""
    return "\n".join(
        f"  reg {s}[{w - 1}:0] {n}; always @(posedge aclk) if ({when}) {n} <= {p};"
        if only in ("", n) else f"  wire {s}[{w - 1}:0] {n} = {p};"
        for n, p, w, s in SETTINGS[unit]
    )


def latches(unit: str, flag: str, when: str) -> str:
    """Configuration that is seen at once, but not while ``flag`` is set: then it is as it was."""
    lines = [f"  reg {flag} = 1'b0; always @(posedge aclk) {when}"]
    for n, p, w, s in SETTINGS[unit]:
        lines.append(
            f"  reg {s}[{w - 1}:0] held_{n}; always @(posedge aclk) if (!{flag}) held_{n} <= {p};\n"
            f"  wire {s}[{w - 1}:0] {n} = {flag} ? held_{n} : {p};"
        )
    return "\n".join(lines)


IN_PACKET = "if (reset) in_packet <= 1'b0; else if (taken) in_packet <= !s_axis_tlast;"
VALID = "assign m_axis_tvalid = aresetn && valid_1"
DATA = "assign m_axis_tdata = data_1"
READY = "assign s_axis_tready = aresetn && move_0"
RESET = "if (reset) begin valid_0 <= 1'b0; valid_1 <= 1'b0; end"
LATE = "wire reset = !aresetn", "reg reset; always @(posedge aclk) reset <= !aresetn"


def of_configuration(unit: str) -> Iterator[tuple[str, str]]:
    first, second = (name for name, *_ in SETTINGS[unit])
    late = "reg late = 1'b0; always @(posedge aclk) late <= "
    yield "a cycle late", registers(unit, "1'b1")
    yield "one input a cycle late", registers(unit, "1'b1", only=first)
    yield "the other input a cycle late", registers(unit, "1'b1", only=second)
    yield "seen while nothing is offered", registers(unit, "!s_axis_tvalid")
    yield "seen after two idle cycles", registers(unit, "idle > 1")
    yield "taken in reset", registers(unit, "reset")
    yield "taken at tlast", registers(unit, "reset || taken && s_axis_tlast")
    yield "taken with a beat, for the next", registers(unit, "reset || taken")
    yield "only between packets", latches(unit, "in_packet", IN_PACKET)
    yield "only before the first beat", latches(unit, "used", "used <= !reset && (used || taken);")
    yield "only before the first packet ends", latches(
        unit, "used", "used <= !reset && (used || taken && s_axis_tlast);")
    yield "a cycle late in a packet", f"  {late} !reset && taken;\n" + registers(
        unit, "!late || idle > 0")


IN_RESET = {
    "a stage keeps its beat": ((RESET, "if (reset) valid_1 <= 1'b0;"),),
    "the last stage keeps its beat": ((RESET, "if (reset) valid_0 <= 1'b0;"),),
    "two clock edges are needed": (
        ("wire reset = !aresetn", "reg was; always @(posedge aclk) was <= !aresetn;\n"
         "  wire reset = !aresetn && was"),),
    "a cycle late": (LATE,),
    "a cycle late, and closed": (LATE, (READY, f"{READY} && !reset"),),
    "not while the output is blocked": ((RESET, RESET.replace("reset", "reset && move_1")),),
    "only while the output is blocked": ((RESET, RESET.replace("reset", "reset && !move_1")),),
    "only the stage that moves": (
        (RESET, "if (reset && move_0) valid_0 <= 1'b0; if (reset && move_1) valid_1 <= 1'b0;"),),
    "ready is not gated": ((READY, "assign s_axis_tready = move_0"),),
    "valid is not gated": ((VALID, "assign m_axis_tvalid = valid_1"),),
    "a beat offered in reset is kept": (
        ("valid_0 <= taken", "valid_0 <= s_axis_tvalid"), (RESET, "if (reset) valid_1 <= 1'b0;")),
    "nothing is emptied": ((RESET, ""),),
}
UNDER_STALLS = {
    **{f"valid goes away after {n} cycles": ((VALID, f"{VALID} && stalled < {n}"),)
       for n in (3, 60, 200, 1000)},
    "the beat is dropped after 100 cycles": (
        ("if (move_1)", "if (move_1 || stalled == 100)"),),
    "data change after 80 cycles": ((DATA, f"{DATA} ^ (stalled > 80)"),),
    "tlast changes after 30 cycles": (
        ("assign m_axis_tlast = last_1", "assign m_axis_tlast = last_1 ^ (stalled > 30)"),),
    "input opens after 60 cycles": ((READY, "assign s_axis_tready = aresetn && (move_0 || "
                                            "stalled > 60)"),),
    "a beat is lost after 60 idle cycles": (("valid_0 <= taken", "valid_0 <= taken && idle < 60"),),
    "asleep after 500 idle cycles": (
        (READY, "reg asleep = 0; always @(posedge aclk) asleep <= asleep || idle == 500;\n"
                f"  {READY} && !asleep"),),
    "ready without room": ((READY, "assign s_axis_tready = aresetn"),),
    "valid waits for ready": ((VALID, f"{VALID} && m_axis_tready"),),
    "a stage repeats its beat": (("valid_1 <= valid_0", "valid_1 <= valid_0 || stalled > 4"),),
}
AT_PACKETS = {
    "tlast of the beat before": (("last_1 <= last_0", "last_1 <= s_axis_tlast"),),
    "tlast never": (("last_0 <= s_axis_tlast", "last_0 <= 1'b0"),),
    "a beat after tlast is lost": (
        ("valid_0 <= taken", "valid_0 <= taken && !(last_0 && valid_0)"),),
    "the 300th beat is lost": (("valid_0 <= taken", "valid_0 <= taken && count != 299"),),
}
VALUES = {
    "log2_dequantizer": {
        "zero code": (("lane == 4'd15", "lane == 4'd14"),),
        "mantissa": (("23170", "23171"),),
        "shift": (("lane[3:1]", "lane[2:1]"),),
    },
    "log_sqrt2_quantizer": {
        **{f"threshold {k} with equality": (("if (({16'd0, lane} << (k >> 1)) <",
            f"if (({{16'd0, lane}} << (k >> 1)) - (k == {k} && lane != 0) <"),)
           for k in (0, 1, 6, 7, 10, 11, 13, 14)},
        "all but the first two with equality": (
            ("(k >> 1)) <", "(k >> 1)) - (k > 1 && lane != 0) <"),),
        "a narrow shift": (("{16'd0, lane}", "{2'd0, lane}"),),
    },
    "requantizer": {
        "padding counts": (("lane[45:43];", "lane[45:43] + s_axis_tdata[92];"),),
        "half down": (("(64'sd1 <<< (n - 6'd1)))", "(64'sd1 <<< (n - 6'd1)) - 64'sd1)"),),
        "unsigned zero point": (("total + zero", "total + $signed({1'b0, zero})"),),
        "top code": (("total > 15", "total > 16"),),
    },
}


def bugs() -> Iterator[Bug]:
    for unit, settings in SETTINGS.items():
        if settings:
            for name, text in of_configuration(unit):
                yield Bug("configuration", name, unit, ((wires(unit), text),))
        kinds = {"reset": IN_RESET, "stalls": UNDER_STALLS, "packets": AT_PACKETS,
                 "values": VALUES[unit]}
        for kind, table in kinds.items():
            for name, changes in table.items():
                yield Bug(kind, name, unit, changes)


BUGS = tuple(bugs())
