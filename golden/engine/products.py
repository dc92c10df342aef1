"""Products of codes and stationary operands on the array, and what the epilogue makes of them."""

from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.arithmetic.matmul import product, wrapped
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import NOWHERE, UnitRecord
from vit2rtl.golden.engine.tiles import blocks, digits, filled, padded
from vit2rtl.golden.units import Instance


@dataclass(frozen=True)
class Stationary:
    """What stays in the array while codes stream.

    operand     int[outputs, inputs], signed, or codes with a zero point
    digits      of each
    weights     ``signed`` or ``codes``: which of the two
    fill        what adds nothing to a sum
    zero_points settings of the array, for codes
    """

    operand: np.ndarray
    digits: int
    weights: str
    fill: int
    zero_points: dict[str, int]


def array_record(
    codes: np.ndarray, bits: int, stationary: Stationary, acc: np.ndarray, places: np.ndarray,
    configuration: Configuration,
) -> UnitRecord:
    """One matmul: a row of the record is an output tile.

    codes    int[tokens, inputs] of ``bits`` bits
    acc      int[tokens, outputs], the sums
    places   int[tokens, outputs] of the sums in the op's output
    """
    c, tokens = configuration, len(codes)
    code_digits = c.code_digits(bits)
    streaming = digits(padded(codes, c.rows), code_digits, c.base)
    outputs, repeated = (f(len(stationary.operand), c.columns) for f in (blocks, filled))
    operand = np.where(repeated[..., np.newaxis], stationary.fill, stationary.operand[outputs])
    staying = digits(padded(operand, c.rows, stationary.fill), stationary.digits, c.base)
    k_tiles = streaming.shape[-1] // c.rows
    # [code digits, tokens, k tiles, rows] -> [k tiles, weight digits, code digits, tokens, rows]
    streaming = streaming.reshape(code_digits, tokens, k_tiles, c.rows).transpose(2, 0, 1, 3)
    streaming = np.broadcast_to(
        streaming[np.newaxis, :, np.newaxis],
        (len(outputs), k_tiles, stationary.digits, code_digits, tokens, c.rows))
    # [weight digits, tiles, columns, k tiles, rows] -> [tiles, k tiles, weight digits, columns, …]
    staying = staying.reshape(
        stationary.digits, len(outputs), c.columns, k_tiles, c.rows).transpose(1, 3, 0, 2, 4)

    def tiled(sums: np.ndarray, empty: int) -> np.ndarray:
        """[tokens, outputs] -> [tiles, tokens · columns]"""
        tiles = np.where(repeated[:, np.newaxis], empty, sums[:, outputs].swapaxes(0, 1))
        return tiles.reshape(len(outputs), -1)

    return UnitRecord(
        instance=Instance.of(
            "matmul_array", lanes=c.columns, rows=c.rows, base=c.base,
            weights=stationary.weights, acc_width=c.acc_width, depth=c.bank_rows),
        part="accumulators",
        inputs={"code": streaming.reshape(len(outputs), -1),
                "weight": staying.reshape(len(outputs), -1)},
        outputs={"acc": tiled(wrapped(acc, c.acc_width), 0)},
        settings={"tokens": tokens, "k_tiles": k_tiles, "code_digits": code_digits,
                  "weight_digits": stationary.digits, **stationary.zero_points},
        places={"acc": tiled(places, NOWHERE)},
    )


def sums_of(codes: np.ndarray, operand: np.ndarray) -> np.ndarray:
    """int64[tokens, outputs] of codes int[tokens, inputs] and int[outputs, inputs]."""
    return product(codes.astype(np.int64), operand.T.astype(np.int64)).astype(np.int64)


@dataclass(frozen=True)
class Scaling:
    """What R1 takes of a channel each, and of all of them.

    bias, multiplier, shift  int[channels]
    zero_point, low, high    of the results
    """

    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    zero_point: int
    low: int
    high: int


def epilogue_record(
    acc: np.ndarray, scaling: Scaling, results: np.ndarray, places: np.ndarray,
    configuration: Configuration, *, stream: np.ndarray | None = None,
) -> UnitRecord:
    """Sums to results, a row a token; added to a residual stream where one is given.

    acc, results, places, stream   int[tokens, channels]

    Sums of plain codes may have wrapped, and so is the bias: together they are the accumulator.
    """
    wide = results.astype(np.int64)
    base = int(scaling.shift.min())
    instance = Instance.of(
        "epilogue", lanes=configuration.epilogue_lanes, acc_width=configuration.acc_width)
    # What fills up a row's last beat counts.
    row = np.concatenate([wide, np.repeat(wide[:, -1:], -wide.shape[1] % instance.lanes, 1)], 1)
    widths = {name: field.width for name, field in instance.fields.items()}
    rows = {
        "maximum": row.max(axis=1), "sum": wrapped(row.sum(axis=1), widths["sum"]),
        "squares": (row * row).sum(axis=1) % (1 << widths["squares"]),
    }
    return UnitRecord(
        instance=instance,
        inputs={
            "acc": wrapped(acc, configuration.acc_width),
            "bias": wrapped(scaling.bias, configuration.acc_width),
            "multiplier": scaling.multiplier, "shift": scaling.shift - base,
            "stream": np.zeros_like(wide) if stream is None else stream,
        },
        outputs={"value": wide} | {name: x[:, np.newaxis] for name, x in rows.items()},
        settings={"shift_base": base, "zero_point": scaling.zero_point, "low": scaling.low,
                  "high": scaling.high, "add": int(stream is not None)},
        places={"value": places},
    )
