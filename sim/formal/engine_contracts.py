"""What is proved of the engine's queues, waits and errors."""

from collections.abc import Iterator

from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import NO_UNIT, WAITS, Unit
from vit2rtl.rtl.engine.faults import Faults
from vit2rtl.rtl.engine.queues import AHEAD, LAST, QUEUE, SHORT, InstructionQueues, Waits
from vit2rtl.rtl.stream.fifo import Fifo
from vit2rtl.sim.formal.engine import Proof

UNITS = [unit.name.lower() for unit in Unit]
COUNT = len(UNITS)
_FIFO = 4  # elements, and bits of one


def _inner(name: str, width: int) -> str:
    """A net within the component."""
    return f"  (* hierconn *) wire [{width - 1}:0] \\dut.{name} ;\n"


def _fifo(*, bounded: bool) -> Proof:
    body = f"""\
  wire i_ready, o_valid;
  wire [{_FIFO - 1}:0] o_payload;
  dut dut(.clk(clk), .rst(rst), .i__valid(i_valid), .i__ready(i_ready), .i__payload(i_payload),
    .o__valid(o_valid), .o__ready(o_ready), .o__payload(o_payload));
{_inner("waiting", _FIFO.bit_length())}
  wire taken = i_valid && i_ready, given = o_valid && o_ready;
  reg [7:0] inside, ahead;
  reg stalled, waited, watching;
  reg [{_FIFO - 1}:0] before, element;
  always @(posedge clk) begin
    stalled <= !rst && o_valid && !o_ready;
    waited <= !rst && \\dut.waiting != 0;
    before <= o_payload;
    inside <= rst ? 0 : inside + taken - given;
    // One element of the solver's choice, and those before it.
    if (given) ahead <= ahead - 1;
    if (given && watching && ahead == 0) watching <= 0;
    if (taken && watch && !watching) begin
      watching <= 1;
      ahead <= inside - given;
      element <= i_payload;
    end
    if (rst) watching <= 0;
  end
"""
    inputs = ("i_valid", f"[{_FIFO - 1}:0] i_payload", "o_ready", "watch")
    if bounded:
        return Proof(
            "Elements leave a queue in the order in which they came", lambda: Fifo(_FIFO, _FIFO),
            inputs, body,
            ("!(watching && o_valid && ahead == 0) || o_payload == element",
             "!stalled || o_payload == before"),
            cycles=10)
    return Proof(
        "A queue holds what it took and has not given; it takes while a place is free, gives in "
        "the cycle after next, and what it offers stays", lambda: Fifo(_FIFO, _FIFO),
        inputs, body,
        (f"inside == \\dut.waiting + o_valid && \\dut.waiting <= {_FIFO}",
         f"i_ready == (\\dut.waiting != {_FIFO})", "!waited || o_valid", "!stalled || o_valid"))


def _accounts() -> Proof:
    bits = QUEUE.bit_length() - 1
    ports = "".join(f", .count__{n}(16'd0), .{unit}__valid(valid[{n}]), .{unit}__ready(ready[{n}])"
                    for n, unit in enumerate(UNITS))
    body = f"""\
  wire [{COUNT - 1}:0] valid, full;
  dut dut(.clk(clk), .rst(rst), .write(write), .unit(unit), .part(part), .word(word),
    .commit(commit), .done(done), .stop(stop), .full(full){ports});
{_inner("step", 3)}{_inner("fetched", 3)}"""
    claimed = [f"\\dut.step <= {LAST}"]
    for n, unit in enumerate(UNITS):
        body += "".join(_inner(f"{name}_{unit}", width)
                        for name, width in (
                            ("first", bits), ("last", bits), ("head", 1), ("begins", 1)))
        body += f"""\
  reg [15:0] committed_{n}, taken_{n};
  wire [15:0] inside_{n} = committed_{n} - taken_{n};
  wire [{bits - 1}:0] queued_{n} = \\dut.last_{unit} - \\dut.first_{unit} ;
  always @(posedge clk) begin
    committed_{n} <= rst ? 0 : committed_{n} + commit[{n}];
    taken_{n} <= rst ? 0 : taken_{n} + (valid[{n}] && ready[{n}]);
  end
"""
        claimed += [
            f"inside_{n} == queued_{n} + \\dut.head_{unit} && inside_{n} <= {QUEUE}",
            f"full[{n}] == (queued_{n} == {QUEUE - 1})",
            f"!valid[{n}] || (inside_{n} != 0 && !stop)",
            f"!\\dut.begins_{unit} || \\dut.head_{unit} ",
            f"\\dut.step == 0 || \\dut.fetched != {n} || "
            f"(queued_{n} != 0 && !\\dut.head_{unit} )",
        ]
    claimed.append(f"\\dut.step == 0 || \\dut.fetched < {COUNT}")
    return Proof(
        "No queue of instructions overflows, none is offered that was not committed, and each "
        "once", InstructionQueues,
        ("write", "[2:0] unit", "[1:0] part", "[63:0] word", f"[{COUNT - 1}:0] commit",
         f"[{COUNT - 1}:0] done", f"[{COUNT - 1}:0] ready", "stop"),
        body, tuple(claimed), ("(commit & (commit - 1)) == 0", "(commit & full) == 0"))


