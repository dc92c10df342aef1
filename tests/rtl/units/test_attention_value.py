# amaranth: UnusedElaboratable=no
"""Attention × V: every code and value in every lane, tiles of any length, stalls, timing."""

import re
from itertools import product

import numpy as np
import pytest

from vit2rtl.golden.arithmetic import attention_value
from vit2rtl.golden.arithmetic.log_sqrt2 import code_count
from vit2rtl.golden.units import Instance
from vit2rtl.rtl import AttentionValue
from vit2rtl.rtl.verilog import convert

SETTINGS = {
    "v_zero_point": 8, "multiplier_even": 65536, "multiplier_odd": 92682, "shift": 22,
    "zero_point": 8,
}
# Results are the even sum, and half the odd one, both in full.
PLAIN = SETTINGS | {"multiplier_even": 2, "multiplier_odd": 1, "shift": 1, "zero_point": 1 << 15}


class Driver:
    """Offers tokens to both streams and takes results, each of the three pausing at will."""

    def __init__(self, dut, tiles, *, idle=0, stall=0, seed=0):
        self.dut, self.rng = dut, np.random.default_rng(seed)
        self.idle, self.stall = idle, stall
        tokens = [(values, codes, n == len(tile) - 1)
                  for tile in tiles for n, (values, codes) in enumerate(tile)]
        p = dut.instance.parameters
        code = dut.instance.fields["code"].width
        self.beats = {
            "i": [(_packed(values, p["value_bits"]), last) for values, _, last in tokens],
            "i_codes": [(_packed(codes, code), last) for _, codes, last in tokens],
        }
        self.sent = dict.fromkeys(self.beats, 0)
        self.offered = dict.fromkeys(self.beats, False)
        self.results, self.lasts, self.taken, self.seen = [], [], [], []
        self.cycle = 0

    async def step(self, ctx, tick):
        for name, beats in self.beats.items():
            port = getattr(self.dut, name)
            more = self.sent[name] < len(beats)
            self.offered[name] = more and (
                self.offered[name] or self.rng.integers(100) >= self.idle)
            ctx.set(port.valid, int(self.offered[name]))
            if self.offered[name]:
                payload, last = beats[self.sent[name]]
                ctx.set(port.p.lanes.as_value(), payload)
                ctx.set(port.p.last, last)
        ready = int(self.rng.integers(100) >= self.stall)
        ctx.set(self.dut.o.ready, ready)
        for name in self.beats:
            if self.offered[name] and ctx.get(getattr(self.dut, name).ready):
                self.sent[name] += 1
                self.offered[name] = False
                if name == "i":
                    self.taken.append(self.cycle)
        if ready and ctx.get(self.dut.o.valid):
            self.results.append(ctx.get(self.dut.o.p.lanes.as_value()))
            self.lasts.append(ctx.get(self.dut.o.p.last))
            self.seen.append(self.cycle)
        await tick()
        self.cycle += 1


def _packed(numbers, width):
    return sum(int(number) << width * n for n, number in enumerate(numbers))


def driven(bench, dut, tiles, settings=SETTINGS, **pauses):
    """The driver after all results of the tiles: lists of (values, codes)."""
    driver = Driver(dut, tiles, **pauses)
    p = dut.instance.parameters
    due = len(tiles) * p["rows"] * p["lanes"]

    async def scenario(ctx, tick, domain):
        for name, value in settings.items():
            ctx.set(getattr(dut, name), value)
        while len(driver.results) < due:
            await driver.step(ctx, tick)
            assert driver.cycle < 400 + 8 * (due + sum(map(len, tiles)))

    bench.run(dut, scenario)
    each = p["rows"] * p["lanes"]
    assert driver.lasts == [int(n % each == each - 1) for n in range(due)]
    return driver


def expected(dut, tiles, settings=SETTINGS):
    """Golden, tile by tile, since they are of several lengths."""
    return [number for tile in tiles for number in dut.instance.evaluate(
        {"value": np.array([[v for values, _ in tile for v in values]]),
         "code": np.array([[k for _, codes in tile for k in codes]])},
        settings)["result"][0].tolist()]


def random_tiles(dut, lengths, seed=0):
    rng = np.random.default_rng(seed)
    p = dut.instance.parameters
    codes = dut.instance.fields["code"].range[1]
    return [[(rng.integers(0, 1 << p["value_bits"], p["lanes"]),
              rng.integers(0, codes, p["rows"], endpoint=True)) for _ in range(tokens)]
            for tokens in lengths]


@pytest.mark.parametrize(("zero_code", "zero"), [("top", 0), ("top", 16), ("none", 16)])
def test_every_code_and_value_in_every_lane(bench, zero_code, zero):
    """16 codes times 16 values of one sign, in tiles of one token, every lane another pair."""
    dut = AttentionValue(lanes=2, rows=2, zero_code=zero_code, output_bits=16)
    count = code_count(4, zero_code)
    tiles = [[([value, (value + 5) % 16], [code, (code + 3) % count])]
             for code, value in product(range(count), range(16))]
    settings = PLAIN | {"v_zero_point": zero}
    seen = np.reshape(driven(bench, dut, tiles, settings).results, (-1, 2, 2)) - (1 << 15)
    even, odd = attention_value.shifted_ones(4, zero_code)
    for (((values, codes),), results) in zip(tiles, seen, strict=True):
        for q, c in product(range(2), range(2)):
            ones = 2 * even[codes[q]] + odd[codes[q]]
            assert results[q, c] == ((values[c] - zero) * ones + 1) >> 1


