"""What units do of an instruction: a reader and a writer each, a few words at a time.

A reader is a generator of pieces of what it read. A writer is called with one after the other.
Between them pieces wait in a queue, so that a unit reads for its next instruction before it has
written all of the one before.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from vit2rtl.golden.arithmetic import attention_value, layernorm, softmax
from vit2rtl.golden.arithmetic.matmul import wrapped
from vit2rtl.golden.engine.configuration import EXP_BITS, Configuration
from vit2rtl.golden.engine.decoding import Decoded
from vit2rtl.golden.engine.executor.memories import elements, split
from vit2rtl.golden.engine.instructions import AFFINE, BEAT, WORD, Load, Unit, unpack
from vit2rtl.golden.engine.tiles import padded

# What readers give beside pieces: payload has not come, or something was read.
WAITS, MOVED = "waits", "moved"
Pieces = Iterator[Any]
# Beats of payload of a unit: so many, or None while they have not come.
Take = Callable[[int], np.ndarray | None]
CODE_BITS = 8


class Units:
    """Readers and writers by unit, on memories that they share.

    image    int64[words, rows], what is left of the image stream
    most     words or rows of a piece
    taps     {name: what a unit gave, in order}
    results  logits, as beats of four
    """

    def __init__(self, configuration: Configuration, memories: dict[str, np.ndarray],
                 image: np.ndarray, rng: np.random.Generator, most: int) -> None:
        self.configuration, self.memories, self.rng = configuration, memories, rng
        self.image, self.most = image, most
        self.affine = np.zeros((2, configuration.channels), np.int64)
        self.taps: dict[str, list[np.ndarray]] = {
            name: [] for name in ("epilogue", "table", "layernorm", "softmax", "attention")}
        self.results: list[np.ndarray] = []
        self.readers: dict[Unit, Callable[[Decoded, Take], Pieces]] = {
            Unit.LOAD: self.load, Unit.LAYERNORM: self.read_rows,
            Unit.SOFTMAX: self.read_logits, Unit.ATTENTION: self.read_values,
        }
        self.writers: dict[Unit, Callable[[Decoded, Any], None]] = {
            Unit.LOAD: self.write_load, Unit.LAYERNORM: self.write_rows,
            Unit.SOFTMAX: self.write_codes, Unit.ATTENTION: self.write_attended,
        }

    def chunks(self, count: int) -> Iterator[range]:
        """``0 .. count - 1`` in pieces of random lengths."""
        start = 0
        while start < count:
            stop = min(count, start + int(self.rng.integers(1, self.most + 1)))
            yield range(start, stop)
            start = stop

    def load(self, one: Decoded, take: Take) -> Pieces:
        c, f = self.configuration, one.operands
        if one.opcode == Load.PATCHES:
            for part in self.chunks(f["count"]):
                yield part, self.image[:len(part)]
                self.image = self.image[len(part):]
            return
        in_beat = 1 if one.opcode == Load.STREAM else BEAT // CODE_BITS
        if one.opcode == Load.TABLE:
            # Entries behind the last one are 0.
            yield range(1 << c.table_bits), np.zeros(1 << c.table_bits, np.int64)
        for part in self.chunks(-(-f["count"] // in_beat)):
            while (beats := take(len(part))) is None:
                yield WAITS
            words = (elements(beats, BEAT // WORD, signed=True) if in_beat == 1
                     else elements(beats, CODE_BITS).reshape(-1))
            yield range(part.start * in_beat, min(part.stop * in_beat, f["count"])), words

    def write_load(self, one: Decoded, piece: tuple[range, np.ndarray]) -> None:
        f, (part, words) = one.operands, piece
        match one.opcode:
            case Load.STREAM:
                self.memories["stream"][f["base"] + np.array(part)] = words
            case Load.TABLE:
                self.memories["table"][part.start:part.stop] = words[:len(part)]
            case Load.PATCHES:
                digits = split(words, f["two_digits"], self.configuration.base)
                for place, digit in enumerate(digits):
                    self.memories["hidden"][
                        f["base"] + np.array(part) * len(digits) + place] = digit

    def read_rows(self, one: Decoded, take: Take) -> Pieces:
        f = one.operands
        affine = self.affine
        if f["table"]:
            affine = np.zeros_like(self.affine)
            for channel in range(self.configuration.channels):
                while (beats := take(1)) is None:
                    yield WAITS
                affine[:, channel] = [*unpack(AFFINE, int(beats[0])).values()]
            self.affine = affine
        for part in self.chunks(f["rows"]):
            words = np.arange(-(-f["columns"] // WORD))
            row = f["stream_base"] + np.array(part)[:, np.newaxis] * f["stream_row_stride"]
            read = self.memories["stream"][row + words]
            yield part, affine, read.reshape(len(part), -1)[:, :f["columns"]].copy()

    def write_rows(self, one: Decoded, piece: tuple[range, np.ndarray, np.ndarray]) -> None:
        c, f, (part, affine, rows) = self.configuration, one.operands, piece
        gain, offset = affine[:, :f["columns"]]
        parameters = layernorm.LayerNorm(gain, offset, f["shift"], f["epsilon"])
        codes = np.minimum(layernorm.layer_norm(rows, parameters, bits=c.code_bits), f["top"])
        self.tap("layernorm", padded(codes.astype(np.int64), c.layernorm_lanes).reshape(
            -1, c.layernorm_lanes))
        tiles = self._garbage(codes, c.rows).reshape(len(part), -1, c.rows)
        digits = split(tiles, f["two_digits"], c.base)
        row = f["base"] + np.array(part)[:, np.newaxis] * f["row_stride"]
        for place, digit in enumerate(digits):
            words = np.arange(tiles.shape[1]) * len(digits) + place
            self.memories["normalized"][row + words] = digit

    def _garbage(self, codes: np.ndarray, size: int) -> np.ndarray:
        """Rows filled up to whole words with what nobody must depend on."""
        missing = -codes.shape[1] % size
        filler = self.rng.integers(0, 1 << self.configuration.base, (len(codes), missing))
        return np.concatenate([codes.astype(np.int64), filler], axis=1)

    def read_logits(self, one: Decoded, take: Take) -> Pieces:
        c, f = self.configuration, one.operands
        for group in range(-(-f["queries"] // c.softmax_lanes)):
            word, lane = divmod(group * c.softmax_lanes, WORD)
            keys = []
            for part in self.chunks(f["keys"]):
                words = f["logit_base"] + word * f["group_stride"] + np.array(part)
                keys.append(self.memories["logits"][words, lane:lane + c.softmax_lanes])
                yield MOVED
            yield group, np.concatenate(keys)

    def write_codes(self, one: Decoded, piece: tuple[int, np.ndarray]) -> None:
        c, f, (group, logits) = self.configuration, one.operands, piece
        parameters = softmax.Softmax(
            f["multiplier"], f["shift"], f["threshold_a"], f["threshold_b"], f["threshold_shift"],
            c.attention_bits, "top", c.logit_width, c.rom_bits, EXP_BITS)
        codes = softmax.quantize(logits.T, parameters).astype(np.int64).T
        self.tap("softmax", np.minimum(codes, f["top"]))
        codes = np.where(codes >= f["top"], (1 << c.attention_bits) - 1, codes)
        lanes = slice(group * c.softmax_lanes, (group + 1) * c.softmax_lanes)
        self.memories["codes"][f["code_base"]:f["code_base"] + f["keys"], lanes] = codes

    def read_values(self, one: Decoded, take: Take) -> Pieces:
        c, f = self.configuration, one.operands
        for start in range(0, f["queries"], c.attention_rows):
            rows = slice(start, start + c.attention_rows)
            for tile in range(f["channel_tiles"]):
                codes, values = [], []
                for part in self.chunks(f["keys"]):
                    keys = np.array(part)
                    codes.append(self.memories["codes"][f["code_base"] + keys, rows])
                    words = f["value_base"] + keys * f["value_row_stride"] + tile
                    values.append(self.memories["values"][words])
                    yield MOVED
                yield start, tile, np.concatenate(codes), np.concatenate(values)

    def write_attended(
        self, one: Decoded, piece: tuple[int, int, np.ndarray, np.ndarray]
    ) -> None:
        c, f, (start, tile, codes, values) = self.configuration, one.operands, piece
        even, odd = (wrapped(total, c.attention_acc_width) for total in attention_value.accumulate(
            codes.T, values, f["value_zero_point"], bits=c.attention_bits))
        factors = attention_value.Multipliers(
            f["multiplier_even"], f["multiplier_odd"], f["shift"])
        results = attention_value.requantize(
            even, odd, factors, f["zero_point"], bits=c.code_bits).astype(np.int64)
        results = np.minimum(results, f["top"])
        self.tap("attention", results.reshape(-1))
        digits = split(results, f["two_digits"], c.base)
        for query in range(min(c.attention_rows, f["queries"] - start)):
            word = f["base"] + (start + query) * f["row_stride"] + tile * f["tile_stride"]
            for place, digit in enumerate(digits):
                self.memories["attended"][word + place] = digit[query]

    def tap(self, name: str, values: np.ndarray) -> None:
        self.taps[name].append(values)
