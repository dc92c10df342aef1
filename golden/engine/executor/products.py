"""The array and the epilogue, which takes its sums."""

import numpy as np

from vit2rtl.golden.arithmetic import residual
from vit2rtl.golden.arithmetic.matmul import wrapped
from vit2rtl.golden.arithmetic.requantizer import rescale
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.decoding import Decoded
from vit2rtl.golden.engine.executor.memories import elements, split
from vit2rtl.golden.engine.executor.units import CODE_BITS, MOVED, WAITS, Pieces, Take, Units
from vit2rtl.golden.engine.instructions import (
    BEAT,
    CHANNEL,
    WORD,
    Destination,
    Source,
    Unit,
    unpack,
)
from vit2rtl.golden.engine.limits import stationary_beats


class Products:
    """The array and the epilogue, which takes its sums."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.configuration = units.configuration
        units.readers |= {Unit.MATMUL: self.read_tile, Unit.EPILOGUE: self.read_stream}

    def read_tile(self, one: Decoded, take: Take) -> Pieces:
        """Ends with a tile of sums; until then it reads, as the array would, pass by pass."""
        c, f = self.configuration, one.operands
        weight_digits, code_digits = 1 + f["two_weight_digits"], 1 + f["two_code_digits"]
        memory = self.units.memories[Source(f["source"]).name.lower()]
        zero_points = []
        if not f["dynamic"]:
            for _ in range(weight_digits):
                while (beats := take(stationary_beats(c)[0])) is None:
                    yield WAITS
                zero_points.append(elements(beats, CODE_BITS).reshape(-1)[:c.columns])
        acc = np.zeros((f["rows"], c.columns), np.int64)
        column_sums = np.zeros(c.columns, np.int64)
        for tile in range(f["k_tiles"]):
            for digit in range(weight_digits):
                place = c.base * (weight_digits - 1 - digit)
                if f["dynamic"]:
                    operand = self._queries(one, tile, digit)
                    yield MOVED
                else:
                    while (beats := take(stationary_beats(c)[1])) is None:
                        yield WAITS
                    operand = _weights(beats, c) - zero_points[digit][:, np.newaxis]
                column_sums += operand.sum(axis=1) << place
                for code_digit in range(code_digits):
                    shift = place + c.base * (code_digits - 1 - code_digit)
                    for part in self.units.chunks(f["rows"]):
                        words = (f["base"] + np.array(part) * f["row_stride"]
                                 + tile * f["tile_stride"] + code_digit)
                        acc[part.start:part.stop] += memory[words] @ operand.T << shift
                        yield MOVED
        yield wrapped(acc - f["key_zero_point"] * column_sums, c.acc_width)

    def _queries(self, one: Decoded, tile: int, digit: int) -> np.ndarray:
        """int64[columns, rows]"""
        c, f = self.configuration, one.operands
        words = (f["query_base"] + np.arange(f["queries"]) * f["query_row_stride"]
                 + tile * f["query_tile_stride"] + digit)
        zero_point = f["query_zero_point"]
        if f["two_weight_digits"]:
            zero_point = zero_point % (1 << c.base) if digit else zero_point >> c.base
        operand = np.zeros((c.columns, c.rows), np.int64)
        operand[:f["queries"]] = self.units.memories["queries"][words] - zero_point
        return operand

    def read_stream(self, one: Decoded, take: Take) -> Pieces:
        """Channels, then rows of what the epilogue adds to; it may read before sums are there."""
        c, f = self.configuration, one.operands
        while (beats := take(c.columns)) is None:
            yield WAITS
        records = [unpack(CHANNEL, int(beat)) for beat in beats]
        channels = {name: np.array([record[name] for record in records]) for name in CHANNEL}
        for part in self.units.chunks(f["rows"]):
            stream = self.units.memories["stream"][self._words(one, part)] if f["add"] else None
            yield part, channels, stream

    def write(
        self, one: Decoded, acc: np.ndarray,
        piece: tuple[range, dict[str, np.ndarray], np.ndarray | None],
    ) -> None:
        """Rows of one tile: acc int64[rows, columns]."""
        c, f, (part, channels, stream) = self.configuration, one.operands, piece
        if len(acc) != f["rows"]:
            raise AssertionError(f"A tile of {len(acc)} rows is drained as one of {f['rows']}")
        total = wrapped(acc[part.start:part.stop] + channels["bias"], c.acc_width)
        value = rescale(total, channels["multiplier"], f["shift_base"] + channels["shift"],
                        np.int64(f["zero_point"]), f["low"], f["high"])
        groups = value.reshape(len(part), -1, WORD)[:, :f["groups"]]
        if stream is not None:
            groups = residual.add(stream, groups).astype(np.int64)
        codes = self.units.memories["table"][groups] if f["table"] else groups
        self.units.tap("epilogue", groups.reshape(-1, WORD))
        self.units.tap("table", codes.reshape(-1, WORD) if f["table"]
                        else np.zeros((groups[..., 0].size, WORD), np.int64))
        self._store(one, part, codes)

    def _store(self, one: Decoded, part: range, codes: np.ndarray) -> None:
        c, f, memories = self.configuration, one.operands, self.units.memories
        rows = f["base"] + np.array(part) * f["row_stride"]
        match f["destination"]:
            case Destination.OUTPUT:
                self.units.results.append(codes.reshape(-1, WORD))
            case Destination.STREAM | Destination.LOGITS:
                name = "stream" if f["destination"] == Destination.STREAM else "logits"
                memories[name][self._words(one, part)] = codes
            case Destination.VALUES:
                memories["values"][rows] = codes.reshape(len(part), -1)
            case Destination.QUERIES | Destination.KEYS | Destination.HIDDEN:
                digits = split(codes.reshape(len(part), -1), f["two_digits"], c.base)
                for place, digit in enumerate(digits):
                    memories[Destination(f["destination"]).name.lower()][rows + place] = digit

    def _words(self, one: Decoded, part: range) -> np.ndarray:
        """int[rows, groups]"""
        f = one.operands
        rows = f["base"] + np.array(part)[:, np.newaxis] * f["row_stride"]
        return rows + np.arange(f["groups"]) * f["group_stride"]


def _weights(beats: np.ndarray, c: Configuration) -> np.ndarray:
    """int64[columns, rows]: digits of a tile."""
    bits = np.unpackbits(beats.view(np.uint8), bitorder="little").astype(np.int64)
    column = c.rows * c.base
    # Several columns a beat, or whole beats for a column.
    beat = BEAT * -(-column // BEAT)
    columns = bits.reshape(-1, beat)[:, :max(beat // column, 1) * column].reshape(-1, column)
    return columns[:c.columns].reshape(-1, c.rows, c.base) @ (1 << np.arange(c.base))
