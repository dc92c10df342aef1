"""Golden against Verilog without a solver, for units over rows: the naive model, and every row."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.units.directed import directed_records
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.golden.vectors.bundle import BundleWriter, read_bundle
from vit2rtl.rtl import verilog
from vit2rtl.rtl.verilog.describe import axi_ports
from vit2rtl.sim.formal import bounded
from vit2rtl.sim.formal.harness import pins
from vit2rtl.sim.run import replay
from vit2rtl.sim.run.bench import Bench
from vit2rtl.sim.tools import builds
from vit2rtl.sim.tools.simulators import find
from vit2rtl.sim.units import FACES

Record = Mapping[str, Any]


def check_model(instance: Instance, folder: Path, *, seed: int = 0) -> tuple[int, str]:
    """Whether the naive model equals golden: ``(elements, first difference or "")``.

    It is replayed in place of the unit, on the directed records and on as many of the same shapes
    with random numbers of the domain.
    """
    rng = np.random.default_rng(seed)
    directed = directed_records(instance)
    filled = (_filled(instance, record, rng) for record in directed)
    records = [*directed, *(record for record in filled if record is not None)]
    return _replayed(instance, records, {f"{instance.name}_axis.v": _top(instance)}, folder)


def check_every_row(
    instance: Instance,
    columns: Sequence[int],
    configurations: Sequence[Mapping[str, Any]],
    folder: Path,
    *,
    sources: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Whether the unit's Verilog equals golden on every row of these lengths: like the above.

    configurations  settings, tables among them, each met by every row
    """
    records = [
        _record(f"rows_of_{length}.{number}", instance, _every(instance, length), settings)
        for length in columns
        for number, settings in enumerate(configurations)
    ]
    return _replayed(instance, records, sources or verilog.convert(instance), folder)


def _filled(
    instance: Instance, record: Record, rng: np.random.Generator
) -> dict[str, Any] | None:
    """The record with numbers of its fields' ranges; none where these are outside the domain.

    Its shape stays, and so do the settings that say which.
    """

    def random(name: str, like: Any) -> Any:
        low, high = instance.fields[name].range
        if instance.fields[name].shape:
            return like
        return rng.integers(low, high, np.shape(like), endpoint=True)

    inputs = {name: random(name, values) for name, values in record["inputs"].items()}
    settings = {name: random(name, value) for name, value in record["configuration"].items()}
    if not all(limit.holds({**inputs, **settings}).all() for limit in instance.domain):
        return None
    return _record(f"random.{record['record']}", instance, inputs, settings)


def _every(instance: Instance, length: int) -> dict[str, np.ndarray]:
    """int[rows, length] a field: each element takes every value beside every other's."""
    spaces = [range(f.range[0], f.range[1] + 1) for f in instance.inputs for _ in range(length)]
    table = np.array(list(product(*spaces)), dtype=np.int64)
    return {
        f.name: table[:, n * length : (n + 1) * length] for n, f in enumerate(instance.inputs)
    }


def _record(
    name: str, instance: Instance, inputs: Mapping[str, np.ndarray], settings: Mapping[str, Any]
) -> dict[str, Any]:
    settings = {
        key: np.asarray(value) if np.ndim(value) else int(value) for key, value in settings.items()
    }
    return {
        "record": name,
        "layer": name,
        "kind": "directed",
        "inputs": inputs,
        "outputs": instance.evaluate(inputs, settings),
        "configuration": settings,
    }


def _replayed(
    instance: Instance, records: Sequence[Record], sources: Mapping[str, str], folder: Path
) -> tuple[int, str]:
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / "vectors"
    with BundleWriter(bundle, {"records": "of a proof"}) as writer:
        for record in records:
            writer.add(instance, **record)
    (entry,) = read_bundle(bundle).entries
    tool = find("icarus")
    bench = {"replay.sv": Path(entry.bench).read_text(encoding="utf-8")}
    top = f"{instance.name}_replay"
    build = builds.build(tool, {**sources, **bench}, top, kind=builds.REPLAY)
    result = replay.run(Bench(entry, tool, build, folder), bundle)
    difference = result.error or next(map(str, result.details), "")
    return sum(record.elements for record in entry.records), difference


def _top(instance: Instance) -> str:
    """The model as an AXI4-Stream top, with room for what is due."""
    room = " && ".join(f"{s.name}_count < {bounded.QUEUE - 1}" for s in instance.sinks)
    ports = ",\n  ".join(
        f"{port['direction']} [{port['width'] - 1}:0] {port['name']}"
        for port in axi_ports(instance)
    )
    waits = FACES[instance.unit.name].waits
    model = "".join(bounded.model_pins(s) for s in instance.streams)
    model += "".join(f", .{name}_open({name}_open)" for name in waits)
    return _TOP.format(
        name=instance.name,
        ports=ports,
        assigned="".join(
            _assigned(s, f"{room} && {s.name}_open" if s.name in waits else room)
            for s in instance.streams
        ),
        wires="".join(f"  wire {name}_open;\n" for name in waits)
        + "".join(map(_wires, instance.streams)),
        pins=f"{model}{pins(instance.configuration)}",
        queues="".join(bounded.queue(s) for s in instance.sinks),
        model=bounded.model(instance),
    )


def _wires(s: Stream) -> str:
    top = s.beat_bits
    if s.enters:
        return (
            f"  wire {s.name}_taken = {s.axi}_tvalid && {s.axi}_tready;\n"
            f"  wire [{top}:0] {s.name}_beat = {{{s.axi}_tlast, {s.axi}_tdata[{top - 1}:0]}};\n"
        )
    return (
        f"  wire {s.name}_due;\n  wire [{top}:0] {s.name}_beat, {s.name}_offered;\n"
        f"  wire {s.name}_given = {s.axi}_tvalid && {s.axi}_tready;\n"
    )


def _assigned(s: Stream, room: str) -> str:
    """Beats are taken while every queue has room; what is due first is on offer."""
    if s.enters:
        return f"  assign {s.axi}_tready = aresetn && {room};\n"
    top = s.beat_bits
    return (
        f"  assign {s.name}_offered = {s.name}_queue[{top}:0];\n"
        f"  assign {s.axi}_tvalid = aresetn && {s.name}_count != 0;\n"
        f"  assign {s.axi}_tdata = {s.name}_offered[{top - 1}:0];\n"
        f"  assign {s.axi}_tlast = {s.name}_offered[{top}];\n"
    )


_TOP = """\
module {name}_axis(
  {ports}
);
  wire clk = aclk;
{wires}{queues}{assigned}  model model(.clk(clk), .aresetn(aresetn){pins});
endmodule

{model}"""
