# amaranth: UnusedElaboratable=no
"""The engine's epilogue: random instructions against integers of Python, in real memories."""

import numpy as np
import pytest

from tests import clocked
from tests.rtl.engine.ports import Buffered, Giver, Taker
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import CHANNEL, Destination, pack
from vit2rtl.rtl.engine.epilogue import EpilogueUnit

DEPTH = 96
DIGITS = (Destination.QUERIES, Destination.KEYS, Destination.HIDDEN)
ROWS = (*DIGITS, Destination.VALUES)


def configuration(**sizes):
    return Configuration(**{"name": "test", "rows": 8, "columns": 8, "table_bits": 6,
                            "code_bits": 6} | sizes)


def wrapped(number, bits):
    return (number + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def packed(numbers, width):
    return sum((int(number) & (1 << width) - 1) << width * n for n, number in enumerate(numbers))


class Program:
    """Instructions one after the other, and what they leave in the buffers and on the output."""

    def __init__(self, c, seed):
        self.c, self.rng = c, np.random.default_rng(seed)
        self.table = self.rng.integers(1 << c.code_bits, size=1 << c.table_bits).tolist()
        self.stream = self.rng.integers(-1 << 15, 1 << 15, (DEPTH, 4)).tolist()
        self.initial = [list(word) for word in self.stream]
        self.instructions, self.payload, self.rows = [], [], []
        self.words, self.outputs, self.taps = [], [], []
        self.settings = None

    def add(self, destination, rows, *, table=False, add=False, two=False, same=False,
            groups=None, base=None):
        """One more; ``same``: with the settings of the one before. At ``base``: without gaps."""
        c, rng = self.c, self.rng
        groups = groups or c.columns // 4
        whole = destination in ROWS
        digits = 1 + (two and destination in DIGITS)
        gaps = (0, 0) if base is not None else rng.integers(2, size=2)
        group_stride = 1 + int(gaps[0])
        row_stride = digits if whole else groups * group_stride + int(gaps[1])
        span = rows * row_stride
        f = {
            "destination": destination, "table": int(table), "add": int(add),
            "base": int(rng.integers(DEPTH - span)) if base is None else base,
            "row_stride": row_stride,
            "group_stride": group_stride, "rows": rows, "groups": groups,
            "two_digits": int(two), "last": int(rng.integers(2)),
        }
        if not same:
            self.settings = self.limits(destination, table, digits)
        f |= self.settings
        self.instructions.append(f)
        bias = rng.integers(-1 << 31, 1 << 31, c.columns)
        multiplier = rng.integers(1 << 16, size=c.columns)
        shift = rng.integers(8, size=c.columns)
        self.payload += [
            pack(CHANNEL, {"bias": b, "multiplier": n, "shift": s})
            for b, n, s in zip(bias, multiplier, shift, strict=True)]
        written = {}
        for row in range(rows):
            acc = rng.integers(-1 << c.acc_width - 1, 1 << c.acc_width - 1, c.columns).tolist()
            self.rows.append({"acc": acc, "last": int(row == rows - 1)})
            results = [self.result(f, int(acc[n]) + int(bias[n]), int(multiplier[n]), int(shift[n]))
                       for n in range(4 * groups)]
            place = f["base"] + row * row_stride
            for n in range(groups):
                group = results[4 * n : 4 * n + 4]
                if add:
                    stream = self.stream[place + n * group_stride]
                    group = [max(-1 << 15, min((1 << 15) - 1, a + b))
                             for a, b in zip(group, stream, strict=True)]
                self.taps.append(group)
                if table:
                    group = [self.table[code] for code in group]
                results[4 * n : 4 * n + 4] = group
                address = place + n * group_stride
                match destination:
                    case Destination.LOGITS:
                        written["logits", address] = packed(group, c.logit_width)
                    case Destination.STREAM:
                        written["stream", address] = packed(group, 16)
                        self.stream[address] = group
                    case Destination.OUTPUT:
                        last = row == rows - 1 and n == groups - 1 and f["last"]
                        self.outputs.append((packed(group, 16), int(last)))
            if whole:
                name = destination.name.lower()
                codes = np.array(results)
                if destination == Destination.VALUES:
                    written[name, place] = packed(codes, c.code_bits)
                else:
                    for digit in range(digits):
                        written[name, place + digits - 1 - digit] = packed(
                            codes >> c.base * digit & (1 << c.base) - 1, c.base)
        self.words.append(written)

    def limits(self, destination, table, digits):
        """Shift, zero point, and limits; those of codes from 0 on."""
        c, rng = self.c, self.rng
        low, high = (-1 << 15, (1 << 15) - 1)
        if destination == Destination.LOGITS:
            low, high = -1 << c.logit_width - 1, (1 << c.logit_width - 1) - 1
        if destination in ROWS:
            bits = c.code_bits if destination == Destination.VALUES else min(15, c.base * digits)
            low, high = 0, (1 << (c.table_bits if table else bits)) - 1
        return {"shift_base": int(rng.integers(c.acc_width - 4, c.acc_width + 10)),
                "zero_point": int(rng.integers(low, high + 1)), "low": low, "high": high}

    def result(self, f, acc, multiplier, shift):
        """R1 of a column's accumulator, before the residual stream."""
        shift += f["shift_base"]
        acc = wrapped(acc, self.c.acc_width)
        rounded = (acc * multiplier + (1 << shift - 1) >> shift) + f["zero_point"]
        return max(f["low"], min(f["high"], rounded))


class Run:
    """A program through the unit; every word is looked at when its instruction is done."""

    def __init__(self, program, *, idle=0, stall=0, seed=0, resets=0):
        self.program, self.rng = program, np.random.default_rng(seed)
        self.idle, self.stall, self.resets = idle, stall, resets
        self.dut = EpilogueUnit(program.c)
        self.top = Buffered(self.dut, self.dut.buffers, DEPTH)
        clocked.run(self.top, self.scenario)

    async def scenario(self, ctx, domain):
        initial = np.random.default_rng(7).integers(0, 1 << 60, DEPTH)
        for _ in range(self.resets):
            await self.steps(ctx, int(self.rng.integers(20, 200)), initial)
            ctx.set(domain.rst, 1)
            for port in (self.dut.instruction, self.dut.payload, self.dut.i, self.dut.table):
                ctx.set(port.valid, 0)
            await ctx.tick()
            ctx.set(domain.rst, 0)
        await self.steps(ctx, 100_000, initial)
        expected = {name: [int(word) % (1 << self.dut.buffers[name].width) for word in initial]
                    for name in self.top.memories}
        expected["stream"] = self.stream
        for words in self.program.words:
            for (name, place), word in words.items():
                expected[name][place] = word
        for name, memory in self.top.memories.items():
            assert [ctx.get(memory.data[n]) for n in range(DEPTH)] == expected[name], name

    async def steps(self, ctx, limit, initial):
        p, dut, rng = self.program, self.dut, self.rng
        for name, memory in self.top.memories.items():
            for n, word in enumerate(initial):
                ctx.set(memory.data[n], int(word) % (1 << dut.buffers[name].width))
        self.stream = self.begin(ctx)
        table = Giver(dut.table, p.table, rng, 0)
        givers = [
            Giver(dut.instruction, p.instructions, rng, self.idle),
            Giver(dut.payload, p.payload, rng, self.idle),
            Giver(dut.i, p.rows, rng, self.idle),
        ]
        self.taker, self.done, self.begun, self.tapped = Taker(dut.o, rng, self.stall), [], [], []
        self.entries = []
        self.errors, self.taken, quiet, due, drivers = [], [], 0, None, [table]
        for cycle in range(limit):
            if table.count == len(p.table) and table in drivers:
                table.drive(ctx)
                drivers = givers
            for driver in (*drivers, self.taker):
                driver.drive(ctx)
            if due is not None:
                for (name, place), word in p.words[due].items():
                    assert ctx.get(self.top.memories[name].data[place]) == word, (
                        name, place, p.instructions[due])
                due = None
            if ctx.get(dut.done):
                due = len(self.done)
                self.done.append(cycle)
                quiet = 0
            if ctx.get(dut.tap.valid):
                self.tapped.append([ctx.get(dut.tap.values[n]) for n in range(4)])
                self.entries.append([ctx.get(dut.tap.entries[n]) for n in range(4)])
            if ctx.get(dut.i.valid) and ctx.get(dut.i.ready):
                self.taken.append(cycle)
            if error := ctx.get(dut.error):
                self.errors.append(error)
            for driver in drivers:
                driver.look(ctx)
            self.taker.look(ctx, cycle)
            quiet += 1
            assert quiet < 1500, f"{len(self.done)} instructions are done"
            await ctx.tick()
            if len(self.done) == len(p.instructions) and due is None:
                break

    def begin(self, ctx):
        """The residual stream before the first instruction."""
        words = [packed(word, 16) for word in self.program.initial]
        for n, word in enumerate(words):
            ctx.set(self.top.memories["stream"].data[n], word)
        return words


def check(run):
    p = run.program
    assert run.tapped == p.taps
    assert run.entries == [[p.table[n % len(p.table)] for n in group] for group in p.taps]
    assert [(beat.data, beat.last) for beat in run.taker.elements] == p.outputs
    assert run.errors == []


def mixed(c, seed, count):
    """Every destination, with and without what it can have."""
    p = Program(c, seed)
    rng = p.rng
    for _ in range(count):
        destination = Destination(int(rng.integers(len(Destination))))
        rows, groups = int(rng.integers(1, 6)), c.columns // 4
        two = bool(rng.integers(2))
        same = bool(p.instructions) and bool(rng.integers(2)) and (
            p.instructions[-1]["destination"] == destination)
        options = {}
        if destination == Destination.HIDDEN:
            options = {"table": bool(rng.integers(2))}
        if destination in (Destination.STREAM, Destination.OUTPUT):
            options = {"add": bool(rng.integers(2)), "groups": int(rng.integers(1, groups + 1))}
        p.add(destination, rows, two=two, **options, same=same and not options.get("table"))
    return p


@pytest.mark.parametrize(("sizes", "count", "idle", "stall"), [
    ({}, 30, 0, 0),
    ({}, 20, 40, 50),
    ({"rows": 4, "columns": 4, "acc_width": 27, "base": 5, "code_bits": 8}, 30, 0, 60),
    ({"rows": 12, "columns": 12, "logit_width": 16, "base": 8, "code_bits": 8}, 14, 10, 10),
], ids=str)
def test_every_destination(sizes, count, idle, stall):
    check(Run(mixed(configuration(**sizes), 1, count), idle=idle, stall=stall))


def test_instructions_of_the_same_settings_follow_without_a_gap():
    p = Program(configuration(), 2)
    destinations = [Destination.LOGITS] * 3 + [Destination.STREAM] * 3 + [*DIGITS]
    for n, destination in enumerate(destinations):
        p.add(destination, 8 + n, same=n % 3 > 0, two=True)
    run = Run(p)
    check(run)
    gaps = np.diff(run.done) - [2 * f["rows"] for f in p.instructions[1:]]
    # The upper digits are written a cycle later.
    assert gaps.tolist() == [0, 0, EpilogueUnit.GAP, 0, 0, EpilogueUnit.GAP + 1, 0, 0]
    assert run.done[0] - run.taken[0] == 2 * 8 - 2 + EpilogueUnit.LATENCY


def test_what_is_added_waits_for_what_was_written():
    p = Program(configuration(), 3)
    p.add(Destination.STREAM, 2, base=40)
    for _ in range(3):
        p.add(Destination.STREAM, 2, add=True, same=True, base=40)
    p.add(Destination.STREAM, 2, same=True)
    run = Run(p)
    check(run)
    assert np.diff(run.done).tolist() == [2 * 2 + EpilogueUnit.GAP] * 4


def test_a_tile_of_other_rows_than_the_instruction_is_an_error():
    p = Program(configuration(), 4)
    for _ in range(3):
        p.add(Destination.LOGITS, 4)
    p.rows[4]["last"], p.rows[10]["last"] = 1, 1
    assert Run(p).errors == [Error.OPERAND] * 2


def test_reset_in_mid_stream():
    check(Run(mixed(configuration(), 5, 8), idle=20, stall=20, resets=2))


@pytest.mark.parametrize(("sizes", "text"), [
    ({"epilogue_lanes": 2}, "Epilogue lanes must be 4, not 2"),
    ({"rows": 4}, "Columns must be 4, not 8"),
])
def test_rejects(sizes, text):
    with pytest.raises(ValueError) as caught:
        EpilogueUnit(configuration(**sizes))
    assert str(caught.value) == text
