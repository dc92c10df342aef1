# amaranth: UnusedElaboratable=no
"""The engine's attention × V: programs of instructions against golden, other widths, timing."""

import numpy as np
import pytest

from tests.rtl.engine.adapter import Adapter, code_words, packed
from vit2rtl.golden.arithmetic.attention_value import (
    Multipliers,
    accumulate,
    fraction_bits,
    requantize,
)
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.rtl.engine.attention import AttentionUnit


def configuration(**sizes):
    return Configuration(**{
        "name": "test", "rows": 4, "columns": 4, "attention_rows": 2, "softmax_lanes": 2,
        "attention_acc_width": 16, "tokens": 5, "code_banks": 10, "projected": 4 * 200} | sizes)


class Program:
    """Random instructions, the codes and values that they read, and what golden has of them."""

    def __init__(self, c, seed):
        self.c, self.rng = c, np.random.default_rng(seed)
        self.codes = self.rng.integers(1 << c.attention_bits, size=(50, c.columns))
        self.values = self.rng.integers(1 << c.code_bits, size=(200, c.columns))
        self.instructions, self.expected, self.taps = [], [], []
        self.settings = None

    @property
    def memories(self):
        return {
            "read_codes": [packed(word, self.c.attention_bits) for word in self.codes],
            "read_values": [packed(word, self.c.code_bits) for word in self.values]}

    def add(self, *, queries, keys, tiles, bits, code_bits=None, same=False):
        """bits: of values and results; code_bits: of a program's codes, if fewer."""
        c, rng = self.c, self.rng
        zero_point = int(rng.integers((1 << bits) + 1))
        if not same:
            odd = int(rng.integers(1 << 16, 1 << 17))
            self.settings = {
                "value_zero_point": zero_point, "multiplier_odd": odd,
                "multiplier_even": odd * 46341 >> 16, "shift": int(rng.integers(19, 23)),
                "zero_point": int(rng.integers(1 << bits)), "top": (1 << bits) - 1,
                "two_digits": c.code_digits(bits) - 1}
        digits = 1 + self.settings["two_digits"]
        value_stride, tile_stride = tiles + int(rng.integers(3)), digits + int(rng.integers(2))
        row_stride = tiles * tile_stride + int(rng.integers(3))
        codes_at = int(rng.integers(len(self.codes) - keys))
        values_at = int(rng.integers(len(self.values) - keys * value_stride))
        target = int(rng.integers(200 - queries * row_stride))
        self.instructions.append({
            "code_base": codes_at, "keys": keys, "queries": queries, "value_base": values_at,
            "value_row_stride": value_stride, "channel_tiles": tiles, "base": target,
            "row_stride": row_stride, "tile_stride": tile_stride, **self.settings})
        codes = self.codes[codes_at : codes_at + keys].T
        values = np.array([self.values[values_at + key * value_stride :][:tiles].reshape(-1)
                           for key in range(keys)])
        results = self.results(codes, values, code_bits or c.attention_bits)
        self.expected.append({
            ("write_attended", target + q * row_stride + tile * tile_stride + n, 0): word
            for q in range(queries) for tile, part in enumerate(results[q].reshape(tiles, -1))
            for n, word in enumerate(code_words(part, c.base, digits))})
        blocks = range(0, queries, c.attention_rows)
        self.taps += [
            [code] for block in blocks for tile in range(tiles)
            for row in results[block : block + c.attention_rows]
            for code in row.reshape(tiles, -1)[tile]]

    def results(self, codes, values, code_bits):
        """int[columns, channels] of all queries of the tile.

        A program of fewer bits has the same codes, but for its zero code; its sums have fewer
        fraction bits, and so its shift is smaller.
        """
        s, zero = self.settings, (1 << self.c.attention_bits) - 1
        less = fraction_bits(self.c.attention_bits, "top") - fraction_bits(code_bits, "top")
        own = np.where(codes == zero, (1 << code_bits) - 1, codes)
        even, odd = accumulate(own, values, s["value_zero_point"], bits=code_bits)
        factors = Multipliers(s["multiplier_even"], s["multiplier_odd"], s["shift"] - less)
        bits = int(s["top"]).bit_length()
        return requantize(even, odd, factors, s["zero_point"], bits=bits).astype(int)

    def check(self, adapter):
        assert adapter.written == self.expected
        assert adapter.tapped == self.taps


