"""Units that hold something over a row: contract and function for so many cycles from reset.

Beside the AXI4-Stream top runs the naive model of the unit's face, a beat at a time. What it says
is due waits in a queue for each stream that the unit gives, and the unit must offer just that, in
order, and keep it until it is taken. Traffic, stalls, resets and configuration are the solver's.
Memories that say so never read a row while they write it.

Of a unit whose function is more than a solver can look at, this is done for the contract alone:
what comes when, with which ``last``. Values are not compared, and what only makes them is left out.
"""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.rtl.verilog import yosys
from vit2rtl.sim.formal import collisions
from vit2rtl.sim.formal.harness import pins, ports
from vit2rtl.sim.mutation.assumptions import environment
from vit2rtl.sim.units import FACES

TOP = "bounded"
# Results that may wait: a unit that holds more of them does not fit the queue and fails.
QUEUE = 16

_SCRIPT = """
read_verilog {sources}
read_verilog -sv -formal harness.v
hierarchy -check -top {top}
proc
flatten
opt_dff
opt_clean
memory -nomap
{collisions}
{cut}
memory_map
opt -full
async2sync
dffunmap
opt -full
sat -set-assumes -prove-asserts -tempinduct -tempinduct-baseonly -maxsteps {steps} {shown} {top}
"""
# Values that are not compared are needed until the memories' promise stands beside them.
_SEEN = "seen"
_CUT = f"delete -output {TOP}/w:*_{_SEEN}\nopt_clean"
_SHOWN = "-show-public -dump_vcd trace.vcd"
_REACHED = "Reached maximum number of time steps"


def prove(
    instance: Instance, verilog: Mapping[str, str], folder: Path, *, cycles: int, timeout: int,
    contract: bool = False,
) -> tuple[str, str, dict[str, str], float]:
    """(``bounded``, ``failed`` or ``open``; log; checks and their meanings; seconds).

    contract   values are not compared
    """
    start = time.monotonic()
    text, checks = harness(instance, contract=contract)
    script = _SCRIPT.format(
        sources=" ".join(name for name in verilog if name.endswith(".v")),
        collisions=collisions.MAP, top=TOP, steps=cycles, shown=_SHOWN,
        cut=_CUT if contract else "",
    )
    files = {**verilog, "harness.v": text, collisions.FILE: collisions.TEXT, "prove.ys": script}
    try:
        log = yosys.run(script, folder, files=files, timeout=timeout)
    except yosys.YosysTimeout:
        log = "Interrupted\n"
    (folder / "prove.log").write_text(log, encoding="utf-8")
    status = "failed" if "FAIL!" in log else "bounded" if _REACHED in log else "open"
    return status, log, checks, round(time.monotonic() - start, 2)


def harness(instance: Instance, *, contract: bool = False) -> tuple[str, dict[str, str]]:
    """Verilog of the modules ``bounded``, ``model`` and ``environment``; the checks' meanings."""
    checks: dict[str, tuple[str, str]] = {}
    for s in instance.sinks:
        checks |= _sink_checks(s, contract)
    for s in instance.streams:
        if s.enters:
            refused = f"aresetn || !{s.axi}_tready", f"{s.axi} takes nothing in reset"
            checks[f"{s.name}_reset"] = refused
    text = _TEMPLATE.format(
        top=TOP,
        name=instance.name,
        inputs="".join(_inputs(s, contract) for s in instance.streams)
        + ports(instance.configuration),
        wires="".join(_wires(s, contract) for s in instance.streams),
        pins="".join(_pins(s) for s in instance.streams) + pins(instance.configuration),
        model="".join(model_pins(s) for s in instance.streams) + pins(instance.configuration),
        queues="".join(queue(s, contract) for s in instance.sinks),
        steady=_steady(instance) + "".join(_table(s) for s in instance.tables),
        alone=" && ".join(_alone(instance)) or "1",
        environment=", ".join(
            [".assumed(assumed)", ".aclk(clk)", ".aresetn(aresetn)",
             *(f".{port}({port})" for s in instance.streams for port in _driven(s)),
             *(f".{f.name}({f.name})" for f in instance.configuration)]
        ),
        checks="".join(f"  wire check_{c} = {value};\n" for c, (value, _) in checks.items()),
        all=" && ".join(f"check_{c}" for c in checks),
    )
    meanings = {check: meaning for check, (_, meaning) in checks.items()}
    return "\n".join([text, model(instance, contract=contract), environment(instance)]), meanings


def model(instance: Instance, *, contract: bool = False) -> str:
    """Verilog of the module ``model``; ValueError, in one sentence, for a unit without."""
    face, name = FACES[instance.unit.name], instance.unit.name
    chosen = face.contract if contract else face.model
    if chosen is None:
        what = "contract" if contract else "model"
        raise ValueError(f"Unit {name} has no {what} of its rows: add it to FACE in {name}.py")
    return chosen(instance)


def _sink_checks(s: Stream, contract: bool) -> dict[str, tuple[str, str]]:
    offered, valid, top = f"{s.name}_offered", f"{s.axi}_tvalid", 0 if contract else s.beat_bits
    return {
        f"{s.name}_silent": (f"aresetn || !{valid}", f"{s.axi} offers nothing in reset"),
        f"{s.name}_invented": (f"!{valid} || {s.name}_count != 0", "no result before it is due"),
        f"{s.name}_value": (
            f"!{valid} || {s.name}_count == 0 || {offered} == {s.name}_queue[{top}:0]",
            f"{s.axi} offers what is due, its last with it",
        ),
        f"{s.name}_kept": (
            f"!{s.name}_stalled || !aresetn || ({valid} && {offered} == {s.name}_before)",
            f"what {s.axi} offers stays until it is taken",
        ),
        f"{s.name}_room": (f"{s.name}_count < {QUEUE}", "results do not pile up"),
    }


