"""How long units take for an instruction, in cycles, nothing in its way."""

from math import ceil, log2
from typing import NamedTuple

from vit2rtl.golden.engine.compiler.instruction import Instruction
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Load, Unit
from vit2rtl.golden.engine.limits import BYTES

# A pass of fewer rows is filled up: as long as an accumulator takes from one sum to the next.
SHORTEST_PASS = 4
# From the array's last row of codes to its first sums, and from the epilogue's last sums to a word.
ARRAY_LATENCY, EPILOGUE_LATENCY = 14, 13
# Between two rows of a LayerNorm at least: the root of one.
LAYERNORM_ROW = 30


class Length(NamedTuple):
    """busy   until the unit can begin another instruction of the same settings
    done   until the instruction's last word is written, of the array until its last row is read
    """

    busy: int
    done: int


def tile_load(configuration: Configuration) -> int:
    """Between two stationary tiles: a column a cycle, and one."""
    return configuration.columns + 1


def passes(one: Instruction) -> tuple[int, int]:
    """Stationary tiles of an instruction of the array, and rows that stream through each."""
    f = one.operands
    return (f["k_tiles"] * (1 + f["two_weight_digits"]),
            (1 + f["two_code_digits"]) * max(f["rows"], SHORTEST_PASS))


def length(one: Instruction, configuration: Configuration) -> Length:
    """Of any unit's instruction."""
    c, f = configuration, one.operands
    match one.unit:
        case Unit.LOAD:
            cycles = _load(one, c)
            return Length(cycles, cycles)
        case Unit.MATMUL:
            tiles, rows = passes(one)
            cycles = tiles * max(rows, tile_load(c))
            return Length(cycles, cycles)
        case Unit.EPILOGUE:
            rows = f["rows"] * f["groups"]
            return Length(rows, rows + EPILOGUE_LATENCY)
        case Unit.LAYERNORM:
            beats = -(-f["columns"] // c.layernorm_lanes)
            table = f["table"] * c.channels
            row = max(beats, LAYERNORM_ROW)
            done = (f["rows"] - 1) * row + 2 * beats + 46 + ceil(log2(c.layernorm_lanes))
            return Length(f["rows"] * row + 1 + table, done + table)
        case Unit.SOFTMAX:
            group = max(f["keys"] + 1, 8 * c.softmax_lanes + 14)
            groups = -(-f["queries"] // c.softmax_lanes)
            return Length(groups * group,
                          (groups - 1) * group + 3 * f["keys"] + 8 * c.softmax_lanes + 30)
        case Unit.ATTENTION:
            block = c.attention_rows * c.columns
            tile = max(f["keys"], block) + 1
            tiles = -(-f["queries"] // c.attention_rows) * f["channel_tiles"]
            return Length(tiles * tile, (tiles - 1) * tile + f["keys"] + block + 14)
    raise ValueError(f"Unit {one.unit} has no length")


# Operands that say where, and not how: the next instruction may have others at once.
_PLACES = {
    "stream_base", "stream_row_stride", "rows", "base", "row_stride", "logit_base", "group_stride",
    "code_base", "queries", "keys", "value_base", "value_row_stride", "channel_tiles",
    "tile_stride", "destination", "table", "groups", "last", "two_digits", "top", "add",
}


def settings(one: Instruction) -> tuple[int, ...]:
    """What a unit must be empty for to change."""
    return tuple(value for name, value in one.operands.items() if name not in _PLACES)


def overlaps(one: Instruction, before: Instruction) -> bool:
    """Whether a unit begins an instruction before the one before it is done."""
    if one.unit in (Unit.LOAD, Unit.MATMUL):
        return True
    restarts = {Unit.EPILOGUE: "add", Unit.LAYERNORM: "table"}.get(one.unit)
    return not (restarts and one.operands[restarts]) and settings(one) == settings(before)


def _load(one: Instruction, c: Configuration) -> int:
    count = one.operands["count"]
    match one.opcode:
        case Load.STREAM:
            return count
        case Load.PATCHES:
            return count * max(-(-c.rows // BYTES), 1 + one.operands["two_digits"])
        case Load.TABLE:
            return 1 << c.table_bits
    raise ValueError(f"A load has no opcode {one.opcode}")
