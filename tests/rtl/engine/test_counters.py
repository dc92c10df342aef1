"""Counters of an image, the watchdog, and which of several errors stays."""

import numpy as np

from tests import clocked
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.counters import EventCounters, ImageCounters, Watchdog
from vit2rtl.rtl.engine.faults import Faults


def turns(ctx, dut):
    """Of all that is counted, from what comes next."""
    first, count = ctx.get(dut.turn), 2 * len(Unit)
    return [(first + n) % count for n in range(count)]


def test_cycles_of_images():
    """From header to end, both counted; a stop freezes all."""
    rng = np.random.default_rng(4)
    dut = ImageCounters()

    async def scenario(ctx, domain):
        for image, length in enumerate((9, 2, 14)):
            busy, waiting = [0] * len(Unit), [0] * len(Unit)
            for cycle in range(length):
                ctx.set(dut.begins, cycle == 0)
                ctx.set(dut.ends, cycle == length - 1)
                flags = rng.integers(2, size=(2, len(Unit)))
                for signal, counts, bits in ((dut.busy, busy, flags[0]),
                                             (dut.waiting, waiting, flags[1])):
                    ctx.set(signal, int(sum(int(b) << n for n, b in enumerate(bits))))
                    for unit in Unit:
                        counts[unit] += int(bits[unit]) if cycle else 0
                assert ctx.get(dut.occupied) == (cycle > 0)
                await ctx.tick()
            ctx.set(dut.ends, 0)
            for _ in range(3):
                assert ctx.get(dut.cycles) == length
                assert ctx.get(dut.images) == image + 1
                assert not ctx.get(dut.occupied)
                await ctx.tick()
            for _ in range(2):
                for turn in turns(ctx, dut):
                    assert ctx.get(dut.turn) == turn
                    assert ctx.get(dut.total) == [*busy, *waiting][turn]
                    await ctx.tick()
        ctx.set(dut.begins, 1)
        await ctx.tick()
        ctx.set(dut.begins, 0)
        ctx.set(dut.stop, 1)
        await ctx.tick().repeat(5)
        assert ctx.get(dut.cycles) == 1

    clocked.run(dut, scenario)


def test_many_events_and_totals_in_between():
    rng = np.random.default_rng(6)
    dut = EventCounters(5)

    async def scenario(ctx, domain):
        counts = [0] * 5
        for cycle in range(400):
            flags = rng.integers(100, size=5) < [100, 90, 50, 5, 0]
            begins = cycle in (0, 3, 250)
            ctx.set(dut.begins, begins)
            ctx.set(dut.flags, int(sum(int(b) << n for n, b in enumerate(flags))))
            assert ctx.get(dut.total) == counts[ctx.get(dut.turn)], cycle
            counts = [0 if begins else old + int(b) for old, b in zip(counts, flags, strict=True)]
            await ctx.tick()

    clocked.run(dut, scenario)


def test_the_watchdog_counts_cycles_without_progress():
    dut = Watchdog()

    async def scenario(ctx, domain):
        ctx.set(dut.limit, 5)
        await ctx.tick().repeat(12)
        assert not ctx.get(dut.expired), "no image"
        ctx.set(dut.occupied, 1)
        for _ in range(4):
            await ctx.tick().repeat(4)
            ctx.set(dut.progress, 1)
            await ctx.tick()
            ctx.set(dut.progress, 0)
            assert not ctx.get(dut.expired)
        await ctx.tick().repeat(5)
        assert not ctx.get(dut.expired)
        await ctx.tick()
        assert ctx.get(dut.expired)
        ctx.set(dut.limit, 0)
        ctx.set(dut.progress, 1)
        await ctx.tick()
        ctx.set(dut.progress, 0)
        for _ in range(9):
            await ctx.tick()
            assert not ctx.get(dut.expired)

    clocked.run(dut, scenario)


def test_the_first_error_stays():
    dut = Faults()

    async def scenario(ctx, domain):
        async def happens(*signals):
            for signal, value in signals:
                ctx.set(signal, value)
            assert not ctx.get(dut.stop)
            await ctx.tick()
            for signal, _ in signals:
                ctx.set(signal, 0)
            ctx.set(dut.units[0], Error.IMAGE_LATE)  # a second one
            await ctx.tick()
            ctx.set(dut.units[0], 0)
            assert ctx.get(dut.stop)
            seen = Error(ctx.get(dut.error)), ctx.get(dut.unit), ctx.get(dut.number)
            ctx.set(domain.rst, 1)
            await ctx.tick()
            ctx.set(domain.rst, 0)
            return seen

        for unit in Unit:
            ctx.set(dut.count[unit], 100 + unit)
        ctx.set(dut.decoder_unit, 2)
        ctx.set(dut.decoder_number, 77)
        assert await happens((dut.watchdog, 1)) == (Error.WATCHDOG, 7, 0)
        assert await happens((dut.decoder, Error.OPCODE)) == (Error.OPCODE, 2, 77)
        for unit in Unit:
            assert await happens((dut.beyond, 1 << unit)) == (Error.ADDRESS, unit, 100 + unit)
            assert await happens((dut.units[unit], Error.OPERAND)) == (
                Error.OPERAND, unit, 100 + unit)
        assert await happens((dut.beyond, 0b110), (dut.units[3], Error.OPERAND),
                             (dut.watchdog, 1)) == (Error.ADDRESS, 1, 101)
        assert await happens((dut.beyond, 0b110), (dut.decoder, Error.WAIT)) == (
            Error.WAIT, 2, 77)

    clocked.run(dut, scenario)
