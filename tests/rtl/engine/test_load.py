"""Loads: what they write, in which order, and the ends of the image stream."""

from collections import deque
from dataclasses import replace

import numpy as np
import pytest

from tests import clocked
from tests.rtl.engine.front_end_bench import TINY
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import Load
from vit2rtl.rtl.engine.load import LoadUnit

CONFIGURATIONS = {
    4: replace(TINY, table_bits=6),
    8: Configuration(name="eight", rows=8, columns=8, base=5, table_bits=6),
    16: Configuration(name="sixteen", table_bits=5),
}


def expected_writes(configuration, opcode, operands, source):
    """``[(buffer, address, word)]``, and the table's entries, from what goes in."""
    base, count = operands["base"], operands["count"]
    if opcode == Load.STREAM:
        return [("stream", base + n, source[n]) for n in range(count)], []
    if opcode == Load.TABLE:
        entries = [source[n // 8] >> 8 * (n % 8) & 255 for n in range(count)]
        return [], entries + [0] * ((1 << configuration.table_bits) - count)
    bits, digits = configuration.base, 1 + operands["two_digits"]
    writes = []
    for n in range(count):
        codes = source[n * configuration.rows : (n + 1) * configuration.rows]
        for digit in range(digits):
            place = bits * (digits - 1 - digit)
            word = sum((code >> place & (1 << bits) - 1) << bits * k
                       for k, code in enumerate(codes))
            writes.append(("hidden", base + n * digits + digit, word))
    return writes, []


def image_beats(configuration, codes):
    """Words of ``rows`` codes, eight codes a beat; the last beat is the image's last."""
    width, beats = configuration.rows, []
    for start in range(0, len(codes), width):
        word = codes[start : start + width]
        beats += [sum(code << 8 * k for k, code in enumerate(word[n : n + 8]))
                  for n in range(0, width, 8)]
    return [(beat, n == len(beats) - 1) for n, beat in enumerate(beats)]


async def offer(ctx, port, queue, moves, fields):
    """Set a stream that comes in; what of it will be taken at the edge leaves the queue."""
    valid = bool(queue) and moves()
    ctx.set(port.valid, valid)
    if valid:
        for field, value in zip(fields, queue[0], strict=True):
            ctx.set(field, value)
    return valid


async def load(ctx, dut, commands, rng, stall, image=(), payload=()):
    """Execute commands; what was written, and the table's entries, a list each command."""
    image, payload = deque(image), deque((beat,) for beat in payload)
    todo = deque(commands)
    results, writes, entries = [], [], []

    def moves():
        return bool(rng.integers(100) >= stall)

    for _ in range(3000):
        if len(results) == len(commands) or ctx.get(dut.error):
            break
        going = bool(todo)
        ctx.set(dut.instruction.valid, going)
        if going:
            for name, value in todo[0].items():
                ctx.set(dut.instruction.payload[name], value)
        beats = [
            (dut.image, image, await offer(ctx, dut.image, image, moves,
                                           (dut.image.p.data, dut.image.p.last))),
            (dut.payload, payload, await offer(ctx, dut.payload, payload, moves,
                                               (dut.payload.payload,))),
        ]
        for name in ("stream", "hidden"):
            one = getattr(dut, f"write_{name}")
            takes = moves()
            ctx.set(one.ready, takes)
            if takes and ctx.get(one.en):
                writes.append((name, ctx.get(one.addr), ctx.get(one.data)))
        takes = moves()
        ctx.set(dut.table.ready, takes)
        if takes and ctx.get(dut.table.valid):
            entries.append(ctx.get(dut.table.payload))
        for one, queue, valid in beats:
            if valid and ctx.get(one.ready):
                queue.popleft()
        if going and ctx.get(dut.instruction.ready):
            todo.popleft()
        if ctx.get(dut.done):
            results.append((writes, entries))
            writes, entries = [], []
        await ctx.tick()
    ctx.set(dut.instruction.valid, 0)
    return results, len(image), len(payload)


@pytest.mark.parametrize("rows", CONFIGURATIONS)
@pytest.mark.parametrize("stall", [0, 50])
def test_loads_of_every_kind(rows, stall):
    c, rng = CONFIGURATIONS[rows], np.random.default_rng(rows + stall)
    commands, image, payload, expected = [], [], [], []
    kinds = [Load.PATCHES, Load.STREAM, Load.PATCHES, Load.TABLE, Load.STREAM, Load.PATCHES]
    for opcode in kinds:
        operands = {"base": int(rng.integers(100)), "two_digits": int(rng.integers(2)),
                    "count": int(rng.integers(1, 33 if opcode is Load.TABLE else 9))}
        if opcode == Load.PATCHES:
            source = [int(code) for code in rng.integers(256, size=rows * operands["count"])]
            image += source
        else:
            beats = operands["count"] if opcode == Load.STREAM else -(-operands["count"] // 8)
            source = [int.from_bytes(rng.bytes(8)) for _ in range(beats)]
            payload += source
        commands.append({"opcode": opcode, **operands})
        expected.append(expected_writes(c, opcode, operands, source))

    async def scenario(ctx, domain):
        results, *left = await load(ctx, dut, commands, rng, stall, image_beats(c, image), payload)
        assert results == expected
        assert left == [0, 0]
        assert not ctx.get(dut.error)
        ctx.set(dut.finish, 1)
        assert not ctx.get(dut.error)

    dut = LoadUnit(c)
    clocked.run(dut, scenario)


@pytest.mark.parametrize("rows", CONFIGURATIONS)
def test_ends_of_the_image(rows):
    """A word more or less than the program takes, and a beat less of a word."""
    c, rng = CONFIGURATIONS[rows], np.random.default_rng(rows)
    command = {"opcode": Load.PATCHES, "base": 0, "count": 3, "two_digits": 0}
    codes = [int(code) for code in rng.integers(256, size=rows * 4)]
    early = [image_beats(c, codes[: rows * 2])]
    if rows > 8:
        early.append([(beat, n == 2) for n, (beat, _) in enumerate(image_beats(c, codes))][:3])
    late = image_beats(c, codes)
    unfinished = [(beat, False) for beat, _ in image_beats(c, codes[: rows * 3])]

    async def reset(ctx, domain):
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)

    async def scenario(ctx, domain):
        for image in early:
            await load(ctx, dut, [command], rng, 0, image)
            assert Error(ctx.get(dut.error)) is Error.IMAGE_EARLY
            await reset(ctx, domain)
        for image in (late, unfinished):
            results, *_ = await load(ctx, dut, [command], rng, 0, image)
            assert len(results) == 1 and not ctx.get(dut.error)
            ctx.set(dut.finish, 1)
            assert Error(ctx.get(dut.error)) is Error.IMAGE_LATE
            ctx.set(dut.finish, 0)
            await reset(ctx, domain)
        whole = image_beats(c, codes[: rows * 3])
        for _ in range(2):  # two images, one after the other
            results, left, _ = await load(ctx, dut, [command], rng, 0, [*whole, *whole])
            assert len(results) == 1 and left == len(whole), "the next image waits for finish"
            ctx.set(dut.finish, 1)
            assert not ctx.get(dut.error)
            await ctx.tick()
            ctx.set(dut.finish, 0)

    dut = LoadUnit(c)
    clocked.run(dut, scenario)