def _waits() -> Proof:
    """Of each wait: what it was loaded with, and how many of its unit have been done since."""
    body = """\
  wire met;
  dut dut(.clk(clk), .rst(rst), .load(load), .unit(unit), .missing(missing), .done(done),
    .met(met));
"""
    claimed, assumed = [], []
    for n in range(WAITS):
        body += _inner(f"ahead_{n}", AHEAD) + _inner(f"unit_{n}", 3) + f"""\
  reg [2:0] of_{n};
  reg signed [15:0] short_{n};
  always @(posedge clk) begin
    short_{n} <= short_{n} - (of_{n} < {COUNT} && done[of_{n}]);
    if (load[{n}]) begin
      of_{n} <= unit;
      short_{n} <= {{10'd0, missing}};
    end
    if (rst) short_{n} <= 0;
  end
"""
        claimed += [f"\\dut.ahead_{n} == (short_{n} > 0 ? short_{n} : 0)",
                    f"short_{n} <= 0 || \\dut.unit_{n} == of_{n}"]
        assumed.append(f"short_{n} > -16384")
    met = " && ".join(f"short_{n} <= 0" for n in range(WAITS))
    return Proof(
        "Waits are met from the cycle on in which all that they are for is done, and not before",
        Waits, (f"[{WAITS - 1}:0] load", "[2:0] unit", f"[{AHEAD - 1}:0] missing",
                f"[{COUNT - 1}:0] done"),
        body, (f"met == ({met})", *claimed),
        (*assumed, f"load == 0 || unit < {COUNT} || missing == 0"))


def _starts(unit: Unit) -> Proof:
    """The control word that is fetched last, and what its waits are short of since.

    Of what is done, ``early`` is what a difference in its register knows, ``late`` what waits do.
    """
    name = unit.name.lower()
    ports = "".join(f", .count__{n}(total_{n}), .{other}__valid(valid[{n}]), "
                    f".{other}__ready(ready[{n}])" for n, other in enumerate(UNITS))
    early = late = "16'd0"
    for n in reversed(range(COUNT)):
        early = f"of_N == {n} ? early_{n} : {early}"
        late = f"of_N == {n} ? late_{n} : {late}"
    body = f"""\
  wire [{COUNT - 1}:0] valid;
  reg [15:0] {', '.join(f'total_{n}, early_{n}, late_{n}' for n in range(COUNT))};
  dut dut(.clk(clk), .rst(rst), .write(write), .unit(unit), .part(part), .word(word),
    .commit(commit), .done(done), .stop(stop){ports});
{_inner("step", 3)}{_inner("fetched", 3)}{_inner("control", 4 + 19 * WAITS)}\
{_inner(f"head_{name}", 1)}{_inner(f"begins_{name}", 1)}\
{_inner("done_1", COUNT)}{_inner(f"waits_{name}.done", COUNT)}\
{_inner("wait_of_step", 19)}{_inner("short", 16)}{_inner(f"waits_{name}.unit", 3)}\
  wire fetches = \\dut.step != 0 && \\dut.fetched == {unit.value};
"""
    body += "".join(
        f"  always @(posedge clk) begin\n"
        f"    total_{n} <= rst ? 0 : total_{n} + done[{n}];\n"
        f"    early_{n} <= rst ? 0 : total_{n};\n"
        f"    late_{n} <= rst ? 0 : early_{n};\n"
        f"  end\n"
        for n in range(COUNT))
    claimed, assumed = [f"\\dut.step <= {LAST}", f"!fetches || !\\dut.head_{name} "], []
    claimed += [f"total_{n} == early_{n} + \\dut.done_1 [{n}] && "
                f"early_{n} == late_{n} + \\dut.waits_{name}.done [{n}]" for n in range(COUNT)]
    for n in range(WAITS):
        body += (_inner(f"waits_{name}.ahead_{n}", AHEAD) + _inner(f"waits_{name}.unit_{n}", 3)
                 + f"""\
  reg [2:0] of_{n};
  reg [15:0] target_{n};
  reg loaded_{n};
  wire [2:0] asks_{n} = \\dut.control [{4 + 19 * n} +: 3];
  wire signed [15:0] short_{n} = of_{n} > 5 ? 16'd0 : target_{n} - ({late.replace("_N", f"_{n}")});
  wire signed [15:0] lacks_{n} =
    \\dut.control [{7 + 19 * n} +: 16] - ({early.replace("of_N", f"asks_{n}")});
  always @(posedge clk) begin
    if (fetches && \\dut.step == 1) loaded_{n} <= 0;
    if (fetches && \\dut.step == {n + SHORT}) begin
      loaded_{n} <= 1;
      of_{n} <= asks_{n};
      target_{n} <= \\dut.control [{7 + 19 * n} +: 16];
    end
    if (rst) loaded_{n} <= 0;
  end
""")
        ahead, waited = f"\\dut.waits_{name}.ahead_{n} ", f"\\dut.waits_{name}.unit_{n} "
        claimed += [
            f"!loaded_{n} || {ahead} == (short_{n} > 0 ? short_{n} : 0)",
            f"!loaded_{n} || short_{n} <= 0 || {waited} == of_{n}",
            f"loaded_{n} || !\\dut.head_{name} ",
            f"!fetches || \\dut.step <= {n + SHORT} || loaded_{n}",
            f"!fetches || \\dut.step != {n + SHORT - 1} || "
            f"\\dut.wait_of_step == \\dut.control [{4 + 19 * n} +: 19]",
            f"!fetches || \\dut.step != {n + SHORT} || (\\dut.waits_{name}.unit == asks_{n} && "
            f"(asks_{n} > 5 || \\dut.short == lacks_{n}))",
        ]
        assumed += [f"!loaded_{n} || short_{n} > -16384",
                    f"!fetches || (lacks_{n} > -16384 && lacks_{n} < {1 << AHEAD})"]
    met = " && ".join(f"short_{n} <= 0" for n in range(WAITS))
    body += f"""\
  reg due;
  always @(posedge clk)
    due <= !rst && \\dut.head_{name} && {met} && !(valid[{unit.value}] && ready[{unit.value}]);
"""
    return Proof(
        f"{name.capitalize()}'s next instruction is offered exactly from the cycle after its waits "
        "are met",
        InstructionQueues,
        ("write", "[2:0] unit", "[1:0] part", "[63:0] word", f"[{COUNT - 1}:0] commit",
         f"[{COUNT - 1}:0] done", f"[{COUNT - 1}:0] ready", "stop"),
        body,
        (f"valid[{unit.value}] == (due && !stop)",
         f"\\dut.begins_{name} == due && (!due || (\\dut.head_{name} && {met}))", *claimed),
        tuple(assumed))


