"""A few consecutive golden beats of an instance, and what its AXI4-Stream top did with them."""

from dataclasses import dataclass

import numpy as np
from amaranth.sim import Simulator

from vit2rtl.golden.units import directed_records
from vit2rtl.golden.vectors import packing
from vit2rtl.rtl import latency
from vit2rtl.rtl.stream.axi_stream import AxiStreamTop

BEATS = 4
STALLED = 2  # cycles of back pressure, when the second result is on offer


@dataclass(frozen=True)
class Example:
    """Beats of one directed record; ``values`` of the first one by field, int[lanes]."""

    record: str
    configuration: dict[str, int]
    values: dict[str, list[int]]
    stimulus: list[int]
    expected: list[int]


def example(instance):
    """The beats whose results differ most, between the lanes of the first and between all."""
    chosen = None
    for record in directed_records(instance):
        inputs = np.broadcast_arrays(*record["inputs"].values())
        columns = {
            name: array.reshape(-1)
            for name, array in zip(record["inputs"], inputs, strict=True)
        }
        columns |= {name: array.reshape(-1) for name, array in record["outputs"].items()}
        count = BEATS * instance.lanes
        for start in range(0, inputs[0].size - count + 1, count):
            lanes = slice(start, start + count)
            fields = (columns[name][lanes].tolist() for name in record["outputs"])
            results = [*zip(*fields, strict=True)]
            variety = len(set(results[: instance.lanes])), len(set(results))
            if chosen is None or variety > chosen[0]:
                chosen = variety, record, {name: array[lanes] for name, array in columns.items()}
    if chosen is None:
        raise ValueError(f"No directed record of {instance.name} has {BEATS} beats to show")
    _, record, columns = chosen
    return Example(
        record["record"],
        {name: int(value) for name, value in record["configuration"].items()},
        {name: array[: instance.lanes].tolist() for name, array in columns.items()},
        _beats(instance.inputs, columns, instance.lanes),
        _beats(instance.outputs, columns, instance.lanes),
    )


def _beats(fields, columns, lanes):
    words = packing.pack(fields, {field.name: columns[field.name] for field in fields}, lanes)
    return [sum(int(word) << 64 * n for n, word in enumerate(beat)) for beat in words]


def trace(instance, shown):
    """Simulate the AXI4-Stream top on the beats of an :class:`Example`.

    returns  list of dicts, one a cycle, of every AXI4-Stream port just before the rising edge;
             three cycles of reset first, a stall of ``STALLED`` cycles when the second result is
             on offer
    raises   ValueError where what comes out is not what the example expects
    """
    top = AxiStreamTop(instance)
    ports = [name for name in top.signature.members if name.startswith(("s_axis", "m_axis"))]
    cycles, results = [], []

    async def testbench(ctx):
        for name, value in shown.configuration.items():
            ctx.set(getattr(top, name), value)
        sent = stalled = 0
        for cycle in range(latency(instance) + BEATS + STALLED + 5):
            ctx.set(top.aresetn, cycle >= 2)
            offered = cycle >= 3 and sent < BEATS
            ctx.set(top.s_axis_tvalid, offered)
            ctx.set(top.s_axis_tdata, shown.stimulus[sent] if offered else 0)
            ctx.set(top.s_axis_tlast, offered and sent == BEATS - 1)
            stall = len(results) == 1 and stalled < STALLED and bool(ctx.get(top.m_axis_tvalid))
            stalled += stall
            ctx.set(top.m_axis_tready, cycle >= 3 and not stall)
            await ctx.delay(4e-9)
            seen = {name: int(ctx.get(getattr(top, name))) for name in ("aresetn", *ports)}
            cycles.append(seen)
            sent += seen["s_axis_tvalid"] & seen["s_axis_tready"]
            if seen["m_axis_tvalid"] & seen["m_axis_tready"]:
                results.append(seen["m_axis_tdata"])
            await ctx.delay(1e-9)
            ctx.set(top.aclk, 1)
            await ctx.delay(5e-9)
            ctx.set(top.aclk, 0)

    simulator = Simulator(top)
    simulator.add_testbench(testbench)
    simulator.run()
    if results != shown.expected:
        raise ValueError(f"{instance.name} answers {results}, not {shown.expected}")
    return cycles
