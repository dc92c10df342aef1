"""The whole engine on streams made by hand: images, errors of outside, and how it recovers."""

from collections import deque
from dataclasses import replace

import numpy as np

from tests import clocked
from tests.rtl.engine.commands import Command, stream
from tests.rtl.engine.front_end_bench import TINY as FRONT_END
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import (
    CHANNEL,
    OPERANDS,
    Destination,
    Load,
    Source,
    Unit,
    pack,
)
from vit2rtl.rtl.engine.engine_core import EngineCore

TINY = replace(FRONT_END, table_bits=6)
ROWS, TOKENS = TINY.rows, 2


def command(unit, payload=(), waits=(), opcode=0, **operands):
    values = dict.fromkeys(OPERANDS[unit], 0) | operands
    return Command(unit, values, opcode, list(waits), list(payload))


def side_by_side(values, width):
    return sum(int(value) << width * n for n, value in enumerate(values))


def linear(rng):
    """Patches through one tile of weights, to the output: commands, image, logits."""
    codes = rng.integers(256, size=(TOKENS, ROWS))
    weights, zero_points = rng.integers(16, size=(4, ROWS)), rng.integers(16, size=4)
    bias, multiplier = rng.integers(-2000, 2000, size=4), rng.integers(1 << 15, 1 << 16, size=4)
    shift = rng.integers(8, size=4)
    commands = [
        command(Unit.LOAD, opcode=Load.PATCHES, base=3, count=TOKENS, two_digits=1),
        command(Unit.MATMUL, [side_by_side(zero_points, 8),
                              side_by_side([side_by_side(column, 4) for column in weights], 16)],
                [(Unit.LOAD, 0)], source=Source.HIDDEN, base=3, row_stride=2, tile_stride=2,
                rows=TOKENS, k_tiles=1, two_code_digits=1),
        command(Unit.EPILOGUE, [pack(CHANNEL, {"bias": b, "multiplier": m, "shift": s})
                                for b, m, s in zip(bias, multiplier, shift, strict=True)],
                destination=Destination.OUTPUT, rows=TOKENS, groups=1, shift_base=12,
                zero_point=-7, low=-20000, high=20000, last=1),
    ]
    acc = codes @ (weights - zero_points[:, None]).T + bias
    scaled = (acc * multiplier + (1 << (11 + shift))) >> (12 + shift)
    logits = np.clip(scaled - 7, -20000, 20000)
    image = [(side_by_side(row, 8), n == TOKENS - 1) for n, row in enumerate(codes)]
    beats = [(side_by_side(row & 0xFFFF, 16), n == TOKENS - 1) for n, row in enumerate(logits)]
    return commands, image, beats


async def send(ctx, dut, commands, image, *, cycles, takes=True, late=0):
    """What the engine gives in so many cycles, or until it stops; the image comes ``late``."""
    queues = [(dut.cmd, deque(commands)), (dut.image, deque(image))]
    logits = []
    ctx.set(dut.run, 1)
    ctx.set(dut.logits.ready, takes)
    for cycle in range(cycles):
        for port, queue in queues if cycle >= late else queues[:1]:
            ctx.set(port.valid, bool(queue))
            if queue:
                ctx.set(port.p.data, queue[0][0])
                ctx.set(port.p.last, queue[0][1])
        if takes and ctx.get(dut.logits.valid):
            logits.append((ctx.get(dut.logits.p.data), ctx.get(dut.logits.p.last)))
        for port, queue in queues:
            if ctx.get(port.valid) and ctx.get(port.ready):
                queue.popleft()
        await ctx.tick()
        if ctx.get(dut.error):
            break
    for port, _ in queues:
        ctx.set(port.valid, 0)
    return logits


async def unit_cycles(ctx, dut):
    """Of each unit: busy, waiting."""
    totals = {}
    for _ in range(2 * len(Unit)):
        totals[ctx.get(dut.turn)] = ctx.get(dut.total)
        await ctx.tick()
    return [[totals[n + unit] for unit in Unit] for n in (0, len(Unit))]


def test_images_errors_of_outside_and_recovery():
    rng = np.random.default_rng(8)
    (first, image, logits), (second, next_image, next_logits) = linear(rng), linear(rng)
    good = stream(TINY, first)
    beyond = [*first[:2], replace(first[2], operands=first[2].operands)]
    beyond[0] = replace(first[0], operands=first[0].operands | {"base": TINY.hidden // ROWS - 1})
    # The error, its unit, command stream, image, and whether logits are taken.
    faults = [
        (Error.WATCHDOG, 7, good[:-1], image, True),
        (Error.WATCHDOG, 7, good, image, False),
        (Error.WATCHDOG, 7, good, image[:1], True),
        (Error.IMAGE_EARLY, Unit.LOAD, good, [(image[0][0], 1)], True),
        (Error.IMAGE_LATE, Unit.LOAD, good, [(beat, 0) for beat, _ in image], True),
        (Error.ADDRESS, Unit.LOAD, stream(TINY, beyond), image, True),
        (Error.COMMAND_EARLY, Unit.MATMUL, [*good[:-9], (good[-9][0], 1)], image, True),
    ]

    async def scenario(ctx, domain):
        ctx.set(dut.limit, 60)
        beats = good + stream(TINY, second)
        seen = await send(ctx, dut, beats, image + next_image, cycles=220)
        assert seen == logits + next_logits
        assert ctx.get(dut.images) == 2 and not ctx.get(dut.error)
        assert [ctx.get(count) for count in dut.count] == [2, 2, 2, 0, 0, 0]
        busy, waiting = await unit_cycles(ctx, dut)
        assert 0 < busy[Unit.MATMUL] < ctx.get(dut.cycles) < 110
        assert waiting[Unit.MATMUL] < 5
        assert await send(ctx, dut, good, image, cycles=130, late=40) == logits
        _, waiting = await unit_cycles(ctx, dut)
        assert 15 < waiting[Unit.MATMUL] < 40
        assert not any(waiting[unit] for unit in Unit if unit != Unit.MATMUL)
        for error, unit, commands, patches, takes in faults:
            await send(ctx, dut, commands, patches, cycles=250, takes=takes)
            assert (Error(ctx.get(dut.error)), ctx.get(dut.unit)) == (error, unit)
            ctx.set(domain.rst, 1)
            await ctx.tick()
            ctx.set(domain.rst, 0)
            assert await send(ctx, dut, good, image, cycles=110) == logits, error
            assert ctx.get(dut.images) == 1 and not ctx.get(dut.error)
        for cycles in rng.integers(1, 80, size=8):
            await send(ctx, dut, good, image, cycles=int(cycles))
            ctx.set(domain.rst, 1)
            await ctx.tick()
            ctx.set(domain.rst, 0)
            assert await send(ctx, dut, good, image, cycles=110) == logits, f"reset in {cycles}"

    dut = EngineCore(TINY)
    clocked.run(dut, scenario)
