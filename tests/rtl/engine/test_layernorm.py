# amaranth: UnusedElaboratable=no
"""The engine's LayerNorm: programs of instructions against golden, stalls, timing, errors."""

import numpy as np
import pytest

from tests.rtl.engine.adapter import Adapter, code_words, packed
from vit2rtl.golden.arithmetic.layernorm import LayerNorm, layer_norm
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import AFFINE, pack
from vit2rtl.rtl.engine.layernorm import LayerNormUnit


def configuration(**sizes):
    return Configuration(**{
        "name": "test", "rows": 8, "columns": 8, "base": 4, "layernorm_lanes": 2, "channels": 20,
        "stream": 4 * 200, "normalized": 8 * 200} | sizes)


class Program:
    """Random instructions, what they read, and what golden has of them.

    A row of words lies anywhere, so strides are of words between rows, gaps included.
    """

    def __init__(self, c, seed):
        self.c, self.rng = c, np.random.default_rng(seed)
        self.stream = self.rng.integers(-(1 << 15), 1 << 15, (c.stream // 4, 4))
        self.instructions, self.payload, self.expected, self.taps = [], [], [], []
        self.affine = self.settings = None
        self.defined = {}  # bits of words that have a meaning

    @property
    def memories(self):
        return {"read_stream": [packed(word, 16) for word in self.stream]}

    def add(self, *, rows, columns, bits, table, same=False):
        c, rng = self.c, self.rng
        if table:
            self.affine = rng.integers(-(1 << 16) + 1, 1 << 16, c.channels), rng.integers(
                -(1 << 20), 1 << 22, c.channels)
            self.payload += [pack(AFFINE, {"gain": int(g), "offset": int(o)})
                             for g, o in zip(*self.affine, strict=True)]
        if not same:
            self.settings = int(rng.integers(10, 20)), int(rng.integers(1, 1 << 35))
        shift, epsilon = self.settings
        digits = c.code_digits(bits)
        words, code_words_ = -(-columns // 4), -(-columns // c.rows) * digits
        stride = words + int(rng.integers(3))
        row_stride = code_words_ + int(rng.integers(3))
        base = int(rng.integers(len(self.stream) - rows * stride))
        target = int(rng.integers(200 - rows * row_stride))
        self.instructions.append({
            "table": int(table), "stream_base": base, "stream_row_stride": stride, "rows": rows,
            "columns": columns, "base": target, "row_stride": row_stride,
            "two_digits": digits - 1, "shift": shift, "epsilon": epsilon,
            "top": (1 << bits) - 1})
        x = np.stack([self.stream[base + n * stride :][:words].reshape(-1)[:columns]
                      for n in range(rows)])
        gain, offset = (values[:columns] for values in self.affine)
        codes = layer_norm(x, LayerNorm(gain, offset, shift, epsilon), bits=bits)
        self.expect(codes, target, row_stride, digits)

    def expect(self, codes, target, row_stride, digits):
        c, lanes = self.c, self.c.layernorm_lanes
        columns = codes.shape[1]
        beats = -(-columns // lanes)
        whole = np.pad(codes, ((0, 0), (0, -columns % c.rows)))
        defined = np.full(whole.shape, (1 << digits * c.base) - 1)
        defined[:, columns : beats * lanes] = 0
        self.expected.append({
            ("write_normalized", target + row * row_stride + n, 0): word
            for row, line in enumerate(whole) for n, word in enumerate(self.words(line, digits))})
        self.defined |= {
            (len(self.expected) - 1, target + row * row_stride + n): word
            for row, line in enumerate(defined)
            for n, word in enumerate(self.words(line, digits))}
        self.taps += [line[n * lanes :][:lanes].tolist() for line in codes for n in range(beats)]

    def words(self, line, digits):
        return [word for part in line.reshape(-1, self.c.rows)
                for word in code_words(part, self.c.base, digits)]

    def check(self, adapter):
        """Every word in the right instruction, and the tap, but for lanes beyond a row."""
        written = [
            {key: word & self.defined.get((n, key[1]), 0) for key, word in words.items()}
            for n, words in enumerate(adapter.written)]
        assert written == self.expected
        assert [codes[: len(tap)] for codes, tap in zip(adapter.tapped, self.taps, strict=True)
                ] == self.taps


@pytest.mark.parametrize(("sizes", "bits", "idle", "refused"), [
    ({}, (4, 3, 2), 0, 0),
    ({"code_bits": 8}, (8, 4, 6), 30, 60),
    ({"layernorm_lanes": 1, "code_bits": 6}, (5, 4), 50, 90),
    ({"layernorm_lanes": 4, "base": 6, "code_bits": 7, "channels": 22}, (7, 6), 0, 30),
    ({"layernorm_lanes": 4, "rows": 4, "columns": 4, "code_bits": 5}, (5, 4), 0, 0),
    ({"layernorm_lanes": 4, "rows": 16, "columns": 16, "base": 8}, (4,), 70, 0),
], ids=str)
def test_equals_golden(sizes, bits, idle, refused):
    """Rows of all lengths, other widths, with and without a table, at addresses anywhere."""
    c = configuration(**sizes)
    program = Program(c, sum(bits))
    rng = np.random.default_rng(9)
    for n in range(7):
        columns = c.channels if n == 1 else int(rng.integers(2, c.channels + 1))
        program.add(rows=int(rng.integers(1, 4)), columns=columns, bits=int(rng.choice(bits)),
                    table=n in (0, 3, 6))
    adapter = Adapter(LayerNormUnit(c), program.memories, idle=idle, refused=refused)
    program.check(adapter.run(program.instructions, program.payload))


@pytest.mark.parametrize("idle", [0, 60])
def test_instructions_of_the_same_settings_overlap(idle):
    """Their rows follow each other as those of one instruction; another table waits."""
    c = configuration(channels=80, stream=4 * 2000, normalized=8 * 200)
    program = Program(c, 3)
    for n in range(6):
        program.add(rows=1 + n % 2, columns=80, bits=4, table=n in (0, 5), same=n > 0)
    adapter = Adapter(LayerNormUnit(c), program.memories, idle=idle).run(
        program.instructions, program.payload)
    program.check(adapter)
    if not idle:
        assert adapter.done[0] - adapter.begun[0] == 2 * 40 + 46 + 1 + c.channels
        assert np.diff(adapter.done).tolist()[:4] == [81, 41, 81, 41]
        assert np.diff(adapter.done)[4] > 80 + 60


def test_more_instructions_than_may_be_inside():
    """Short rows enter faster than their roots are made."""
    c = configuration(channels=80)
    program = Program(c, 6)
    for n in range(10):
        program.add(rows=1, columns=3, bits=4, table=n == 0, same=n > 0)
    adapter = Adapter(LayerNormUnit(c), program.memories)
    program.check(adapter.run(program.instructions, program.payload))


@pytest.mark.parametrize("cycles", [4, 33, 100])
def test_reset_in_mid_stream_leaves_nothing(cycles):
    """While the table is loaded, elements are read, words are written."""
    c = configuration(code_bits=8)
    program = Program(c, cycles)
    for bits in (8, 4):
        program.add(rows=2, columns=18, bits=bits, table=bits == 8)
    adapter = Adapter(LayerNormUnit(c), program.memories, refused=20)
    program.check(adapter.run(program.instructions, program.payload, reset=cycles))


def test_a_word_is_read_once_whatever_the_lanes():
    """So a port that is granted every other cycle is enough for two lanes and for one."""
    c = configuration(layernorm_lanes=1, channels=60)
    program = Program(c, 4)
    program.add(rows=3, columns=59, bits=4, table=True)
    adapter = Adapter(LayerNormUnit(c), program.memories, refused=50).run(
        program.instructions, program.payload)
    base, stride = (program.instructions[0][f"stream_{x}"] for x in ("base", "row_stride"))
    assert adapter.reads["read_stream"] == [
        base + row * stride + word for row in range(3) for word in range(15)]
    assert adapter.done[0] - adapter.begun[0] - c.channels < 46 + 4 * 59 * 5 // 4


def test_addresses_beyond_a_buffer_do_not_come_back():
    """The buffer sees them: a stride beyond its last word does not wrap, where a bit less would."""
    c = configuration(channels=2)
    program = Program(c, 5)
    program.add(rows=1, columns=2, bits=4, table=True)
    far = program.instructions[0] | {
        "stream_base": 32767, "stream_row_stride": 4095, "base": 32000, "row_stride": 4095,
        "rows": 3}
    adapter = Adapter(LayerNormUnit(c), program.memories).run([far], program.payload)
    assert adapter.reads["read_stream"] == [32767 + 4095 * row for row in range(3)]
    assert [address for _, address, _ in adapter.written[0]] == [
        32000 + 4095 * row for row in range(3)]


@pytest.mark.parametrize(("sizes", "message"), [
    ({"layernorm_lanes": 3}, "Lanes must divide the 4 of a word of the stream, not 3"),
    ({"layernorm_lanes": 4, "rows": 6}, "Lanes must divide the 6 of a word of codes, not 4"),
])
def test_refuses(sizes, message):
    with pytest.raises(ValueError) as error:
        LayerNormUnit(configuration(**sizes))
    assert str(error.value) == message