@pytest.mark.parametrize("parameters", [
    {},
    {"lanes": 1, "rows": 1},
    {"lanes": 3, "rows": 1, "bits": 5, "zero_code": "extra", "acc_width": 22, "value_bits": 6},
    {"lanes": 1, "rows": 3, "bits": 8, "value_bits": 8, "acc_width": 31, "output_bits": 8},
    {"lanes": 2, "rows": 2, "bits": 2, "value_bits": 2, "acc_width": 4, "output_bits": 2},
    {"lanes": 2, "rows": 2, "bits": 6, "acc_width": 19, "zero_code": "none"},
], ids=str)
def test_equals_golden_whatever_the_lengths_and_stalls(bench, parameters):
    dut = AttentionValue(**parameters)
    settings = SETTINGS | {"v_zero_point": 3}
    if dut.instance.parameters["acc_width"] > 18:
        settings |= {"shift": 30}
    settings["zero_point"] = min(8, dut.instance.fields["zero_point"].range[1])
    tiles = random_tiles(dut, (1, 1, 5, 2, 40, 1, 7, 3))
    for idle, stall in ((0, 0), (60, 0), (0, 70), (30, 30)):
        driver = driven(bench, dut, tiles, settings, idle=idle, stall=stall, seed=idle)
        assert driver.results == expected(dut, tiles, settings)
        dut = AttentionValue(**parameters)


def test_latency_and_cycles_of_a_tile(bench):
    dut = AttentionValue(lanes=2, rows=2)
    for tokens in (1, 3, 4, 9):
        driver = driven(bench, dut, random_tiles(dut, [tokens] * 6))
        assert driver.seen[0] - driver.taken[tokens - 1] == AttentionValue.PIPELINE_CYCLES == 12
        starts = driver.seen[::4]
        assert set(np.diff(starts)) == {max(tokens, 4) + 1}
        dut = AttentionValue(lanes=2, rows=2)


def test_tokens_go_on_until_two_tiles_wait(bench):
    """A blocked output: one tile is copied, the next one summed up, and the inputs stall."""
    dut = AttentionValue(lanes=4, rows=4)
    driver = Driver(dut, random_tiles(dut, [20] * 4), stall=100)

    async def scenario(ctx, tick, domain):
        for name, value in SETTINGS.items():
            ctx.set(getattr(dut, name), value)
        for _ in range(150):
            await driver.step(ctx, tick)

    bench.run(dut, scenario)
    assert driver.sent["i"] == driver.sent["i_codes"] == 2 * 20 + 2


@pytest.mark.parametrize("cycles", [1, 2, 3, 4, 7, 12, 15, 20])
def test_reset_discards_what_is_inside(bench, cycles):
    dut = AttentionValue(lanes=2, rows=1)
    before = Driver(dut, random_tiles(dut, [2] * 9, seed=1), stall=20 * (cycles % 2))
    tiles = random_tiles(dut, (1, 4, 2), seed=2)
    after = Driver(dut, tiles)

    async def scenario(ctx, tick, domain):
        for name, value in SETTINGS.items():
            ctx.set(getattr(dut, name), value)
        for _ in range(cycles):
            await before.step(ctx, tick)
        ctx.set(domain.rst, 1)
        for name in before.beats:
            ctx.set(getattr(dut, name).valid, 0)
        await tick()
        ctx.set(domain.rst, 0)
        for _ in range(60):
            await after.step(ctx, tick)

    bench.run(dut, scenario)
    assert after.results == expected(dut, tiles)


def test_ready_of_the_inputs_knows_nothing_of_the_output(bench):
    dut = AttentionValue(lanes=2, rows=1)

    async def scenario(ctx, tick, domain):
        rng = np.random.default_rng(0)
        ctx.set(dut.shift, 1)
        ctx.set(dut.i_codes.valid, 1)
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.i.p.last, 1)
        for _ in range(60):
            seen = set()
            for ready in (0, 1):
                ctx.set(dut.o.ready, ready)
                seen.add((ctx.get(dut.i.ready), ctx.get(dut.i_codes.ready)))
            assert len(seen) == 1
            ctx.set(dut.o.ready, int(rng.integers(2)))
            await tick()

    bench.run(dut, scenario)


def test_only_the_requantizer_multiplies():
    instance = Instance.of("attention_value", lanes=3, rows=2)
    text = convert(instance)[f"{instance.name}.v"]
    modules = re.split(r"^module (\w+)", text, flags=re.MULTILINE)
    multiply = {name for name, body in zip(modules[1::2], modules[2::2], strict=True)
                if re.search(r" \* ", body)}
    assert multiply == {f"{instance.name}_requantizer"}
    assert sum("_lane_" in name for name in modules[1::2]) <= 6


@pytest.mark.parametrize(("parameters", "error", "text"), [
    ({"rows": 0}, ValueError, "Rows must be between 1 and 64, not 0"),
    ({"lanes": 65}, ValueError, "Lanes must be between 1 and 64, not 65"),
    ({"acc_width": 32}, ValueError, "Acc width must be between 4 and 31, not 32"),
    ({"value_bits": 9}, ValueError, "Value bits must be between 2 and 8, not 9"),
    ({"output_bits": 4.0}, TypeError, "Output bits must be an integer, not 4.0"),
])
def test_rejects(parameters, error, text):
    with pytest.raises(error) as caught:
        AttentionValue(**parameters)
    assert str(caught.value) == text
