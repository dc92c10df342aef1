# amaranth: UnusedElaboratable=no
"""The LayerNorm quantizer equals golden: every directed record, stalls, reset, rate, latency."""

import numpy as np
import pytest

from tests.clocked import run
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.rtl import LayerNormQuantizer, latency

from .rows import load, transfer


@pytest.mark.parametrize(("parameters", "idle", "stall"), [
    ({"lanes": 3, "bits": 16, "channels": 20}, 20, 40),
    ({"lanes": 2, "bits": 2, "width": 4, "channels": 2}, 0, 0),
])
def test_directed_rows(parameters, idle, stall):
    """Some rows of each record: replays have them all."""
    dut = LayerNormQuantizer(**parameters)

    async def scenario(ctx, domain):
        for record in directed_records(dut.instance):
            await load(ctx, dut, record["configuration"])
            rows, want = record["inputs"]["element"][::12], record["outputs"]["code"][::12]
            codes, *_ = await transfer(ctx, dut, rows.tolist(), idle=idle, stall=stall)
            np.testing.assert_array_equal(codes, want, err_msg=record["record"])

    run(dut, scenario)


def layer(instance, count):
    """A directed configuration for whole rows, and random ones with their codes."""
    (record,) = (r for r in directed_records(instance) if r["record"] == "directed.layer")
    shape = count, instance.parameters["channels"]
    rows = np.random.default_rng(count).integers(-2000, 2000, shape)
    codes = instance.evaluate({"element": rows}, record["configuration"])["code"]
    return record["configuration"], rows.tolist(), codes


@pytest.mark.parametrize(("lanes", "channels", "cycles"), [(2, 77, 39), (4, 8, 30)])
def test_a_row_every_30_cycles_or_one_beat_a_cycle(lanes, channels, cycles):
    dut = LayerNormQuantizer(lanes=lanes, channels=channels)
    configuration, rows, want = layer(dut.instance, 4)

    async def scenario(ctx, domain):
        await load(ctx, dut, configuration)
        codes, taken, seen = await transfer(ctx, dut, rows)
        np.testing.assert_array_equal(codes, want)
        size = -(-channels // lanes)
        assert seen[0] - taken[size - 1] == latency(dut.instance)
        assert seen[size::size] == [seen[0] + n * cycles for n in range(1, 4)]

    run(dut, scenario)


def test_a_blocked_unit_takes_a_row_and_its_latency_more():
    dut = LayerNormQuantizer(lanes=1, channels=64)
    configuration, rows, _ = layer(dut.instance, 2)

    async def scenario(ctx, domain):
        await load(ctx, dut, configuration)
        ctx.set(dut.i.valid, 1)
        taken = 0
        for _ in range(200):
            ctx.set(dut.i.p.last, taken % 64 == 63)
            ctx.set(dut.i.p.lanes[0].element, rows[taken // 64][taken % 64])
            taken += ctx.get(dut.i.ready)
            await ctx.tick()
        inside = 2 + 10  # the registers behind the memory, the lanes
        assert taken == 64 + latency(dut.instance) + inside

    run(dut, scenario)


@pytest.mark.parametrize("cycles", [3, 50])
def test_reset_forgets_what_is_inside_and_keeps_the_table(cycles):
    dut = LayerNormQuantizer(lanes=2, channels=12)
    configuration, rows, want = layer(dut.instance, 3)

    async def scenario(ctx, domain):
        await load(ctx, dut, configuration)
        ctx.set(dut.i.valid, 1)
        for n in range(cycles):
            ctx.set(dut.i.p.last, n % 6 == 5)
            await ctx.tick()
        ctx.set(dut.i.valid, 0)
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)
        codes, *_ = await transfer(ctx, dut, rows, idle=20, stall=20)
        np.testing.assert_array_equal(codes, want)

    run(dut, scenario)


def test_columns_are_those_of_the_rows():
    instance = Instance.of("layernorm_quantizer")
    configuration, rows, _ = layer(instance, 1)
    with pytest.raises(ValueError) as caught:
        instance.evaluate({"element": np.array(rows)}, configuration | {"columns": 191})
    assert str(caught.value) == "Columns must be 192, as many as a row has, not 191"


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"lanes": 65}, "Lanes must be between 1 and 64, not 65"),
        ({"bits": 17}, "Bits must be between 2 and 16, not 17"),
        ({"width": 3}, "Width must be between 4 and 16, not 3"),
        ({"channels": 1}, "Channels must be between 2 and 8192, not 1"),
    ],
)
def test_rejects(parameters, text):
    with pytest.raises(ValueError) as caught:
        LayerNormQuantizer(**parameters)
    assert str(caught.value) == text
