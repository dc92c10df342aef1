# amaranth: UnusedElaboratable=no
"""The softmax quantizer: its cores against R4, groups of any length, stalls, timing, errors."""

import numpy as np
import pytest

from vit2rtl.golden.arithmetic import softmax
from vit2rtl.golden.units import Instance
from vit2rtl.rtl import SoftmaxQuantizer
from vit2rtl.rtl.units.softmax_quantizer.exponential import ExponentialLane, entries
from vit2rtl.rtl.units.softmax_quantizer.memory import RowMemory
from vit2rtl.rtl.units.softmax_quantizer.threshold import ThresholdUnit

SETTINGS = {
    "multiplier": 47274, "shift": 14, "threshold_a": 1805811302, "threshold_b": 1276901417,
    "threshold_shift": 31,
}
SMALL = {"width": 6, "rom_bits": 3, "exp_bits": 11}


def groups(instance, rows):
    """Beats and lasts of rows of elements."""
    lanes, bits = instance.lanes, instance.parameters["width"]
    beats, lasts = [], []
    for row in np.asarray(rows).tolist():
        for start in range(0, len(row), lanes):
            beats.append(sum((value & ((1 << bits) - 1)) << (bits * n)
                             for n, value in enumerate(row[start : start + lanes])))
            lasts.append(start + lanes >= len(row))
    return beats, lasts


def driven(bench, dut, rows, settings=SETTINGS, **stalls):
    """The trace of rows through a unit."""
    beats, lasts = groups(dut.instance, rows)
    trace = bench.Trace()

    async def scenario(ctx, tick, domain):
        for name, value in settings.items():
            ctx.set(getattr(dut, name), int(value))
        await bench.drive(ctx, bench.bare_ports(dut), beats, trace, tick=tick, lasts=lasts,
                          **stalls)

    bench.run(dut, scenario)
    assert trace.lasts == lasts
    return trace


def codes(bench, dut, trace, rows):
    """Results in the shape of the rows."""
    (field,) = dut.instance.outputs
    seen = bench.unpack((field,), dut.instance.lanes, trace.payloads)["code"]
    return seen.reshape(np.shape(rows))


def random_rows(rng, instance, count, tokens):
    low, high = instance.fields["logit"].range
    return rng.integers(low, high, (count, tokens * instance.lanes), endpoint=True)


@pytest.mark.parametrize("parameters", [
    {"lanes": 1, "bits": 2, "tokens": 5, "zero_code": "none"},
    {"lanes": 2, "bits": 8, "zero_code": "extra", **SMALL},
    {"lanes": 4, "bits": 5, "width": 16, "rom_bits": 10},
    {"lanes": 3, "bits": 3, "tokens": 9, "exp_bits": 14},
], ids=str)
def test_equals_golden(parameters, bench):
    dut = SoftmaxQuantizer(**parameters)
    rng = np.random.default_rng(5)
    tokens = min(9, dut.instance.parameters["tokens"])
    rows = random_rows(rng, dut.instance, 4, tokens)
    rows[1, ::3] = dut.instance.fields["logit"].range[0]
    rows[2] = rows[2] >> 2
    trace = driven(bench, dut, rows, idle=20, stall=20)
    want = dut.instance.evaluate({"logit": rows}, SETTINGS)["code"]
    np.testing.assert_array_equal(codes(bench, dut, trace, rows), want)


@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (70, 0), (0, 90), (40, 60)])
def test_lengths_change_from_group_to_group(idle, stall, bench):
    """Full, short, single: whoever is faster waits, and nothing is mixed up."""
    dut = SoftmaxQuantizer(lanes=2, tokens=6, **SMALL)
    rng = np.random.default_rng(idle + stall)
    beats, lasts, want = [], [], []
    for tokens in (6, 1, 1, 1, 6, 6, 2, 1, 3, 6, 1, 1):
        row = random_rows(rng, dut.instance, 1, tokens)
        more, ends = groups(dut.instance, row)
        beats, lasts = beats + more, lasts + ends
        want += dut.instance.evaluate({"logit": row}, SETTINGS)["code"][0].tolist()
    trace = bench.Trace()

    async def scenario(ctx, tick, domain):
        for name, value in SETTINGS.items():
            ctx.set(getattr(dut, name), value)
        await bench.drive(ctx, bench.bare_ports(dut), beats, trace, tick=tick, lasts=lasts,
                          idle=idle, stall=stall)

    bench.run(dut, scenario)
    assert trace.lasts == lasts
    (field,) = dut.instance.outputs
    assert bench.unpack((field,), 2, trace.payloads)["code"].tolist() == want


