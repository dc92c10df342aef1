"""What all dot-product columns of the array have: stationary operands, a row of codes a cycle.

Every addition of theirs is one statement with a register behind it: synthesis then makes a carry
chain of each, and no multiplier of look-up tables.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.matmul import width


class DotColumn(wiring.Component, ABC):
    """A column: keeps ``rows`` operands, and makes a sum of a row of codes a cycle.

    Operands are double-buffered: ``load`` fills the shadow while the column computes with the
    operands before, ``swap`` takes it. No back pressure: the stages' enables say what moves.

    Latency ``cycles`` from a row of codes to its sums, a row a cycle.

    Parameters
    ----------
    rows : int
        Products of a sum, at least 1.
    base : int
        Bits of an unsigned code.
    operand_base : int
        An operand has one bit more than so many: a sign. By default ``base``.

    Members
    -------
    code : In(unsigned(base) × rows)
    operand : In(what ``stored`` says, × rows)
    load : In(1)
        The shadow takes the operands.
    swap : In(1)
        In the cycle before the first code that the shadow's operands are for.
    enable : In(cycles)
        Bit n loads the registers of stage n.
    total : Out(signed)
        As wide as the largest sum needs.
    """

    def __init__(self, *, rows: int, base: int, operand_base: int | None = None) -> None:
        self.rows = rows
        self.base = base
        self.operand_base = operand_base or base
        self.top = (1 << self.operand_base) - 1
        low, high = self.reach()
        self.sum_width = width(rows * low, rows * high)
        super().__init__(
            {
                "code": In(data.ArrayLayout(base, rows)),
                "operand": In(data.ArrayLayout(self.stored(self.operand_base), rows)),
                "load": In(1),
                "swap": In(1),
                "enable": In(self.cycles(rows, base)),
                "total": Out(signed(self.sum_width)),
            }
        )

    @classmethod
    @abstractmethod
    def cycles(cls, rows: int, base: int) -> int:
        """Register stages from the codes to their sum."""

    @classmethod
    @abstractmethod
    def stored(cls, base: int) -> data.StructLayout:
        """What a column keeps of an operand; :class:`~.loader.StationaryLoader` says what it is."""

    def reach(self) -> tuple[int, int]:
        """Smallest and largest product of a code and an operand."""
        code_top = (1 << self.base) - 1
        return -code_top * (self.top + 1), code_top * self.top

    def _active(self, m: Module, row: int) -> data.View:
        """The operand that a column computes with, the one from its shadow after a swap."""
        layout = self.stored(self.operand_base)
        shadow = Signal(layout, name=f"shadow_{row}", reset_less=True)
        active = Signal(layout, name=f"active_{row}", reset_less=True)
        with m.If(self.load):
            m.d.sync += shadow.eq(self.operand[row])
        with m.If(self.swap):
            m.d.sync += active.eq(shadow)
        return active

    def _tree(
        self, m: Module, terms: Sequence[Value], reach: tuple[int, int], stage: int, name: str
    ) -> tuple[Value, int]:
        """Sum of terms of the same ``reach``, and the stage behind it: a register a level."""
        sums, count = list(terms), 1
        while len(sums) > 1:
            count *= 2
            shape = signed(width(*(end * min(count, len(terms)) for end in reach)))
            pairs = [sums[n : n + 2] for n in range(0, len(sums), 2)]
            sums = []
            for n, pair in enumerate(pairs):
                total = Signal(shape, name=f"{name}_{stage}_{n}", reset_less=True)
                with m.If(self.enable[stage]):
                    m.d.sync += total.eq(pair[0] + pair[1] if len(pair) > 1 else pair[0])
                sums.append(total)
            stage += 1
        return sums[0], stage


def latency(columns: Sequence[type[DotColumn]], *, rows: int, base: int) -> int:
    """Register stages of columns side by side, which have to be the same of all.

    raises  ValueError where they are not
    """
    cycles = {column.cycles(rows, base) for column in columns}
    if len(cycles) > 1:
        raise ValueError(f"Columns side by side must be as long as each other, not {cycles}")
    return cycles.pop()


def kept(columns: Sequence[type[DotColumn]], base: int) -> data.StructLayout:
    """What columns side by side keep of an operand: all that one of them does."""
    fields: dict[str, Any] = {}
    for column in columns:
        fields |= {name: field.shape for name, field in column.stored(base)}
    return data.StructLayout(fields)
