"""The engine composed of its parts: logic and registers from what each takes alone, by size.

A part's cells are a sum of terms of the configuration, with the coefficients that the committed
rows of this part give (least squares of relative errors; as many terms as rows, or fewer). On
UltraScale+ parts are measured at one size, and grow as they do on ECP5. The sum is a few percent
more logic than the whole engine, which is flattened: it is taken times what that is at ``small``
on ECP5. Registers add up.
"""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from vit2rtl.explore.area.columns import COUNTS, Column, column
from vit2rtl.explore.area.memories import memories, rows_of_blocks
from vit2rtl.golden.engine.configuration import SMALL, Configuration
from vit2rtl.golden.engine.instructions import WORD
from vit2rtl.golden.engine.limits import stationary_beats
from vit2rtl.rtl.synthesis import components
from vit2rtl.rtl.synthesis.cases import ATTENTION_ACC, CASES

# A product with a factor of up to so many bits takes one 18 × 18 block, a wider one two.
_BLOCK_BITS = 18
# Cells of a lane of attention × V for a bit of its accumulators: docs/area.md, 13 and 14 bits.
_ACC_BIT = {"COMB": 1.5, "LUT": 1.5, "FF": 2.0}
Terms = Callable[[Configuration], list[float]]


def _buffers(c: Configuration) -> list[float]:
    """Ends and ports; the choice between rows of blocks of deep ones, by the bit."""
    choices = sum(memory.width * (rows_of_blocks(memory, "ecp5") - 1) for memory in memories(c)
                  if memory.name.startswith("buffers."))
    return [1.0, choices]


# Of parts whose cells are sums of terms.
_TERMS: dict[str, Terms] = {
    "load": lambda c: [1.0, c.rows * c.base],
    "front_end": lambda c: [1.0],
    "registers": lambda c: [1.0],
    "buffers": _buffers,
    "epilogue": lambda c: [1.0, c.acc_width, c.columns * c.acc_width],
    "layernorm": lambda c: [1.0, c.layernorm_lanes, c.layernorm_lanes * c.code_bits,
                            (c.layernorm_lanes + 2) * c.channels.bit_length()],
    "softmax": lambda c: [1.0, c.softmax_lanes, c.softmax_lanes * c.logit_width, c.columns],
    # Without its columns of look-up tables.
    "matmul": lambda c: [1.0, c.packed_columns * c.rows, c.columns * c.acc_width,
                         c.rows * c.base],
}
PARTS = (*components.CONSTANT, *_TERMS, "attention")


