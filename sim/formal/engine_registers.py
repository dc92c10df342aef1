"""What is proved of the engine's AXI4-Lite registers: a naive model of bus and map beside them.

Of the engine behind them nothing is known: its flags, counts and errors are the solver's choice.
"""

from collections.abc import Iterable, Iterator

from vit2rtl.golden.engine.configuration import SMALL
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.counters import KINDS
from vit2rtl.rtl.engine.register_map import ADDRESS_WIDTH, register_map
from vit2rtl.rtl.engine.registers import ControlRegisters
from vit2rtl.rtl.packaging.register_map import Register
from vit2rtl.sim.formal.engine import Proof

UNITS = [unit.name.lower() for unit in Unit]
COUNTED = [f"{kind}_{unit}" for kind in KINDS for unit in UNITS]
COUNTS = [f"{kind}_{unit}" for kind in ("issued", "done") for unit in UNITS]
# Declaration of what software and the engine drive; of each the name is the port's.
INPUTS = (
    f"[{ADDRESS_WIDTH - 1}:0] s_axi_awaddr", "s_axi_awvalid", "[31:0] s_axi_wdata",
    "[3:0] s_axi_wstrb", "s_axi_wvalid", "s_axi_bready", f"[{ADDRESS_WIDTH - 1}:0] s_axi_araddr",
    "s_axi_arvalid", "s_axi_rready", "busy", "ends", "[3:0] error", "[2:0] unit", "[15:0] number",
    "[31:0] images", "[31:0] cycles", f"[{(len(COUNTED) - 1).bit_length() - 1}:0] turn",
    "[31:0] total", *(f"[15:0] {name}" for name in COUNTS),
)
OUTPUTS = (
    "s_axi_awready", "s_axi_wready", "[1:0] s_axi_bresp", "s_axi_bvalid", "s_axi_arready",
    "[31:0] s_axi_rdata", "[1:0] s_axi_rresp", "s_axi_rvalid", "run", "soft_reset",
    "[31:0] limit", "irq",
)
INNER = ("[1:0] control", "[1:0] interrupt", "stopped", "reading",
         f"[{ADDRESS_WIDTH - 3}:0] read_word")
# What the sources of registers that are read show, as the map's summaries say.
_VALUES = {
    "control": "model_control",
    "status": "{error != 0, busy}",
    "interrupt": "model_interrupt",
    "error": "(number << 16) | (unit << 4) | error",
    "watchdog": "model_watchdog",
    "images": "images",
    "cycles": "cycles",
    **dict.fromkeys(COUNTED, "total"),
    **{name: name for name in COUNTS},
}

_HANDSHAKES = (
    # A write: address and data together, at once unless the answer before waits.
    "s_axi_awready == s_axi_wready",
    "s_axi_awready == (s_axi_awvalid && s_axi_wvalid && !b_due)",
    # Its answer: one for each, and it stays until it is taken.
    "s_axi_bvalid == b_due",
    "!b_stalled || (s_axi_bvalid && s_axi_bresp == b_before)",
    # A read: one at a time, a write goes first.
    "s_axi_arready == (s_axi_arvalid && !written && !asked && !r_due)",
    "s_axi_rvalid == r_due && !(r_due && asked)",
    "!r_stalled || (s_axi_rvalid && {s_axi_rresp, s_axi_rdata} == r_before)",
    "\\dut.reading == asked && (!asked || \\dut.read_word == word)",
)
_EFFECTS = (
    "run == model_control[0]",
    "limit == model_watchdog",
    "irq == (model_control[1] && model_interrupt != 0)",
    "soft_reset == model_soft_reset",
    "\\dut.control == model_control && \\dut.interrupt == model_interrupt",
    "\\dut.stopped == model_stopped",
    "!b_due || s_axi_bresp == b_expected",
)
_ANSWERS = ("!r_due || {s_axi_rresp, s_axi_rdata} == r_expected",)