@pytest.mark.parametrize(("sizes", "bits", "idle"), [
    ({}, (4, 3), 0),
    ({"rows": 8, "columns": 8, "attention_rows": 4, "code_bits": 8, "attention_acc_width": 20},
     (8, 4), 70),
    ({"attention_rows": 4, "code_bits": 5, "projected": 8 * 200}, (5, 4), 90),
    ({"attention_rows": 1, "attention_bits": 3, "base": 6, "code_bits": 7}, (7, 6), 0),
], ids=str)
def test_equals_golden(sizes, bits, idle):
    """Tiles of all sizes, codes of one digit and of two, at addresses anywhere."""
    c = configuration(**sizes)
    program = Program(c, sum(bits))
    rng = np.random.default_rng(1)
    for n in range(8):
        program.add(queries=c.columns if n == 2 else int(rng.integers(1, c.columns + 1)),
                    keys=c.tokens if n == 3 else int(rng.integers(1, c.tokens + 1)),
                    tiles=int(rng.integers(1, 4)), bits=bits[n // 3 % 2], same=n % 3 > 0)
    adapter = Adapter(AttentionUnit(c), program.memories, idle=idle)
    program.check(adapter.run(program.instructions))


def test_programs_of_fewer_bits_have_another_shift():
    c = configuration(attention_bits=5, attention_acc_width=20)
    program = Program(c, 8)
    program.codes = np.where(program.codes < 7, program.codes, 31)
    for tiles in (1, 2):
        program.add(queries=4, keys=5, tiles=tiles, bits=4, code_bits=3)
    adapter = Adapter(AttentionUnit(c), program.memories)
    program.check(adapter.run(program.instructions))


@pytest.mark.parametrize("keys", [12, 5])
def test_tiles_follow_each_other(keys):
    """Also those of instructions with the same settings; others wait."""
    c = configuration(tokens=12)
    program = Program(c, keys)
    for n in range(5):
        program.add(queries=4, keys=keys, tiles=2, bits=4, same=0 < n < 4)
    adapter = Adapter(AttentionUnit(c), program.memories).run(program.instructions)
    program.check(adapter)
    steps = np.diff(adapter.done)
    tile = max(keys, 8) + 1
    tiles = 4 * tile
    assert adapter.done[0] - adapter.begun[0] == 3 * tile + keys + 8 + 14
    assert set(steps[:3] - tiles) <= {0, 1}
    assert steps[3] > tiles + 8


def test_more_instructions_than_may_be_inside():
    """Tiles of a key enter faster than they drain."""
    c = configuration()
    program = Program(c, 6)
    for n in range(10):
        program.add(queries=1, keys=1, tiles=1, bits=4, same=n > 0)
    program.check(Adapter(AttentionUnit(c), program.memories).run(program.instructions))


@pytest.mark.parametrize("cycles", [12, 45, 60])
def test_reset_in_mid_stream_leaves_nothing(cycles):
    """While codes and values are read, and while words are written of either tile."""
    c = configuration(code_bits=8, attention_acc_width=20)
    program = Program(c, cycles)
    for queries in (3, 4):
        program.add(queries=queries, keys=5, tiles=2, bits=8, same=queries == 4)
    adapter = Adapter(AttentionUnit(c), program.memories)
    program.check(adapter.run(program.instructions, reset=cycles))


def test_addresses_beyond_a_buffer_do_not_come_back():
    """The buffer sees them: 17 bits do not wrap where 16 would."""
    c = configuration()
    program = Program(c, 5)
    program.add(queries=4, keys=2, tiles=2, bits=4)
    far = program.instructions[0] | dict.fromkeys(("code_base", "value_base", "base"), 65535) | (
        {"value_row_stride": 4095, "row_stride": 4095, "tile_stride": 4094})
    adapter = Adapter(AttentionUnit(c), program.memories).run([far])
    assert adapter.reads["read_codes"] == [65535, 65536] * 4
    assert adapter.reads["read_values"] == [65535, 65535 + 4095, 65536, 65536 + 4095] * 2
    assert [address for _, address, _ in adapter.written[0]] == [
        65535 + 4095 * (block + query) + 4094 * tile
        for block in (0, 2) for tile in range(2) for query in range(2)]


def test_refuses():
    with pytest.raises(ValueError) as error:
        AttentionUnit(configuration(attention_rows=3))
    assert str(error.value) == (
        "Queries of attention × V at a time must divide the 4 of a tile, not 3")
