# amaranth: UnusedElaboratable=no
"""The engine's softmax: programs of instructions against golden, other widths, timing, errors."""

import numpy as np
import pytest

from tests.rtl.engine.adapter import Adapter, packed
from vit2rtl.golden.arithmetic.softmax import Softmax, quantize
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.rtl.engine.softmax import SoftmaxUnit

WIDTH, ROM_BITS = 6, 5


def configuration(**sizes):
    return Configuration(**{
        "name": "test", "rows": 8, "columns": 8, "softmax_lanes": 2, "logit_width": WIDTH,
        "rom_bits": ROM_BITS,
        "tokens": 9, "logit_banks": 10, "code_banks": 10} | sizes)


class Program:
    """Random instructions, the logits that they read, and what golden has of them."""

    def __init__(self, c, seed):
        self.c, self.rng = c, np.random.default_rng(seed)
        half, words = 1 << WIDTH - 1, c.logit_banks * c.tokens * c.columns // 4
        self.logits = self.rng.integers(-half, half, (words, 4))
        self.instructions, self.expected, self.taps = [], [], []
        self.settings = None

    @property
    def memories(self):
        return {"read_logits": [packed(word, WIDTH) for word in self.logits]}

    def add(self, *, queries, keys, bits, same=False):
        c, rng = self.c, self.rng
        if not same:
            threshold = int(rng.integers(1 << 30, 1 << 31))
            self.settings = {
                "multiplier": int(rng.integers(1 << 15, 1 << 16)),
                "shift": int(rng.integers(10, 13)),
                "threshold_a": min((1 << 32) - 1, threshold + int(rng.integers(threshold))),
                "threshold_b": threshold, "threshold_shift": int(rng.integers(30, 34))}
        stride = keys + int(rng.integers(3))
        base = int(rng.integers(len(self.logits) - stride * (c.columns // 4)))
        target = int(rng.integers(c.code_banks * c.tokens - keys))
        self.instructions.append({
            "logit_base": base, "group_stride": stride, "code_base": target, "keys": keys,
            "queries": queries, "top": (1 << bits) - 1, **self.settings})
        lanes = c.softmax_lanes
        computed = -(-queries // lanes) * lanes
        rows = np.array([[self.logits[base + q // 4 * stride + key, q % 4] for key in range(keys)]
                         for q in range(computed)])
        codes = quantize(rows, Softmax(
            **self.settings, bits=bits, width=WIDTH, rom_bits=ROM_BITS)).astype(int)
        zeros = codes == (1 << bits) - 1
        written = np.where(zeros, (1 << c.attention_bits) - 1, codes)
        groups = range(computed // lanes)
        self.expected.append({
            ("write_codes", target + key, group): packed(
                written[group * lanes :][:lanes, key], c.attention_bits)
            for group in groups for key in range(keys)})
        self.taps += [codes[group * lanes :][:lanes, key].tolist()
                      for group in groups for key in range(keys)]

    def check(self, adapter):
        assert adapter.written == self.expected
        assert adapter.tapped == self.taps


@pytest.mark.parametrize(("sizes", "bits", "idle"), [
    ({}, (4, 3, 2), 0),
    ({"softmax_lanes": 1, "rows": 4, "columns": 4, "attention_bits": 3}, (3, 2), 90),
    ({"softmax_lanes": 4, "attention_bits": 5}, (5, 4, 3), 50),
], ids=str)
def test_equals_golden(sizes, bits, idle):
    """Tiles of all sizes, widths up to the codes' own, at addresses anywhere."""
    c = configuration(**sizes)
    program = Program(c, sum(bits))
    rng = np.random.default_rng(2)
    for n in range(9):
        program.add(queries=c.columns if n == 2 else int(rng.integers(1, c.columns + 1)),
                    keys=c.tokens if n == 3 else int(rng.integers(1, c.tokens + 1)),
                    bits=bits[n // 3 % len(bits)], same=n % 3 > 0)
    adapter = Adapter(SoftmaxUnit(c), program.memories, idle=idle)
    program.check(adapter.run(program.instructions))


def test_instructions_of_the_same_settings_overlap():
    """Their groups follow each other, a cycle later at most; other settings wait."""
    c = configuration(tokens=40)
    program = Program(c, 7)
    for n in range(6):
        program.add(queries=(1, 2, 4, 3, 1, 6)[n], keys=40, bits=4, same=0 < n < 5)
    adapter = Adapter(SoftmaxUnit(c), program.memories).run(program.instructions)
    program.check(adapter)
    steps = np.diff(adapter.done)
    assert adapter.done[0] - adapter.begun[0] == 3 * 40 + 8 * 2 + 30
    assert set(steps[:4] - 41 * np.array([1, 2, 2, 1])) <= {0, 1}
    assert steps[4] > 3 * 41 + 2 * 41


def test_more_instructions_than_may_be_inside():
    """Short rows enter faster than their thresholds are made."""
    c = configuration()
    program = Program(c, 6)
    for n in range(10):
        program.add(queries=1, keys=1, bits=4, same=n > 0)
    program.check(Adapter(SoftmaxUnit(c), program.memories).run(program.instructions))


@pytest.mark.parametrize("cycles", [11, 60, 95])
def test_reset_in_mid_stream_leaves_nothing(cycles):
    """While logits are read, and while codes are written of the first group and the second."""
    c = configuration()
    program = Program(c, cycles)
    for queries in (5, 8):
        program.add(queries=queries, keys=9, bits=4, same=queries == 8)
    adapter = Adapter(SoftmaxUnit(c), program.memories)
    program.check(adapter.run(program.instructions, reset=cycles))


def test_addresses_beyond_a_buffer_do_not_come_back():
    """The buffer sees them: a stride beyond its last word does not wrap, where a bit less would."""
    c = configuration()
    program = Program(c, 5)
    program.add(queries=8, keys=3, bits=4)
    far = program.instructions[0] | {
        "logit_base": 1599, "group_stride": 4095, "code_base": 1599}
    adapter = Adapter(SoftmaxUnit(c), program.memories).run([far])
    keys = [1599, 1600, 1601]
    assert adapter.reads["read_logits"] == [
        key + 4095 * (group // 2) for group in range(4) for key in keys]
    assert [address for _, address, _ in adapter.written[0]] == keys * 4


@pytest.mark.parametrize(("sizes", "message"), [
    ({"softmax_lanes": 8}, "Lanes must divide the 4 of a word of logits, not 8"),
    ({"columns": 6, "softmax_lanes": 4}, "Lanes must divide the 6 of a word of codes, not 4"),
])
def test_refuses(sizes, message):
    with pytest.raises(ValueError) as error:
        SoftmaxUnit(configuration(**sizes))
    assert str(error.value) == message
