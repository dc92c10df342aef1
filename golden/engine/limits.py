"""What the engine checks of an instruction before it begins: operands' ranges, its payload."""

from collections.abc import Mapping

from vit2rtl.golden.engine.buffers import address_bits
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import (
    ADDRESS,
    BEAT,
    OPERANDS,
    WORD,
    Destination,
    Load,
    Source,
    Unit,
)

# Entries of a table, and zero points, in a beat.
BYTES = BEAT // 8
# Opcodes of a unit: from 0 up.
OPCODES = {unit: len(Load) if unit is Unit.LOAD else 1 for unit in Unit}


def ranges(configuration: Configuration) -> dict[Unit, dict[str, tuple[int, int]]]:
    """Smallest and largest value of the operands that have narrower limits than their fields."""
    c = configuration
    queries, keys, rows = (0, c.columns), (1, c.tokens), (1, c.bank_rows)
    narrower = {
        Unit.LOAD: {"count": (1, (1 << OPERANDS[Unit.LOAD]["count"].width) - 1)},
        Unit.MATMUL: {
            "source": (0, len(Source) - 1), "rows": rows, "k_tiles": (1, 1023), "queries": queries,
        },
        Unit.EPILOGUE: {
            "destination": (0, len(Destination) - 1), "rows": rows,
            "groups": (1, c.columns // WORD),
        },
        Unit.LAYERNORM: {"rows": (1, 2047), "columns": (1, c.channels)},
        Unit.SOFTMAX: {"keys": keys, "queries": (1, c.columns)},
        Unit.ATTENTION: {"keys": keys, "queries": (1, c.columns), "channel_tiles": (1, 127)},
    }
    # One bit less than units add addresses in: they can tell what runs beyond a buffer.
    last = (1 << address_bits(c) - 1) - 1
    if last >= (1 << ADDRESS.width) - 1:
        return narrower
    bases = {unit: {name: (0, last) for name, field in fields.items() if field is ADDRESS}
             for unit, fields in OPERANDS.items()}
    return {unit: bases[unit] | narrower[unit] for unit in Unit}


def stationary_beats(configuration: Configuration) -> tuple[int, int]:
    """Beats of a digit of all columns' zero points, and of a k tile's digit of weights."""
    columns, bits = configuration.columns, configuration.rows * configuration.base
    # Whole columns side by side in a beat, or whole beats for a column.
    tile = -(-columns // (BEAT // bits)) if bits <= BEAT else columns * -(-bits // BEAT)
    return -(-columns // BYTES), tile


def payload_beats(
    unit: Unit, opcode: int, operands: Mapping[str, int], configuration: Configuration
) -> int:
    """Beats of payload that an instruction takes."""
    match unit:
        case Unit.LOAD:
            loads = {Load.STREAM: operands["count"], Load.PATCHES: 0,
                     Load.TABLE: -(-operands["count"] // BYTES)}
            return loads[Load(opcode)]
        case Unit.MATMUL:
            zero_points, tile = stationary_beats(configuration)
            digits = 1 + operands["two_weight_digits"]
            beats = (zero_points + operands["k_tiles"] * tile) * digits
            return 0 if operands["dynamic"] else beats
        case Unit.EPILOGUE:
            return configuration.columns
        case Unit.LAYERNORM:
            return configuration.channels if operands["table"] else 0
        case Unit.SOFTMAX | Unit.ATTENTION:
            return 0
    raise ValueError(f"Unit {unit} takes no instructions")


# Beats of weights that wait for the array; the least of any payload.
WEIGHTS = 256
BLOCK = 64


def payload_room(configuration: Configuration) -> dict[Unit, int]:
    """Beats of payload that wait for a unit, powers of two.

    A whole table, of which the epilogue takes an entry a cycle: behind it in the stream are
    weights that the array needs sooner. Two sets of parameters, or more: below ``BLOCK`` beats a
    block RAM would be look-up tables. As many weights.
    """
    c = configuration
    beats = {
        Unit.LOAD: max((1 << c.table_bits) // BYTES, 32), Unit.MATMUL: WEIGHTS,
        Unit.EPILOGUE: max(2 * c.columns, BLOCK), Unit.LAYERNORM: 2 * c.channels,
    }
    return {unit: 1 << (count - 1).bit_length() for unit, count in beats.items()}
