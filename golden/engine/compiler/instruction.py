"""An instruction as the compiler makes it: its fields, its payload, the words that it touches."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vit2rtl.golden.engine.buffers import buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.golden.engine.placement import NOWHERE

# The epilogue's table of an activation function, as a buffer of one word.
TABLE = "table"
NO_BEATS = np.zeros(0, np.uint64)
# Words by name of their buffer.
Words = Mapping[str, np.ndarray]


def depths(configuration: Configuration) -> dict[str, int]:
    """Words of each buffer."""
    return {name: buffer.depth for name, buffer in buffers(configuration).items()} | {TABLE: 1}


@dataclass(frozen=True)
class Work:
    """What an instruction does, in the program's terms.

    op       whose: of an epilogue the last one that is in it, such as ``add`` or ``table``
    kind     of the op
    tensor   whose elements the unit gives; of an array those of the layer, before all else
    rows     of the tensor: tokens; keys where the unit gives logits or their codes
    columns  element of the tensor's last axis for each column of the tile, ``NOWHERE`` where there
             is none: channels; queries where the unit gives logits or their codes
    head     of attention
    group    of tokens, or of patches
    table    the tensor that an activation's table makes of the results
    """

    op: str
    kind: str
    tensor: str
    rows: range
    columns: tuple[int, ...] = ()
    head: int | None = None
    group: int = 0
    tile: int = 0
    table: str = ""

    def filled(self) -> list[int]:
        """The columns that are there."""
        return [column for column in self.columns if column != NOWHERE]


@dataclass
class Instruction:
    """One instruction of a unit.

    operands       by the names of :data:`vit2rtl.golden.engine.instructions.OPERANDS`
    payload        uint64[beats]
    reads, writes  words of buffers, all that it may touch from its beginning to its end
    waits          {unit: how many of its instructions must be done}
    start, end     cycles, as the schedule expects them
    """

    unit: Unit
    operands: dict[str, int]
    work: Work
    payload: np.ndarray = field(default_factory=lambda: NO_BEATS)
    reads: Words = field(default_factory=dict)
    writes: Words = field(default_factory=dict)
    opcode: int = 0
    waits: dict[Unit, int] = field(default_factory=dict)
    start: int = 0
    end: int = 0