def _driven(s: Stream) -> list[str]:
    names = ("tdata", "tvalid", "tlast") if s.enters else ("tready",)
    return [f"{s.axi}_{name}" for name in names]


def _inputs(s: Stream, contract: bool) -> str:
    if not s.enters:
        seen = f", output [{s.tdata_width - 1}:0] {s.name}_{_SEEN}" if contract else ""
        return f",\n  input {s.axi}_tready{seen}"
    data = f"input [{s.tdata_width - 1}:0] {s.axi}_tdata"
    return f",\n  {data}, input {s.axi}_tvalid, input {s.axi}_tlast"


def _wires(s: Stream, contract: bool) -> str:
    """Of a beat that leaves nothing is looked at but its last, where the contract is all."""
    top = s.beat_bits
    offered = f"[{top}:0] {s.name}_offered = {{{s.axi}_tlast, {s.axi}_tdata[{top - 1}:0]}}"
    if contract:
        offered = f"{s.name}_offered = {s.axi}_tlast"
    if s.enters:
        return (
            f"  wire {s.axi}_tready;\n"
            f"  wire {s.name}_taken = aresetn && {s.axi}_tvalid && {s.axi}_tready;\n"
            f"  wire [{top}:0] {s.name}_beat = {{{s.axi}_tlast, {s.axi}_tdata[{top - 1}:0]}};\n"
        )
    return (
        f"  wire {s.axi}_tvalid, {s.axi}_tlast;\n"
        f"  wire [{s.tdata_width - 1}:0] {s.axi}_tdata;\n"
        f"  wire {offered};\n"
        + (f"  assign {s.name}_{_SEEN} = {s.axi}_tdata;\n" if contract else "")
        + f"  wire {s.name}_given = aresetn && {s.axi}_tvalid && {s.axi}_tready;\n"
        f"  wire {s.name}_due;\n  wire [{top}:0] {s.name}_beat;\n"
    )


def _pins(s: Stream) -> str:
    names = ("tdata", "tvalid", "tready", "tlast")
    return "".join(f",\n    .{s.axi}_{name}({s.axi}_{name})" for name in names)


def model_pins(s: Stream) -> str:
    """Connections of the model with the wires of a stream."""
    event = "taken" if s.enters else "due"
    return f", .{s.name}_{event}({s.name}_{event}), .{s.name}({s.name}_beat)"


def queue(s: Stream, contract: bool = False) -> str:
    """A shift register: what is given leaves at the bottom, what is due comes in above the rest."""
    name = s.name
    width, beat = s.beat_bits + 1, f"{name}_beat"
    if contract:
        width, beat = 1, f"{name}_beat[{s.beat_bits}]"
    return f"""\
  reg [{QUEUE * width - 1}:0] {name}_queue;
  reg [4:0] {name}_count;
  reg {name}_stalled;
  reg [{width - 1}:0] {name}_before;
  wire [4:0] {name}_left = {name}_count - {name}_given;
  wire [{QUEUE * width - 1}:0] {name}_shifted =
    {name}_given ? {name}_queue >> {width} : {name}_queue;
  always @(posedge clk) begin
    {name}_stalled <= aresetn && {s.axi}_tvalid && !{s.axi}_tready;
    {name}_before <= {name}_offered;
    {name}_count <= aresetn ? {name}_left + {name}_due : 0;
    {name}_queue <= {name}_shifted;
    if ({name}_due) {name}_queue[{name}_left * {width} +: {width}] <= {beat};
  end
"""


def _steady(instance: Instance) -> str:
    """Configuration is set while nothing is inside; here, once."""
    return "".join(
        f"  reg [{f.width - 1}:0] {f.name}_before;\n"
        f"  always @(posedge clk) {f.name}_before <= {f.name};\n"
        f"  always @* assume (!reset_seen || {f.name} == {f.name}_before);\n"
        for f in instance.configuration
    )


def _table(s: Stream) -> str:
    """Where the next entry goes, and whether all have come since the last reset."""
    return f"""\
  reg [31:0] {s.name}_place;
  reg {s.name}_complete;
  always @(posedge clk)
    if (!aresetn) begin
      {s.name}_place <= 0;
      {s.name}_complete <= 0;
    end else if ({s.name}_taken) begin
      {s.name}_place <= {s.axi}_tlast ? 0 : {s.name}_place + 1;
      {s.name}_complete <= {s.axi}_tlast;
    end
  always @* assume (!reset_seen || {s.axi}_tlast == ({s.name}_place == {s.beats(s.entries) - 1}));
"""


def _alone(instance: Instance) -> Iterable[str]:
    """Tables are sent, whole, while nothing is inside and nothing else comes."""
    busy = [f"{s.name}_count != 0" for s in instance.sinks]
    busy += [f"{s.axi}_tvalid" for s in instance.sources]
    for table in instance.tables:
        yield f"!({table.axi}_tvalid && ({' || '.join(busy)}))"
        for source in instance.sources:
            yield f"({table.name}_complete || !aresetn || !{source.axi}_tvalid)"


_TEMPLATE = """\
module {top}(
  input clk,
  input aresetn{inputs}
);
{wires}  {name}_axis dut(
    .aclk(clk), .aresetn(aresetn){pins}
  );
  model model(.clk(clk), .aresetn(aresetn){model});

{queues}
  // Nothing is known of any register until the first reset.
  reg reset_seen = 0;
  always @(posedge clk) if (!aresetn) reset_seen <= 1;
{steady}  wire assumed;
  environment environment({environment});
{checks}
  always @* begin
    assume (assumed);
    assume (reset_seen || !aresetn);
    assume ({alone});
    assert (!reset_seen || ({all}));
  end
endmodule
"""
