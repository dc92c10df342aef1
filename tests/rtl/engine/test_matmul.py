"""The engine's array: instructions against sums in Python, buffers that change behind them."""

import numpy as np
import pytest

from tests import clocked
from tests.rtl.engine.ports import Buffered, Giver, Taker
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Source
from vit2rtl.rtl.engine.matmul import MatmulUnit

# Words of a buffer, and regions of it: one for each of the instructions that are under way.
DEPTH, REGIONS = 512, 4
KINDS = [(codes, weights, dynamic) for codes in (0, 1) for weights in (0, 1) for dynamic in (0, 1)]


def configuration(**sizes):
    return Configuration(name="test", **{"rows": 4, "columns": 4, "bank_rows": 9} | sizes)


class Job:
    """A random instruction: its fields, its payload, the words that it reads, its sums.

    Addresses are from ``base`` on; what lies between its words is not the instruction's.
    """

    def __init__(self, c, rng, kind, rows, k_tiles, base):
        self.c, self.rng = c, rng
        codes, weights, dynamic = kind
        self.words = {}
        self.source = Source(int(rng.integers(len(Source)))).name.lower()
        tile_stride = int(rng.integers(1 + codes, 4))
        row_stride = k_tiles * tile_stride + int(rng.integers(2))
        self.fields = {
            "source": Source[self.source.upper()], "base": base, "row_stride": row_stride,
            "tile_stride": tile_stride, "rows": rows, "k_tiles": k_tiles,
            "two_code_digits": codes, "two_weight_digits": weights, "dynamic": dynamic,
            "query_base": 0, "query_row_stride": 0, "query_tile_stride": 0, "queries": 0,
            "query_zero_point": 0, "key_zero_point": 0,
        }
        x = self.matrix(self.source, base, row_stride, tile_stride, rows, k_tiles, codes)
        self.payload = []
        operands = self.queries(k_tiles, weights, base) if dynamic else self.weights(
            k_tiles, weights)
        sums = x.T @ operands - self.fields["key_zero_point"] * operands.sum(axis=0)
        half = 1 << c.acc_width - 1
        self.sums = ((sums + half) % (2 * half) - half).tolist()

    def matrix(self, buffer, base, row_stride, tile_stride, rows, k_tiles, two):
        """object[k, rows]: codes of words that are drawn here."""
        c = self.c
        x = np.zeros((k_tiles * c.rows, rows), object)
        for row in range(rows):
            for tile in range(k_tiles):
                for digit in range(1 + two):
                    place = base + row * row_stride + tile * tile_stride + digit
                    digits = self.digits()
                    self.words[buffer, place] = packed(digits, c.base)
                    upper = two and not digit
                    x[tile * c.rows :][: c.rows, row] += digits << c.base * upper
        return x

    def digits(self):
        """Those of a column or of a row; often extremes."""
        top = (1 << self.c.base) - 1
        extreme = self.rng.choice([0, top], self.c.rows)
        return np.where(self.rng.random() < 0.3, extreme,
                        self.rng.integers(0, top, self.c.rows, endpoint=True)).astype(object)

    def queries(self, k_tiles, two, base):
        c, rng = self.c, self.rng
        count = int(rng.integers(c.columns + 1))
        tile_stride = 1 + two
        most = 1 << (c.base if not two else min(2 * c.base, 8))
        self.fields |= {
            "query_base": base, "query_row_stride": k_tiles * tile_stride + 1,
            "query_tile_stride": tile_stride, "queries": count,
            "query_zero_point": int(rng.integers(most, endpoint=True)),
            "key_zero_point": int(rng.integers(-512, 512)),
        }
        q = self.matrix("queries", base, k_tiles * tile_stride + 1, tile_stride, count, k_tiles,
                        two)
        operands = np.zeros((k_tiles * c.rows, c.columns), object)
        operands[:, :count] = q - self.fields["query_zero_point"]
        return operands

    def weights(self, k_tiles, two):
        c, rng = self.c, self.rng
        self.fields["key_zero_point"] = int(rng.integers(-512, 512))
        zero_points = rng.integers(0, min(255, 1 << c.base), (1 + two, c.columns), endpoint=True)
        for digit in zero_points.tolist():
            self.payload += beats(digit, 8)
        operands = np.zeros((k_tiles * c.rows, c.columns), object)
        for tile in range(k_tiles):
            for digit in range(1 + two):
                columns = [self.digits() for _ in range(c.columns)]
                self.payload += beats([packed(x, c.base) for x in columns], c.rows * c.base)
                scale = c.base * (two and not digit)
                for n, column in enumerate(columns):
                    centered = column - int(zero_points[digit, n])
                    operands[tile * c.rows :][: c.rows, n] += centered << scale
        return operands

    def cycles(self):
        """Rows of codes that the array takes, and what short passes lack."""
        f = self.fields
        passes = f["k_tiles"] * (1 + f["two_code_digits"]) * (1 + f["two_weight_digits"])
        return passes * max(4, f["rows"])


def packed(numbers, width):
    return sum(int(number) << width * n for n, number in enumerate(numbers))


def beats(numbers, width):
    """64 bits each, as many numbers as fit; a longer number takes several."""
    if width > 64:
        return [int(x) >> n & (1 << 64) - 1 for x in numbers for n in range(0, width, 64)]
    size = 64 // width
    return [packed(numbers[n : n + size], width) for n in range(0, len(numbers), size)]


