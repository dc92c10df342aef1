"""Memories of the engine from its shapes, and the blocks that synthesis makes of each: exact.

Yosys' ``memory_libmap`` tries the depths that a block can have, and takes what costs least: blocks,
and half a unit a bit and an enable for each row of blocks above the first, between which something
chooses. Rows of blocks share them by the byte: 5 rows of 1024 words of 80 bits, 9 bytes each, take
23 blocks of two bytes, not 25.
"""

from dataclasses import dataclass

from vit2rtl.golden.arithmetic.layernorm import GAIN_BITS, OFFSET_BITS
from vit2rtl.golden.arithmetic.softmax import OCTAVES
from vit2rtl.golden.engine.buffers import STREAM_BITS, buffers
from vit2rtl.golden.engine.configuration import EXP_BITS, Configuration
from vit2rtl.golden.engine.instructions import BEAT, BEATS, CHANNEL, WORD
from vit2rtl.golden.engine.limits import BLOCK, payload_room

# Rows that a block of 18 kbit has at each width; from 9 bits up, bytes have a ninth bit.
_MODES = {36: 512, 18: 1024, 9: 2048, 4: 4096, 2: 8192, 1: 16384}
_BYTE = 9
# Rows of a block RAM of 18 bits for softmax's mantissas and copies of them, shifted so far at most.
_ROM_BITS, _COPIES = 10, 5
# Cycles of LayerNorm at one lane: rows that wait for their root.
_LAYERNORM_CYCLES = 44
_CHOICE = 0.5
# Instructions that wait, of each of up to eight units.
_QUEUE = 16


@dataclass(frozen=True)
class _Costs:
    """What yosys weighs on a device: a block, a memory in look-up tables (of so many bits and
    rows; whether by the bits that are used), and a bit of a ROM that is logic."""

    block: float
    tables: int
    width: int
    rows: int
    scales: bool
    rom_bit: float


_COSTS = {
    "ecp5": _Costs(block=128, tables=4, width=4, rows=16, scales=False, rom_bit=1 / 32),
    "xcup": _Costs(block=129.5, tables=16, width=7, rows=64, scales=True, rom_bit=1 / 64),
}


@dataclass(frozen=True)
class Memory:
    """``depth`` words of ``width`` bits, written in parts of ``part`` bits, none for a ROM.

    reads    ports that read; two of a ROM share a block
    copies   of a RAM: one for each port that reads, if the one that writes is none of them
    forced   into blocks, even where look-up tables would cost less
    """

    name: str
    width: int
    depth: int
    part: int
    reads: int = 1
    copies: int = 1
    forced: bool = False

    @property
    def parts(self) -> int:
        return self.width // self.part if self.part else 1


def memories(configuration: Configuration) -> list[Memory]:
    """All memories whose reads are registered; others are look-up tables everywhere."""
    c = configuration
    lanes, queries = c.layernorm_lanes, c.softmax_lanes
    beats = -(-c.channels // lanes)
    affine = {"gains": lanes * (GAIN_BITS + 1), "offsets": lanes * (OFFSET_BITS + 2)}
    channel = c.acc_width + sum(f.width for name, f in CHANNEL.items() if name != "bias")
    tokens = 1 << (2 * c.tokens - 1).bit_length()
    mantissas = 1 << c.rom_bits + min(_ROM_BITS - c.rom_bits, _COPIES)
    accumulators = c.columns * c.acc_width
    return [
        _plain("front_end.queues", BEAT, 8 * _QUEUE * BEATS),
        *(_plain(f"front_end.payload_{unit.name.lower()}", BEAT, depth)
          for unit, depth in payload_room(c).items()),
        *(Memory(f"buffers.{name}", b.width, b.depth, b.width // b.parts)
          for name, b in buffers(c).items()),
        Memory("matmul.accumulators", accumulators, 2 << (c.bank_rows - 1).bit_length(),
               accumulators, reads=2, copies=2),
        *(Memory(f"epilogue.table_{n}", c.code_bits, 1 << c.table_bits, c.code_bits, reads=2)
          for n in range(WORD // 2)),
        _plain("epilogue.outputs", BEAT + 2, BLOCK),
        Memory("epilogue.parameters", WORD * channel, max(2 * (c.columns // WORD), BLOCK), channel),
        Memory("layernorm.seeds", 30, 256, 0),
        _plain("layernorm.rows", lanes * STREAM_BITS + 1,
               beats + _LAYERNORM_CYCLES + (lanes - 1).bit_length()),
        *(Memory(f"layernorm.{name}", width, beats, width, forced=True)
          for name, width in affine.items()),
        _plain("softmax.logits", queries * c.logit_width, tokens),
        _plain("softmax.exponents", queries * (OCTAVES.bit_length() + c.rom_bits), tokens),
        *(Memory(f"softmax.rom_{n}", EXP_BITS + 1, mantissas, 0, reads=2)
          for n in range(queries)),
    ]


def _plain(name: str, width: int, depth: int) -> Memory:
    return Memory(name, width, depth, width)


def blocks(memory: Memory, device: str) -> int:
    """Blocks of 18 kbit of a memory, 0 where look-up tables cost less.

    device   ``ecp5`` (EBR) or ``xcup`` (RAMB18, a RAMB36 is two)
    """
    m, costs = memory, _COSTS[device]
    cost, count, _ = _cheapest(m, costs)
    if m.forced:
        return count
    high = -(-m.depth // costs.rows)
    # Where the width of a memory is less than that of its tables, they count for less.
    width = m.width / costs.width if costs.scales else (
        m.parts * -(-(m.width // m.parts) // costs.width))
    tables = m.copies * (costs.tables * width * high + _choice(m, high))
    if not m.part:
        tables = m.width * m.depth * costs.rom_bit
    return 0 if tables < cost else count


def rows_of_blocks(memory: Memory, device: str) -> int:
    """Rows of blocks above each other, between which the reading port chooses."""
    return _cheapest(memory, _COSTS[device])[2]


def _cheapest(m: Memory, costs: _Costs) -> tuple[float, int, int]:
    """Cost, blocks and rows of them, of the mode that costs least."""
    choices = []
    for width, depth in _MODES.items():
        # Both ports of a block of two readers are 18 bits wide.
        if width > 18 and m.reads > m.copies:
            continue
        high = -(-m.depth // depth)
        units = high * m.parts * -(-(m.width // m.parts) // min(width, _BYTE))
        count = m.copies * -(-units // max(1, width // _BYTE))
        choices.append((count * costs.block + m.copies * _choice(m, high), count, high))
    return min(choices)


def _choice(m: Memory, high: int) -> float:
    """What is behind and before rows of memories above each other: a bit that is read, an enable
    that is written, in each row but the first."""
    return _CHOICE * (m.width + m.parts) * (high - 1)
