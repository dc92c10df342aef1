"""How long units take, in cycles."""

from vit2rtl.golden.engine.compiler.instruction import Instruction
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Load, Unit
from vit2rtl.golden.engine.limits import BYTES, stationary_beats

# A pass of fewer rows is filled up: as long as an accumulator takes from one sum to the next.
SHORTEST_PASS = 4
# From the array's last row to the epilogue's first, and from its last row to a buffer.
ARRAY_LATENCY, EPILOGUE_LATENCY = 14, 20
LAYERNORM_LATENCY, SOFTMAX_LATENCY, ATTENTION_LATENCY = 60, 120, 30


def duration(instruction: Instruction, configuration: Configuration) -> int:
    """From an instruction's beginning to its ``done``, nothing in its way."""
    c, f = configuration, instruction.operands
    match instruction.unit:
        case Unit.LOAD:
            return _load(instruction, c)
        case Unit.MATMUL:
            load = c.columns if f["dynamic"] else stationary_beats(c)[1]
            passes = (1 + f["two_code_digits"]) * max(f["rows"], SHORTEST_PASS)
            return int(f["k_tiles"] * (1 + f["two_weight_digits"]) * max(passes, load))
        case Unit.EPILOGUE:
            return int(f["rows"] * f["groups"] + EPILOGUE_LATENCY)
        case Unit.LAYERNORM:
            row = -(-f["columns"] // c.layernorm_lanes)
            return int(f["rows"] * row + LAYERNORM_LATENCY + f["table"] * c.channels)
        case Unit.SOFTMAX:
            return int(-(-f["queries"] // c.softmax_lanes) * (f["keys"] + 1) + SOFTMAX_LATENCY)
        case Unit.ATTENTION:
            tile = max(f["keys"], c.attention_rows * c.columns) + 1
            tiles = -(-f["queries"] // c.attention_rows) * f["channel_tiles"]
            return int(tiles * tile + ATTENTION_LATENCY)
    raise ValueError(f"Unit {instruction.unit} has no duration")


def _load(instruction: Instruction, c: Configuration) -> int:
    count = instruction.operands["count"]
    match instruction.opcode:
        case Load.STREAM:
            return count
        case Load.PATCHES:
            return count * max(-(-c.rows // BYTES), 1 + instruction.operands["two_digits"])
        case Load.TABLE:
            return 1 << c.table_bits
    raise ValueError(f"A load has no opcode {instruction.opcode}")