_BODY = """\
{wires}  dut dut(.clk(clk), .rst(rst){pins});
{inner}
  wire written = s_axi_awvalid && s_axi_awready && s_axi_wvalid && s_axi_wready;
  wire [{index}:0] place = s_axi_awaddr >> 2;
  wire [31:0] bytes = {{{{8{{s_axi_wstrb[3]}}}}, {{8{{s_axi_wstrb[2]}}}},
                       {{8{{s_axi_wstrb[1]}}}}, {{8{{s_axi_wstrb[0]}}}}}};

  // Registers: a write changes the bytes that its strobes select.
  wire [31:0] sets = written ? s_axi_wdata & bytes : 0;
  reg [1:0] model_control, model_interrupt;
  reg [31:0] model_watchdog;
  reg model_soft_reset, model_stopped;
  always @(posedge clk) begin
    if (written && place == {CONTROL})
      model_control <= (model_control & ~bytes) | sets;
    if (written && place == {WATCHDOG})
      model_watchdog <= (model_watchdog & ~bytes) | sets;
    model_soft_reset <= place == {CONTROL} && sets[2];
    // An event is not lost to the write that clears an earlier one.
    model_interrupt <= (model_interrupt & ~(place == {INTERRUPT} ? sets[1:0] : 2'd0))
      | {{error != 0 && !model_stopped, ends}};
    model_stopped <= error != 0;
    if (rst || model_soft_reset) begin
      model_interrupt <= 0;
      model_stopped <= 0;
    end
    if (rst) begin
      model_control <= 0;
      model_soft_reset <= 0;
      model_watchdog <= {limit};
    end
  end

  // Answers: of a write from the next cycle on, of a read from the one after its word is there.
  reg b_due, r_due, asked, b_stalled, r_stalled;
  reg [1:0] b_expected, b_before;
  reg [{index}:0] word;
  reg [31:0] value;
  reg [33:0] r_expected, r_before;
  reg known, there;
  always @* begin
    known = 1;
    there = 1;
    value = 0;
    case (word)
{values}      default: known = 0;
    endcase
  end
  always @(posedge clk) begin
    if (s_axi_bready) b_due <= 0;
    if (written) begin
      b_due <= 1;
      b_expected <= ({writable}) ? 0 : 2;
    end
    if (s_axi_rready) r_due <= 0;
    if (asked && there) begin
      asked <= 0;
      r_due <= 1;
      r_expected <= {{known ? 2'd0 : 2'd2, value}};
    end
    if (s_axi_arvalid && s_axi_arready) begin
      asked <= 1;
      word <= s_axi_araddr >> 2;
    end
    b_stalled <= !rst && s_axi_bvalid && !s_axi_bready;
    r_stalled <= !rst && s_axi_rvalid && !s_axi_rready;
    b_before <= s_axi_bresp;
    r_before <= {{s_axi_rresp, s_axi_rdata}};
    if (rst) begin
      b_due <= 0;
      r_due <= 0;
      asked <= 0;
    end
  end
"""


def _names(declarations: Iterable[str]) -> list[str]:
    return [declaration.split()[-1] for declaration in declarations]


def _entry(register: Register) -> str:
    """What the model reads: the reset value, or what the register's source shows."""
    value = _VALUES[register.source] if register.source else f"32'h{register.reset:x}"
    there = ""
    if register.source in COUNTED:
        there = f" there = turn == {COUNTED.index(register.source)};"
    return f"      {register.offset // 4}: begin value = {value};{there} end\n"


def _body() -> str:
    registers = {register.name: register for register in register_map(SMALL)}
    places = {name: register.offset // 4 for name, register in registers.items()}
    writable = [name for name, register in registers.items() if register.access != "r"]
    return _BODY.format(
        wires="".join(f"  wire {declaration};\n" for declaration in OUTPUTS),
        pins="".join(f",\n    .{name}({name})" for name in _names((*INPUTS, *OUTPUTS))),
        inner="".join(f"  (* hierconn *) wire {width}\\dut.{name} ;\n"
                      for width, _, name in (one.rpartition(" ") for one in INNER)),
        index=ADDRESS_WIDTH - 3,
        limit=registers["WATCHDOG"].reset,
        values="".join(map(_entry, registers.values())),
        writable=" || ".join(f"place == {places[name]}" for name in writable),
        **{name: places[name] for name in writable},
    )


def contracts() -> Iterator[tuple[str, Proof]]:
    """Name and proof of each."""
    for name, claim, claimed in (
        ("registers_handshakes",
         "Each write and each read of a register is taken once and answered once; an answer is "
         "never without a request and stays until it is taken", _HANDSHAKES),
        ("registers_effects",
         "A write changes the bytes that its strobes select, of registers that can be written, and "
         "is answered so; run, soft reset, the watchdog's limit and interrupts follow", _EFFECTS),
        ("registers_answers",
         "A read gives what the register map says, and an error where it has no register",
         (*_HANDSHAKES, *_EFFECTS, *_ANSWERS)),
    ):
        yield name, Proof(claim, lambda: ControlRegisters(SMALL), INPUTS, _body(), claimed)