def _errors() -> Proof:
    first = f"{{4'd{Error.NONE}, 3'd{NO_UNIT}, 16'd0}}"
    found = f"watchdog ? {{4'd{Error.WATCHDOG}, 3'd{NO_UNIT}, 16'd0}} : {first}"
    for n in reversed(range(COUNT)):
        found = (f"(units_{n} != 0 || beyond[{n}]) ? "
                 f"{{units_{n} != 0 ? units_{n} : 4'd{Error.ADDRESS}, 3'd{n}, count_{n}}} :\n"
                 f"      {found}")
    ports = "".join(f", .units__{n}(units_{n}), .count__{n}(count_{n})" for n in range(COUNT))
    body = f"""\
  wire [3:0] error;
  wire [2:0] unit;
  wire [15:0] number;
  wire stop;
  dut dut(.clk(clk), .rst(rst), .decoder(decoder), .decoder_unit(decoder_unit),
    .decoder_number(decoder_number), .beyond(beyond), .watchdog(watchdog){ports},
    .error(error), .unit(unit), .number(number), .stop(stop));
  wire [22:0] found = decoder != 0 ? {{decoder, decoder_unit, decoder_number}} :
      {found};
  reg [22:0] kept;
  always @(posedge clk)
    if (rst) kept <= {first};
    else if (kept[22:19] == 0) kept <= found;
"""
    return Proof(
        "The first error stays until reset, with its unit and number, and stops the engine",
        Faults,
        ("[3:0] decoder", "[2:0] decoder_unit", "[15:0] decoder_number",
         f"[{COUNT - 1}:0] beyond", "watchdog",
         *(f"[3:0] units_{n}" for n in range(COUNT)),
         *(f"[15:0] count_{n}" for n in range(COUNT))),
        body, ("{error, unit, number} == kept", "stop == (error != 0)"))


def contracts() -> Iterator[tuple[str, Proof]]:
    """Name and proof of each."""
    yield "fifo", _fifo(bounded=False)
    yield "fifo_order", _fifo(bounded=True)
    yield "queues", _accounts()
    yield "waits", _waits()
    for unit in Unit:
        yield f"starts_{unit.name.lower()}", _starts(unit)
    yield "errors", _errors()