class Run:
    """Jobs through the unit: sums [job][row][column], and the cycles of all that happened.

    A job's words are in the buffers from the cycle in which its instruction is offered on, until it
    is done: before and afterwards there is something else.
    """

    def __init__(self, c, jobs, *, idle=0, stall=0, seed=0, resets=0):
        self.jobs, self.rng = jobs, np.random.default_rng(seed)
        self.idle, self.stall, self.resets = idle, stall, resets
        self.dut = MatmulUnit(c)
        self.top = Buffered(self.dut, self.dut.buffers, DEPTH)
        self.done = []
        clocked.run(self.top, self.scenario)

    async def scenario(self, ctx, domain):
        for _ in range(self.resets):
            await self.steps(ctx, int(self.rng.integers(150)))
            ctx.set(domain.rst, 1)
            for port in (self.dut.instruction, self.dut.payload):
                ctx.set(port.valid, 0)
            await ctx.tick()
            ctx.set(domain.rst, 0)
        await self.steps(ctx, 100_000)
        rows = iter(self.taker.elements)
        self.sums, self.lasts = [], []
        for job in self.jobs:
            tile = [next(rows) for _ in job.sums]
            self.sums.append([[row.acc[n] for n in range(len(row.acc))] for row in tile])
            self.lasts.append([row.last for row in tile])

    def fill(self, ctx, job, noise):
        for (buffer, place), word in job.words.items():
            memory = self.top.memories[buffer]
            random = int.from_bytes(self.rng.bytes(16)) % (1 << self.dut.buffers[buffer].width)
            ctx.set(memory.data[place], random if noise else word)

    async def steps(self, ctx, limit):
        rng = self.rng
        for job in self.jobs:
            self.fill(ctx, job, True)
        givers = [
            Giver(self.dut.instruction, [job.fields for job in self.jobs], rng, self.idle,
                  lambda ctx, n: self.fill(ctx, self.jobs[n], False)),
            Giver(self.dut.payload, [beat for job in self.jobs for beat in job.payload], rng,
                  self.idle),
        ]
        self.taker, self.done = Taker(self.dut.o, rng, self.stall), []
        count, quiet = sum(len(job.sums) for job in self.jobs), 0
        for cycle in range(limit):
            for driver in (*givers, self.taker):
                driver.drive(ctx)
            if ctx.get(self.dut.done):
                self.fill(ctx, self.jobs[len(self.done)], True)
                self.done.append(cycle)
            for giver in givers:
                giver.look(ctx)
            before = len(self.taker.elements)
            self.taker.look(ctx, cycle)
            quiet = 0 if len(self.taker.elements) > before else quiet + 1
            assert quiet < 1500, f"{before} of {count} rows"
            await ctx.tick()
            if len(self.taker.elements) == count and len(self.done) == len(self.jobs):
                break


def region(n):
    """Where an instruction's words may be: the first address that is its own."""
    return DEPTH // REGIONS * (n % REGIONS)


def jobs(c, seed, count):
    """Every kind of instruction, in random order and shapes; regions of their own."""
    rng = np.random.default_rng(seed)
    kinds = [KINDS[n] for n in rng.permutation(len(KINDS))]
    return [Job(c, rng, kinds[n % len(kinds)], int(rng.integers(1, c.bank_rows + 1)),
                int(rng.integers(1, 4)), region(n) + int(rng.integers(4)))
            for n in range(count)]


def check(run):
    for n, job in enumerate(run.jobs):
        assert run.sums[n] == job.sums, (n, job.fields)
        assert run.lasts[n] == [0] * (len(job.sums) - 1) + [1]


@pytest.mark.parametrize(("sizes", "count", "idle", "stall"), [
    ({}, 24, 0, 0),
    ({}, 16, 40, 60),
    ({"rows": 8, "columns": 8}, 8, 10, 50),
    ({"rows": 2, "columns": 9, "base": 8, "acc_width": 27}, 10, 0, 30),
    ({"rows": 3, "columns": 3, "base": 5, "acc_width": 12}, 20, 20, 0),
    ({"rows": 11, "columns": 2, "base": 6}, 8, 0, 0),
], ids=str)
def test_every_kind_of_instruction(sizes, count, idle, stall):
    c = configuration(**sizes)
    check(Run(c, jobs(c, 1 + idle, count), idle=idle, stall=stall, seed=3))


def test_no_cycle_is_lost():
    """Not between passes, nor between instructions of whatever kind, as long as both banks drain:
    a tile takes no less than the latency and its rows."""
    c, rng = configuration(), np.random.default_rng(5)
    run = Run(c, [Job(c, rng, KINDS[n % len(KINDS)], 8 + n % 2, 3, region(n)) for n in range(10)])
    check(run)
    assert np.diff(run.done).tolist() == [job.cycles() for job in run.jobs[1:]]
    first = run.taker.cycles[sum(len(job.sums) for job in run.jobs[:-1])]
    assert first - run.done[-1] == run.dut.latency == 11


@pytest.mark.parametrize("dynamic", [0, 1])
def test_passes_shorter_than_their_loading(dynamic):
    """A stationary tile loads in columns + 1 cycles; zero points do not add to that."""
    c, rng = configuration(), np.random.default_rng(6)
    run = Run(c, [Job(c, rng, (0, 0, dynamic), 1 + n % 3, 4, region(n)) for n in range(6)])
    check(run)
    begun = np.subtract(run.done, [len(job.sums) for job in run.jobs])  # of the last passes
    assert np.diff(begun).tolist() == [4 * (c.columns + 1) + dynamic] * 5


def test_reset_in_mid_stream():
    c = configuration()
    check(Run(c, jobs(c, 9, 6), idle=20, stall=20, resets=4))
