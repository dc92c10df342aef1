"""Which words an instruction touches, from its operands in the command stream alone."""

from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.decoding import Decoded
from vit2rtl.golden.engine.instructions import WORD, Destination, Load, Source, Unit

# The table of an activation function counts as a buffer of one word.
TABLE = "table"
_ONE = np.zeros((1, 1), int)


@dataclass(frozen=True)
class Access:
    """Words of a buffer, int[rows, words of a row]."""

    buffer: str
    words: np.ndarray


@dataclass(frozen=True)
class Accesses:
    """All that an instruction reads, and writes."""

    reads: tuple[Access, ...] = ()
    writes: tuple[Access, ...] = ()


def accesses(one: Decoded, configuration: Configuration) -> Accesses:
    """What a decoded instruction touches."""
    match one.unit:
        case Unit.LOAD:
            return _load(one)
        case Unit.MATMUL:
            return _matmul(one)
        case Unit.EPILOGUE:
            return _epilogue(one)
        case Unit.LAYERNORM:
            return _layernorm(one, configuration)
        case Unit.SOFTMAX:
            return _softmax(one)
        case Unit.ATTENTION:
            return _attention(one)
    raise ValueError(f"Unit {one.unit} touches nothing")


def grid(base: int, *axes: tuple[int, int]) -> np.ndarray:
    """int[first axis, all others]: ``base + Σ index · stride`` of (count, stride) axes."""
    words = np.array(base)
    for count, stride in axes:
        words = words[..., np.newaxis] + np.arange(count) * stride
    return words.reshape(axes[0][0], -1)


def _load(one: Decoded) -> Accesses:
    f = one.operands
    match one.opcode:
        case Load.STREAM:
            return Accesses(writes=(Access("stream", grid(f["base"], (1, 1), (f["count"], 1))),))
        case Load.PATCHES:
            count = f["count"] * (1 + f["two_digits"])
            return Accesses(writes=(Access("hidden", grid(f["base"], (1, 1), (count, 1))),))
        case Load.TABLE:
            return Accesses(writes=(Access(TABLE, _ONE),))
    raise ValueError(f"A load has no opcode {one.opcode}")


def _matmul(one: Decoded) -> Accesses:
    f = one.operands
    reads = [Access(Source(f["source"]).name.lower(), grid(
        f["base"], (f["rows"], f["row_stride"]), (f["k_tiles"], f["tile_stride"]),
        (1 + f["two_code_digits"], 1)))]
    if f["dynamic"]:
        reads.append(Access("queries", grid(
            f["query_base"], (f["queries"], f["query_row_stride"]),
            (f["k_tiles"], f["query_tile_stride"]), (1 + f["two_weight_digits"], 1))))
    return Accesses(tuple(reads))


def _epilogue(one: Decoded) -> Accesses:
    f = one.operands
    rows = (f["rows"], f["row_stride"])
    groups = grid(f["base"], rows, (f["groups"], f["group_stride"]))
    codes = grid(f["base"], rows, (1 + f["two_digits"], 1))
    reads = []
    if f["add"]:
        reads.append(Access("stream", groups))
    if f["table"]:
        reads.append(Access(TABLE, _ONE))
    match f["destination"]:
        case Destination.OUTPUT:
            return Accesses(tuple(reads))
        case Destination.STREAM | Destination.LOGITS:
            words = groups
        case Destination.VALUES:
            words = grid(f["base"], rows)
        case _:
            words = codes
    return Accesses(tuple(reads), (Access(Destination(f["destination"]).name.lower(), words),))


def _layernorm(one: Decoded, c: Configuration) -> Accesses:
    f = one.operands
    read = grid(f["stream_base"], (f["rows"], f["stream_row_stride"]),
                (-(-f["columns"] // WORD), 1))
    digits = 1 + f["two_digits"]
    write = grid(f["base"], (f["rows"], f["row_stride"]),
                 (-(-f["columns"] // c.rows) * digits, 1))
    return Accesses((Access("stream", read),), (Access("normalized", write),))


def _softmax(one: Decoded) -> Accesses:
    f = one.operands
    read = grid(f["logit_base"], (-(-f["queries"] // WORD), f["group_stride"]), (f["keys"], 1))
    return Accesses((Access("logits", read),),
                    (Access("codes", grid(f["code_base"], (f["keys"], 1))),))


def _attention(one: Decoded) -> Accesses:
    f = one.operands
    codes = grid(f["code_base"], (f["keys"], 1))
    values = grid(f["value_base"], (f["keys"], f["value_row_stride"]), (f["channel_tiles"], 1))
    write = grid(f["base"], (f["queries"], f["row_stride"]),
                 (f["channel_tiles"], f["tile_stride"]), (1 + f["two_digits"], 1))
    return Accesses((Access("codes", codes), Access("values", values)),
                    (Access("attended", write),))