@pytest.mark.parametrize(("lanes", "tokens", "interval"), [(4, 50, 51), (4, 40, 46), (1, 9, 22)])
def test_groups_follow_as_stated(lanes, tokens, interval, bench):
    dut = SoftmaxQuantizer(lanes=lanes, tokens=tokens, **SMALL)
    rows = random_rows(np.random.default_rng(1), dut.instance, 4, tokens)
    trace = driven(bench, dut, rows)
    firsts = trace.seen[::tokens]
    assert np.diff(firsts).tolist() == [interval] * 3
    assert interval == max(tokens + 1, 8 * lanes + 14)
    assert firsts[0] - trace.taken[tokens - 1] == dut.latency == tokens + 8 * lanes + 29


def test_reset_in_mid_stream_leaves_nothing(bench):
    """Groups in every phase, one of them not whole; then others."""
    dut = SoftmaxQuantizer(lanes=1, tokens=4, **SMALL)
    rng = np.random.default_rng(2)
    before, rows = (random_rows(rng, dut.instance, 3, 4) for _ in range(2))
    beats, lasts = groups(dut.instance, rows)
    want = dut.instance.evaluate({"logit": rows}, SETTINGS)["code"]

    async def scenario(ctx, tick, domain):
        for name, value in SETTINGS.items():
            ctx.set(getattr(dut, name), value)
        for cycles in (3, 9, 16, 24, 33, 41, 44, 50, 60):
            ctx.set(dut.i.valid, 1)
            for cycle in range(cycles):
                ctx.set(dut.i.p.lanes[0].logit, int(before.flat[cycle % 12]))
                ctx.set(dut.i.p.last, cycle % 4 == 3)
                await tick()
            ctx.set(dut.i.valid, 0)
            ctx.set(domain.rst, 1)
            await tick()
            ctx.set(domain.rst, 0)
            trace = bench.Trace()
            await bench.drive(ctx, bench.bare_ports(dut), beats, trace, tick=tick, lasts=lasts)
            assert (trace.payloads, trace.lasts) == (want.ravel().tolist(), lasts), cycles

    bench.run(dut, scenario)


@pytest.mark.parametrize("p", [{}, {"rom_bits": 10}, {"rom_bits": 2, "exp_bits": 11}], ids=str)
def test_the_rom_has_every_mantissa_and_its_shifts(p):
    """Doubled and one place further, ``2 * 2**-((k+1) / size)``: from R4's own table."""
    p = Instance.of("softmax_quantizer", **p).parameters
    size = 1 << p["rom_bits"]
    table = [2 * value for value in softmax.rom(p["rom_bits"], p["exp_bits"]).tolist()]
    seen = entries(p)
    assert len(seen) == min(1024, 32 * size)
    for address, value in enumerate(seen):
        copy, k = divmod(address, size)
        mantissa = table[k + 1] if k + 1 < size else table[0] // 2
        assert value == mantissa >> copy
        assert copy or 1 << p["exp_bits"] <= value <= 1 << (p["exp_bits"] + 1)


def key_of(total, threshold, shift, exp_bits):
    """The golden key of a product, as power, fraction and whether there is more, unrounded."""
    product = total * threshold
    octave = exp_bits - 1
    excess = product.bit_length() - octave - 1
    whole, rest = divmod(product, 1 << excess)
    rounded = softmax._key_above(np.array([product]), shift, octave)[0]
    power = product.bit_length() - octave - 1 - shift
    assert rounded == whole + (rest > 0) + (power << octave)
    return power + 1 - 2, whole - (1 << octave), rest > 0