def cells_of_parts(
    configuration: Configuration, device: str, columns: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """``{part: {name: cells}}`` of the flattened engine, its columns of look-up tables ``columns``.

    device   ``ecp5`` or ``xcup``; names are those of ``columns``: logic, and registers
    columns  cells of all columns of look-up tables
    """
    logic, registers = COUNTS[device]
    alone = {part: {name: _alone(part, configuration, device, name) for name in COUNTS[device]}
             for part in PARTS}
    return {part: {logic: joined() * cells[logic], registers: cells[registers]}
            for part, cells in (*alone.items(), ("columns", columns))}


def multipliers(configuration: Configuration, packed: int) -> dict[str, int]:
    """Multiplier blocks of each part, exact: of 18 × 18 bits on both devices.

    packed  columns that multiply in blocks
    """
    c = configuration
    _, tile = stationary_beats(c)
    return {
        # Numbers that are no power of two, of an instruction's stride and tiles.
        "front_end": int(tile & tile - 1 > 0),
        "matmul": 1 + packed * -(-c.rows // 2),
        "epilogue": WORD * (1 if c.acc_width <= _BLOCK_BITS else 2),
        # A square, two of a factor of 25 bits, three of a gain; four of the root.
        "layernorm": 6 * c.layernorm_lanes + 4,
        "softmax": c.softmax_lanes + 1,
        "attention": ((2 if c.attention_acc_width <= _BLOCK_BITS else 4)
                      + int(c.attention_rows & c.attention_rows - 1 > 0)),
    }


def digit_columns(configuration: Configuration, device: str) -> Column:
    """A column of look-up tables of the array: of ``base`` × ``base`` bits."""
    return column(configuration.rows, configuration.base, configuration.base, device)


@cache
def _rows(part: str, device: str) -> Mapping[str, Mapping[str, int]]:
    """``{case: cells}``; the case of a constant part is empty."""
    return {row["parameters"].get("case", ""): row["cells"] for row in components.whole()
            if (row["source"], row["device"]) == (part, device)}


def _alone(part: str, c: Configuration, device: str, name: str) -> float:
    """Cells of a part alone, the array's without its columns of look-up tables."""
    if part in components.CONSTANT:
        return _rows(part, device)[""][name]
    if device != "ecp5":
        like = "FF" if name == "FF" else "COMB"
        return _share(part, c, device, name, like) * _alone(part, c, "ecp5", like)
    if part == "attention":
        return _attention(c, name)
    return float(np.dot(_TERMS[part](c), _coefficients(part, name)))


def _share(part: str, c: Configuration, device: str, name: str, like: str) -> float:
    """What a device takes of a part by what ECP5 takes, from the cases measured on both.

    Of attention × V by the bits of its codes; else of all cases alike.
    """
    shares = {CASES[case].attention_bits if part == "attention" else n: (
        (cells[name] - _columns(part, CASES[case], device, name))
        / (_rows(part, "ecp5")[case][like] - _columns(part, CASES[case], "ecp5", like))
    ) for n, (case, cells) in enumerate(_rows(part, device).items())}
    if part == "attention":
        return float(np.interp(c.attention_bits, list(shares), list(shares.values())))
    return float(np.mean(list(shares.values())))


def _columns(part: str, c: Configuration, device: str, name: str) -> float:
    """Of a measured part: cells of the columns of look-up tables that are in it."""
    if part != "matmul":
        return 0.0
    return (c.columns - c.packed_columns) * digit_columns(c, device).cells[name]


@cache
def _coefficients(part: str, name: str) -> np.ndarray:
    """Of a part's terms on ECP5."""
    rows = {case: cells[name] - _columns(part, CASES[case], "ecp5", name)
            for case, cells in _rows(part, "ecp5").items()}
    cells = np.array(list(rows.values()))
    terms = np.array([_TERMS[part](CASES[case]) for case in rows]) / cells[:, None]
    return np.linalg.lstsq(terms, np.ones(len(cells)), rcond=None)[0]


def _attention(c: Configuration, name: str) -> float:
    """Attention × V on ECP5: lanes by their bits, and what drains and feeds them by columns.

    At 4 and at 8 bits lanes are measured by themselves, as what more of them take; between, as the
    whole grows with bits.
    """
    cells = {case: row[name] for case, row in _rows("attention", "ecp5").items()}
    lanes = {case: CASES[case].columns * CASES[case].attention_rows for case in cells}
    whole = {bits: cells[f"small_a{bits}"] for bits in ATTENTION_ACC}
    more = lanes["small"] - lanes["small_a4"]
    four, eight = ((cells[case] - whole[bits]) / more
                   for case, bits in (("small", 4), ("small_wide", 8)))
    growth = (eight - four) / (whole[8] - whole[4])
    bits = min(max(c.attention_bits, min(whole)), max(whole))
    lane = four + growth * (whole[bits] - whole[4])
    rest = whole[bits] - lanes["small_a4"] * lane
    wide = CASES["deit_tiny"]
    a_column = ((cells["deit_tiny"] - lanes["deit_tiny"] * four
                 - (whole[4] - lanes["small_a4"] * four)) / (wide.columns - SMALL.columns))
    lane += _ACC_BIT[name] * (c.attention_acc_width - ATTENTION_ACC[bits])
    return (c.columns * c.attention_rows * lane + rest
            + a_column * (c.columns - SMALL.columns))


@cache
def joined() -> float:
    """Logic of the flattened engine over the sum of its parts: ``small`` on ECP5."""
    columns = _columns("matmul", SMALL, "ecp5", "COMB")
    alone = columns + sum(_alone(part, SMALL, "ecp5", "COMB") for part in PARTS)
    return _rows("engine", "ecp5")["small"]["COMB"] / alone
