"""The harness of an AXI4-Lite top: a naive model of its bus and registers runs beside it.

The unit within is replaced by one of which nothing is known: what it offers and takes is any
traffic. So what is proved holds around every unit, and says what the unit gets to see.
"""

from collections.abc import Iterator

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.axi_lite_bus import axi_lite_ports
from vit2rtl.rtl.packaging.register_map import Register, RegisterMap, Role
from vit2rtl.rtl.packaging.sources import axi_latency, top_name
from vit2rtl.rtl.stream.axi_stream import axi_stream_ports
from vit2rtl.sim.formal.harness import Harness

TOP = "axi_contract"
_OUTPUTS = ("awready", "wready", "bresp", "bvalid", "arready", "rdata", "rresp", "rvalid")


def check_provable(register_map: RegisterMap) -> None:
    """ValueError, in one sentence, for a top that is simulated and not proved."""
    instance = register_map.instance
    if register_map.table:
        raise ValueError(f"Channel tables of {top_name(register_map)} are simulated, not proved")
    if not instance.lane_wise:
        raise ValueError(f"{top_name(register_map)} is simulated, not proved: {instance.unit.name} "
                         "has rows or a table")


def unknown_unit(instance: Instance) -> str:
    """Verilog of a module in place of the unit; what it gives is driven by nothing."""
    ports = ["input clk", "input rst"]
    for s in instance.streams:
        forth, back = ("input", "output") if s.enters else ("output", "input")
        ports += [f"{forth} [{s.beat_bits}:0] {s.name}__payload", f"{forth} {s.name}__valid",
                  f"{back} {s.name}__ready"]
    ports += [f"input [{f.width - 1}:0] {f.name}" for f in instance.configuration]
    return f"module {instance.name}(\n  {', '.join(ports)}\n);\nendmodule\n"


def harness(register_map: RegisterMap) -> Harness:
    """Registers and answers are the model's, in every cycle after the first reset."""
    check_provable(register_map)
    instance = register_map.instance
    (source,), (sink,) = instance.sources, instance.sinks
    members = {**axi_stream_ports(register_map.streams),
               **axi_lite_ports(register_map.address_width)}
    widths = {name: int(member.shape) for name, member in members.items()}  # type: ignore[arg-type]
    outputs = {f"s_axi_{name}" for name in _OUTPUTS}
    outputs |= {f"{source.axi}_tready", *(f"{sink.axi}_{n}" for n in ("tvalid", "tdata", "tlast"))}
    checks = _checks(register_map)
    names = [name for name in widths if name not in ("aclk", "aresetn")]
    writable = [r for r in register_map.registers if r.access != "r"]
    text = _TEMPLATE.format(
        top=TOP,
        name=top_name(register_map),
        inputs="".join(f",\n  input [{widths[n] - 1}:0] {n}" for n in names if n not in outputs),
        wires="".join(f"  wire [{widths[n] - 1}:0] {n};\n" for n in names if n in outputs),
        pins="".join(f", .{n}({n})" for n in names),
        source=source.axi,
        sink=sink.axi,
        offered=_wire(f"unit.{sink.name}__valid"),
        depth=axi_latency(register_map),
        declared="".join(f"  (* hierconn *) wire [{width - 1}:0] \\dut.{name} ;\n"
                         for name, width in _inner(register_map)),
        index=register_map.address_width - 3,
        registers="".join(_register(r) for r in writable) + _held(register_map),
        known=_any(f"word == {r.offset // 4}" for r in register_map.registers),
        accepted=_any(f"waddress == {r.offset // 4}" + ("" if r.access == "rw" else " && idle")
                      for r in writable),
        values="".join(f"      {r.offset // 4}: value = {_value(r)};\n"
                       for r in register_map.registers),
        checks="".join(f"  wire check_{c} = {value};\n" for c, (value, _) in checks.items()),
        all=" && ".join(f"check_{c}" for c in checks),
        outward=" && ".join(f"check_{c}" for c, (_, meaning) in checks.items()
                            if not meaning.startswith("invariant")),
    )
    return Harness(TOP, text, {name: meaning for name, (_, meaning) in checks.items()})


def _any(conditions: Iterator[str]) -> str:
    return " || ".join(f"({condition})" for condition in conditions) or "0"