@pytest.mark.parametrize("p", [
    {"lanes": 4}, {"lanes": 1, "tokens": 1024, "exp_bits": 11}, {"lanes": 3, "tokens": 1},
], ids=str)
def test_keys_are_those_of_the_products(p, bench):
    """No bit, one bit and all bits below a mantissa; sums and thresholds at their ends."""
    p = Instance.of("softmax_quantizer", **p).parameters
    lanes, one, most = p["lanes"], 1 << p["exp_bits"], p["tokens"] << p["exp_bits"]
    rng = np.random.default_rng(3)
    pairs = [(1 << 30, 1 << 30), ((1 << 32) - 1, 1 << 31), ((1 << 30) + 1, 1 << 30),
             (1805811302, 1276901417), ((1 << 31) + 1, (1 << 31) - 1)]
    totals = [one, most, one + 1, most - 1, 3 * one, *rng.integers(one, most + 1, 7)]
    totals = np.clip(totals, one, most)
    cases = [(pair, [int(totals[(n + 5 * k) % 12]) for k in range(lanes)], int(shift))
             for n, pair in enumerate(pairs * 3)
             for shift in rng.integers(0, 63, 1)]
    dut = ThresholdUnit(p)
    seen, finished = [], []

    async def scenario(ctx, tick, domain):
        for (a, b), sums, shift in cases:
            for name, value in (("threshold_a", a), ("threshold_b", b), ("threshold_shift", shift)):
                ctx.set(getattr(dut, name), value)
            for lane, total in enumerate(sums):
                ctx.set(dut.totals[lane], total)
            ctx.set(dut.start, 1)
            await tick()
            ctx.set(dut.start, 0)
            keys = {}
            for cycle in range(1, ThresholdUnit.cycles(p) + 1):
                for lane in range(lanes):
                    for odd in range(2):
                        if ctx.get(dut.write[lane]) >> odd & 1:
                            assert (lane, odd) not in keys
                            keys[lane, odd] = (
                                ctx.get(dut.base), ctx.get(dut.fraction), bool(ctx.get(dut.above)))
                if ctx.get(dut.last):
                    finished.append(cycle)
                await tick()
            seen.append(keys)

    bench.run(dut, scenario)
    assert finished == [ThresholdUnit.cycles(p)] * len(cases)
    for ((a, b), sums, shift), keys in zip(cases, seen, strict=True):
        assert keys == {(lane, odd): key_of(total, (a, b)[odd], shift, p["exp_bits"])
                        for lane, total in enumerate(sums) for odd in range(2)}


def test_a_row_memory_gives_rows_as_they_were_written(bench):
    dut = RowMemory(5, tokens=3)
    rows, seen = [[1, 2, 3], [4], [5, 6], [7, 8, 9], [10]], []

    async def scenario(ctx, tick, domain):
        for row in rows:
            for token in row:
                ctx.set(dut.write, 1)
                ctx.set(dut.token, token)
                await tick()
            ctx.set(dut.write, 0)
            assert not ctx.get(dut.reading)
            ctx.set(dut.start, 1)
            ctx.set(dut.stop, ctx.get(dut.place))
            await tick()
            ctx.set(dut.start, 0)
            read = []
            while ctx.get(dut.reading):
                assert ctx.get(dut.first) == (not read)
                assert ctx.get(dut.last) == (len(read) == len(row) - 1)
                ctx.set(dut.take, 1)
                await tick()
                ctx.set(dut.take, 0)
                await tick()
                read.append(ctx.get(dut.value))
            seen.append(read)

    bench.run(dut, scenario)
    assert seen == rows


def test_the_sum_is_cleared_and_kept_without_enables(bench):
    p = Instance.of("softmax_quantizer", **SMALL).parameters
    dut = ExponentialLane(p)
    sums = []

    async def scenario(ctx, tick, domain):
        ctx.set(dut.clear, 1)
        await tick()
        ctx.set(dut.clear, 0)
        ctx.set(dut.entry, 700)
        ctx.set(dut.enable_term, 3)
        for _ in range(3):
            await tick()
        for add in (1, 0, 1):
            ctx.set(dut.add, add)
            await tick()
            sums.append(ctx.get(dut.total))

    bench.run(dut, scenario)
    assert sums == [700, 700, 1400]


@pytest.mark.parametrize(("parameters", "message"), [
    ({"width": 3}, "Width must be between 4 and 16, not 3"),
    ({"tokens": 0}, "Tokens must be between 1 and 1024, not 0"),
    ({"rom_bits": 11}, "Rom bits must be between 2 and 10, not 11"),
    ({"exp_bits": 18}, "Exp bits must be between 11 and 17, not 18"),
    ({"zero_code": "most"}, "Zero code must be one of top, extra, none, not 'most'"),
])
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises(ValueError) as error:
        SoftmaxQuantizer(**parameters)
    assert str(error.value) == message


def test_rows_longer_than_the_memory_are_refused():
    instance = Instance.of("softmax_quantizer", lanes=2, tokens=3)
    with pytest.raises(ValueError) as error:
        instance.evaluate({"logit": np.zeros((1, 7), int)}, SETTINGS)
    assert str(error.value) == "A row must have at most 3 tokens, not 4"


def test_a_row_that_is_not_whole_sees_its_last_element():
    instance = Instance.of("softmax_quantizer", lanes=2, tokens=3)
    short = instance.evaluate({"logit": [[5, 90, -40, 7, 0]]}, SETTINGS)["code"]
    whole = instance.evaluate({"logit": [[5, 90, -40, 7, 0, 0]]}, SETTINGS)["code"]
    assert short.tolist() == whole[:, :5].tolist()
