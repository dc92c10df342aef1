"""What follows instructions in the command stream: weights, channels, tables, as beats."""

from collections.abc import Mapping, Sequence

import numpy as np

from vit2rtl.golden.arithmetic.matmul import wrapped
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import AFFINE, BEAT, CHANNEL, WORD, Field, pack
from vit2rtl.golden.engine.placement import NOWHERE
from vit2rtl.golden.engine.stationary import Digits
from vit2rtl.golden.program.program import Op

BYTE = 8
STREAM_BITS = 16


def beats(values: np.ndarray, bits: int) -> np.ndarray:
    """uint64[..., beats]: the last axis side by side, the first element in the lowest bits.

    values   int[..., n] of ``bits`` bits each, in two's complement
    """
    planes = values[..., np.newaxis] >> np.arange(bits) & 1
    flat = planes.astype(np.uint8).reshape(*values.shape[:-1], -1)
    filler = [(0, 0)] * (flat.ndim - 1) + [(0, -flat.shape[-1] % BEAT)]
    packed = np.packbits(np.pad(flat, filler), axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8")


def weights(cut: Digits, configuration: Configuration) -> np.ndarray:
    """uint64[beats]: zero points, then tiles of ``columns`` × ``rows`` digits.

    cut   digits int[digits, columns, k tiles * rows]
    """
    c = configuration
    zero_points = beats(cut.zero_points, BYTE).reshape(-1)
    count, columns, inputs = cut.digits.shape
    side_by_side = max(BEAT // (c.rows * c.base), 1)
    tiles = cut.digits.reshape(count, columns, inputs // c.rows, c.rows).transpose(2, 0, 1, 3)
    missing = -columns % side_by_side
    tiles = np.pad(tiles, [(0, 0), (0, 0), (0, missing), (0, 0)])
    tiles = tiles.reshape(*tiles.shape[:2], -1, side_by_side * c.rows)
    return np.concatenate([zero_points, beats(tiles, c.base).reshape(-1)])


def channels(op: Op, chosen: np.ndarray, configuration: Configuration) -> np.ndarray:
    """uint64[columns] of a linear layer; what is no channel gives the output's zero point.

    chosen   int[columns], ``NOWHERE`` where there is no channel
    """
    bias = wrapped(op.tensors["bias"], configuration.acc_width)
    least = int(op.tensors["shift"].min())
    rows = [
        {"bias": 0, "multiplier": 0, "shift": 0} if n == NOWHERE else {
            "bias": int(bias[n]), "multiplier": int(op.tensors["multiplier"][n]),
            "shift": int(op.tensors["shift"][n]) - least}
        for n in chosen
    ]
    return _records(CHANNEL, rows)


def equal_channels(multiplier: int, configuration: Configuration) -> np.ndarray:
    """uint64[columns] of logits: no bias, one factor."""
    return _records(CHANNEL, [
        {"bias": 0, "multiplier": multiplier, "shift": 0}] * configuration.columns)


def affine(op: Op, configuration: Configuration) -> np.ndarray:
    """uint64[channels] of a LayerNorm, filled up with zeros."""
    pairs = zip(op.tensors["gain"].tolist(), op.tensors["offset"].tolist(), strict=True)
    rows = [{"gain": gain, "offset": offset} for gain, offset in pairs]
    rows += [{"gain": 0, "offset": 0}] * (configuration.channels - len(rows))
    return _records(AFFINE, rows)


def constants(rows: np.ndarray, columns: int) -> np.ndarray:
    """uint64[beats] of int[tokens, columns of whole tiles], a word a beat.

    columns   elements of a row in the buffer; those that are missing are 0
    """
    filled = np.pad(rows.astype(np.int64), [(0, 0), (0, columns - rows.shape[1])])
    return beats(filled.reshape(-1, WORD), STREAM_BITS).reshape(-1)


def table(entries: np.ndarray) -> np.ndarray:
    """uint64[beats], eight entries each."""
    return beats(entries.astype(np.int64), BYTE).reshape(-1)


def _records(fields: Mapping[str, Field], rows: Sequence[Mapping[str, int]]) -> np.ndarray:
    return np.array([pack(fields, row) for row in rows], np.uint64)