def _register(r: Register) -> str:
    """A register of the model: reset value, bytes by strobes, bits that no field has are 0."""
    mask = sum((1 << bits.width) - 1 << bits.lsb for bits in r.bits)
    return (
        f"  reg [31:0] model_{r.name};\n"
        f"  always @(posedge clk)\n"
        f"    if (!aresetn) model_{r.name} <= {r.reset};\n"
        f"    else if (written && waddress == {r.offset // 4}"
        f"{'' if r.access == 'rw' else ' && idle'})\n"
        f"      model_{r.name} <= ((model_{r.name} & ~strobes) | (s_axi_wdata & strobes))"
        f" & 32'h{mask:x};\n"
    )


def _value(r: Register) -> str:
    if r.role is Role.STATUS:
        return "inside != 0"
    return f"32'h{r.reset:x}" if r.access == "r" else f"model_{r.name}"


def _inner(register_map: RegisterMap) -> Iterator[tuple[str, int]]:
    """Nets within the top that the checks read, and their widths."""
    instance = register_map.instance
    (source,), (sink,) = instance.sources, instance.sinks
    yield f"unit.{source.name}__valid", 1
    yield f"unit.{source.name}__ready", 1
    yield f"unit.{source.name}__payload", source.beat_bits + 1
    yield f"unit.{sink.name}__valid", 1
    yield f"unit.{sink.name}__ready", 1
    yield f"unit.{sink.name}__payload", sink.beat_bits + 1
    for field in instance.configuration:
        yield f"unit.{field.name}", field.width
    yield "enable", 1
    yield "registers.reading", 1
    yield "registers.read_word", register_map.address_width - 2
    yield "beats_inside", _count_bits(register_map)


def _count_bits(register_map: RegisterMap) -> int:
    return axi_latency(register_map).bit_length()


def _wire(name: str) -> str:
    return f"\\dut.{name} "


def _held(register_map: RegisterMap) -> str:
    """Wires with what the model's registers hold of each configuration input."""
    lines = []
    for field in register_map.instance.configuration:
        words = [f"model_{r.name}" for r in register_map.registers
                 if r.role is Role.CONFIGURATION and r.source == field.name]
        lines.append(
            f"  wire [{32 * len(words) - 1}:0] words_{field.name} = "
            f"{{{', '.join(reversed(words))}}};\n"
            f"  wire [{field.width - 1}:0] held_{field.name} = "
            f"words_{field.name}[{field.width - 1}:0];\n"
            f"  reg [{field.width - 1}:0] {field.name}_before;\n"
            f"  always @(posedge clk) {field.name}_before <= held_{field.name};\n"
        )
    return "".join(lines)


