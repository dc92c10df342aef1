# amaranth: UnusedElaboratable=no
"""The table unit equals golden for every code, in every lane, whatever the table."""

import numpy as np
import pytest

from vit2rtl.golden.arithmetic.gelu import table_of
from vit2rtl.rtl import Gelu
from vit2rtl.rtl.units.gelu import SharedTable


async def load(ctx, tick, dut, entries):
    for n, entry in enumerate(entries):
        ctx.set(dut.i_table.valid, 1)
        ctx.set(dut.i_table.p.lanes[0].entry, int(entry))
        ctx.set(dut.i_table.p.last, n == len(entries) - 1)
        assert ctx.get(dut.i_table.ready)
        await tick()
    ctx.set(dut.i_table.valid, 0)


def looked_up(bench, dut, tables, codes, *, reset=False, **stalls):
    """What comes out for codes under one table after the other."""
    i, o, lanes = dut.instance.inputs, dut.instance.outputs, dut.instance.lanes
    traces = [bench.Trace() for _ in tables]
    beats = bench.pack(i, lanes, {"code": codes})

    async def scenario(ctx, tick, domain):
        for trace, entries in zip(traces, tables, strict=True):
            if reset:
                await load(ctx, tick, dut, entries[:3])
                ctx.set(domain.rst, 1)
                await tick()
                ctx.set(domain.rst, 0)
            await load(ctx, tick, dut, entries)
            await bench.drive(ctx, bench.bare_ports(dut), beats, trace, tick=tick, **stalls)

    bench.run(dut, scenario)
    return [bench.unpack(o, lanes, trace.payloads)["value"] for trace in traces], traces


@pytest.mark.parametrize(("lanes", "bits"), [(1, 2), (2, 4), (3, 16), (5, 8)])
@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (40, 40)])
def test_every_code_in_every_lane(bench, lanes, bits, idle, stall):
    rng = np.random.default_rng(lanes)
    tables = rng.integers(0, 1 << bits, (2, 16))
    codes = np.tile(np.arange(16), lanes * lanes)
    codes = np.concatenate([np.roll(codes, n) for n in range(lanes)])
    dut = Gelu(lanes=lanes, input_bits=4, bits=bits)
    values, _ = looked_up(bench, dut, tables, codes, idle=idle, stall=stall)
    for entries, seen in zip(tables, values, strict=True):
        np.testing.assert_array_equal(seen, entries[codes])


def test_gelu_of_12_bits(bench):
    entries = table_of(2**-9, 2048, 0.25, 1)
    codes = np.arange(0, 1 << 12, 3)[:1365 // 2 * 2]
    (seen,), (trace,) = looked_up(bench, Gelu(lanes=2), [entries], codes)
    assert seen.tolist() == entries[codes].tolist()
    assert trace.seen[0] - trace.taken[0] == Gelu.PIPELINE_CYCLES
    assert np.diff(trace.taken).tolist() == [1] * (len(codes) // 2 - 1)


def test_reset_begins_the_table_again(bench):
    entries = np.arange(16) * 5 % 16
    codes = np.arange(16)
    values, _ = looked_up(bench, Gelu(lanes=1, input_bits=4), [entries, 15 - entries], codes,
                          reset=True)
    assert values[0].tolist() == entries.tolist()
    assert values[1].tolist() == (15 - entries).tolist()


@pytest.mark.parametrize(("parameters", "text"), [
    ({"input_bits": 13}, "Input bits must be between 4 and 12, not 13"),
    ({"bits": 1}, "Bits must be between 2 and 16, not 1"),
    ({"lanes": 0}, "Lanes must be between 1 and 64, not 0"),
])
def test_rejects(parameters, text):
    with pytest.raises(ValueError) as caught:
        Gelu(**parameters)
    assert str(caught.value) == text


@pytest.mark.parametrize("ports", [0, 3])
def test_a_memory_has_two_ports(ports):
    with pytest.raises(ValueError) as caught:
        SharedTable(ports=ports, input_bits=4, bits=4)
    assert str(caught.value) == f"Ports must be between 1 and 2, not {ports}"
