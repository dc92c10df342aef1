# amaranth: UnusedElaboratable=no
"""The epilogue on its directed rows: every element and every row's numbers, whoever waits."""

import numpy as np
import pytest

from tests.clocked import run
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.rtl import Epilogue, component

ROW = ("maximum", "sum", "squares")
SHORT = 200  # columns of the rows that are sent here


def beats(record, lanes):
    """(indices of a beat's elements, whether it is a row's last) of every beat."""
    rows, columns = record["inputs"]["acc"].shape
    places = [*range(columns), *[columns - 1] * (-columns % lanes)]
    return [([(row, place) for place in places[n : n + lanes]], n + lanes >= len(places))
            for row in range(rows) for n in range(0, len(places), lanes)]


async def drive(ctx, dut, record, rng, idle, stall):
    """What comes out for the rows of a record: values by beat, numbers by row, first cycles."""
    inputs, sent, offered = record["inputs"], 0, False
    todo = beats(record, dut.instance.lanes)
    values, rows, seen, held = [], [], {}, {}
    for cycle in range(20_000):
        if len(values) == len(todo) and len(rows) == len(inputs["acc"]):
            return values, rows, seen
        offered = sent < len(todo) and (offered or bool(rng.integers(100) >= idle))
        ctx.set(dut.i.valid, offered)
        if offered:
            places, last = todo[sent]
            ctx.set(dut.i.p.last, last)
            for lane, place in zip(dut.i.p.lanes, places, strict=True):
                for name, numbers in inputs.items():
                    ctx.set(getattr(lane, name), int(numbers[place]))
        for port in (dut.o, dut.o_row):
            ctx.set(port.ready, bool(rng.integers(100) >= stall))
        for port, results in ((dut.o, values), (dut.o_row, rows)):
            result = None
            if ctx.get(port.valid):
                seen.setdefault(id(port), cycle)
                names = ROW if port is dut.o_row else ("value",)
                result = [tuple(ctx.get(getattr(lane, name)) for name in names)
                          for lane in port.p.lanes]
            assert held.get(id(port)) in (None, result), "an offer changed under back pressure"
            taken = result is not None and ctx.get(port.ready)
            held[id(port)] = None if taken else result
            if taken:
                results.append(result)
        if offered and ctx.get(dut.i.ready):
            sent, offered = sent + 1, False
        await ctx.tick()
    raise AssertionError("no end")


def simulate(instance, scenario):
    dut = component(instance)
    run(dut, lambda ctx, _: scenario(ctx, dut))


@pytest.mark.parametrize(("parameters", "idle", "stall"), [
    ({"lanes": 3, "acc_width": 8, "multiplier_width": 4, "width": 6}, 0, 0),
    ({"lanes": 1, "acc_width": 27}, 30, 0),
    ({"lanes": 2}, 0, 60),
    ({"lanes": 5, "width": 9}, 40, 40),
])
def test_directed_rows(parameters, idle, stall):
    instance = Instance.of("epilogue", **parameters)
    rng = np.random.default_rng(1)

    async def scenario(ctx, dut):
        for record in directed_records(instance)[:: 1 + (stall > 0)]:
            if record["inputs"]["acc"].shape[1] > SHORT:
                continue
            for name, value in record["configuration"].items():
                ctx.set(getattr(dut, name), value)
            values, rows, _ = await drive(ctx, dut, record, rng, idle, stall)
            want = record["outputs"]
            assert values == [[(want["value"][place],) for place in places]
                              for places, _ in beats(record, instance.lanes)], record["record"]
            assert rows == [[tuple(want[name][n, 0] for name in ROW)]
                            for n in range(len(rows))], record["record"]

    simulate(instance, scenario)


@pytest.mark.parametrize("lanes", [1, 3, 4])
def test_latency(lanes):
    instance = Instance.of("epilogue", lanes=lanes)
    record = next(r for r in directed_records(instance) if r["record"] == "directed.one_beat")
    record = {**record, "inputs": {name: x[:1] for name, x in record["inputs"].items()}}

    async def scenario(ctx, dut):
        for name, value in record["configuration"].items():
            ctx.set(getattr(dut, name), value)
        _, _, seen = await drive(ctx, dut, record, np.random.default_rng(0), 0, 0)
        assert seen[id(dut.o)] == dut.latency == Epilogue.PIPELINE_CYCLES
        assert seen[id(dut.o_row)] == dut.latency + 2 + (lanes - 1).bit_length()

    simulate(instance, scenario)


@pytest.mark.parametrize(("parameters", "text"), [
    ({"acc_width": 28}, "Acc width must be between 4 and 27, not 28"),
    ({"width": 17}, "Width must be between 4 and 16, not 17"),
])
def test_rejects(parameters, text):
    with pytest.raises(ValueError) as caught:
        Epilogue(**parameters)
    assert str(caught.value) == text