def _checks(register_map: RegisterMap) -> dict[str, tuple[str, str]]:
    instance = register_map.instance
    (source,), (sink,) = instance.sources, instance.sinks
    enters, leaves = f"unit.{source.name}__", f"unit.{sink.name}__"
    checks = {
        "together": (
            "s_axi_awready == s_axi_wready && (!s_axi_awready || (s_axi_awvalid && s_axi_wvalid))",
            "address and data of a write are taken together, and only when both are offered",
        ),
        "write_taken": (
            "!(aresetn && s_axi_awvalid && s_axi_wvalid) || s_axi_awready == !b_due",
            "a write is taken at once, unless the answer to the one before waits",
        ),
        "write_answered": (
            "s_axi_bvalid == (b_due && aresetn) && (!s_axi_bvalid || s_axi_bresp == b_expected)",
            "every write has one answer, which is right and stays until it is taken",
        ),
        "read_taken": (
            "s_axi_arready == (aresetn && s_axi_arvalid && !written && !reading && !r_due)",
            "a read is taken at once, unless a write is or the answer to the one before waits",
        ),
        "read_answered": (
            "s_axi_rvalid == (r_due && aresetn) && (!s_axi_rvalid || "
            "(s_axi_rdata == r_data && s_axi_rresp == r_response))",
            "every read has one answer, of the register map, which stays until it is taken",
        ),
        "silent": (
            f"aresetn || !(s_axi_awready || s_axi_arready || s_axi_bvalid || s_axi_rvalid || "
            f"{source.axi}_tready || {sink.axi}_tvalid)",
            "in reset nothing is taken and nothing is offered",
        ),
        "enters": (
            f"{_wire(enters + 'valid')} == ({source.axi}_tvalid && aresetn && model_CONTROL[0]) && "
            f"{source.axi}_tready == ({_wire(enters + 'ready')} && aresetn && model_CONTROL[0]) && "
            f"{_wire(enters + 'payload')} == "
            f"{{{source.axi}_tlast, {source.axi}_tdata[{source.beat_bits - 1}:0]}}",
            "beats go into the unit as they come, and only while enable is 1",
        ),
        "leaves": (
            f"{sink.axi}_tvalid == ({_wire(leaves + 'valid')} && aresetn) && "
            f"{_wire(leaves + 'ready')} == {sink.axi}_tready && "
            f"{sink.axi}_tlast == {_wire(leaves + 'payload')}[{sink.beat_bits}] && "
            f"{sink.axi}_tdata == {_wire(leaves + 'payload')}[{sink.beat_bits - 1}:0]",
            "beats come out as the unit gives them",
        ),
        "enable": (f"{_wire('enable')} == model_CONTROL[0]", "invariant: enable"),
        "inside": (f"{_wire('beats_inside')} == inside && inside <= {axi_latency(register_map)}",
                   "invariant: beats inside"),
        "reading": (f"{_wire('registers.reading')} == reading && (!reading || "
                    f"{_wire('registers.read_word')} == word)", "invariant: the read under way"),
    }
    for field in instance.configuration:
        checks[f"unit_{field.name}"] = (
            f"{_wire(f'unit.{field.name}')} == held_{field.name}",
            f"the unit gets {field.name} as it was written",
        )
        checks[f"steady_{field.name}"] = (
            f"!inside_before || held_{field.name} == {field.name}_before",
            f"{field.name} does not change while a beat is inside",
        )
    return checks


_TEMPLATE = """\
module {top}(
  input clk,
  input aresetn{inputs}
);
{wires}{declared}  {name} dut(.aclk(clk), .aresetn(aresetn){pins});

  // Beats inside, by what moves at the ports; the unit keeps to its contract.
  reg [7:0] inside;
  reg inside_before;
  wire taken = {source}_tvalid && {source}_tready;
  wire given = {sink}_tvalid && {sink}_tready;
  always @(posedge clk) begin
    inside <= aresetn ? inside + taken - given : 0;
    inside_before <= aresetn && inside + taken - given != 0;
  end

  // The registers: a write changes the bytes that its strobes select.
  wire written = s_axi_awvalid && s_axi_awready && s_axi_wvalid && s_axi_wready;
  wire [{index}:0] waddress = s_axi_awaddr >> 2;
  wire [31:0] strobes = {{{{8{{s_axi_wstrb[3]}}}}, {{8{{s_axi_wstrb[2]}}}},
                         {{8{{s_axi_wstrb[1]}}}}, {{8{{s_axi_wstrb[0]}}}}}};
  wire idle = !model_CONTROL[0] && inside == 0;
{registers}
  // The answers: one a request, due from the next cycle, of a read from the one after on.
  reg b_due, r_due, reading;
  reg [1:0] b_expected, r_response;
  reg [{index}:0] word;
  reg [31:0] r_data, value;
  always @* begin
    value = 0;
    case (word)
{values}      default: value = 0;
    endcase
  end
  always @(posedge clk) begin
    if (s_axi_bready) b_due <= 0;
    if (written) begin
      b_due <= 1;
      b_expected <= ({accepted}) ? 0 : 2;
    end
    reading <= s_axi_arvalid && s_axi_arready;
    if (s_axi_arready) word <= s_axi_araddr >> 2;
    if (s_axi_rready) r_due <= 0;
    if (reading) begin
      r_due <= 1;
      r_data <= value;
      r_response <= ({known}) ? 0 : 2;
    end
    if (!aresetn) begin
      b_due <= 0;
      r_due <= 0;
      reading <= 0;
    end
  end
{checks}
  // Nothing is known of any register until the first reset.
  reg reset_seen = 0;
  always @(posedge clk) if (!aresetn) reset_seen <= 1;
  always @* begin
    assume (!{offered}|| !reset_seen || inside != 0);
    assume (!taken || !reset_seen || inside < {depth} || given);
`ifdef OUTWARD
    assert (!reset_seen || ({outward}));
`else
    assert (!reset_seen || ({all}));
`endif
  end
endmodule
"""
