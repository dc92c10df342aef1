"""Dot-product columns of the array: stationary operands, a row of codes a cycle, a tree of adders.

Every addition is one statement with a register behind it: synthesis then makes a carry chain of
each, and no multiplier of look-up tables.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.rtl.stream.pipeline import registered

_RADIX_BITS = 2


class DotColumn(wiring.Component, ABC):
    """``COLUMNS`` columns: each keeps ``rows`` operands, and makes a sum of a row of codes a cycle.

    Operands are double-buffered: ``load`` fills a column's shadow while the column computes with
    the operands before, ``swap`` takes all shadows at once. No back pressure: the stages' enables
    say what moves.

    Latency ``cycles`` from a row of codes to its sums, a row a cycle.

    Parameters
    ----------
    rows : int
        Products of a sum, at least 1.
    base : int
        Bits of an unsigned code; an operand has one more, and a sign.

    Members
    -------
    code : In(unsigned(base) × rows)
    operand : In(what ``stored`` says, × rows)
        Of the column that loads.
    load : In(COLUMNS)
        Bit n: column n's shadow takes the operands.
    swap : In(1)
        In the cycle before the first code that the shadow's operands are for.
    enable : In(cycles)
        Bit n loads the registers of stage n.
    sums : Out(signed × COLUMNS)
        As wide as the largest sum needs.
    """

    COLUMNS = 1

    def __init__(self, *, rows: int, base: int) -> None:
        self.rows = rows
        self.base = base
        self.top = (1 << base) - 1
        low, high = self.reach()
        self.sum_width = width(rows * low, rows * high)
        super().__init__(
            {
                "code": In(data.ArrayLayout(base, rows)),
                "operand": In(data.ArrayLayout(self.stored(base), rows)),
                "load": In(self.COLUMNS),
                "swap": In(1),
                "enable": In(self.cycles(rows, base)),
                "sums": Out(data.ArrayLayout(signed(self.sum_width), self.COLUMNS)),
            }
        )

    @classmethod
    @abstractmethod
    def cycles(cls, rows: int, base: int) -> int:
        """Register stages from the codes to the sums."""

    @classmethod
    @abstractmethod
    def stored(cls, base: int) -> data.StructLayout:
        """What a column keeps of an operand: the operand itself, ``value``, and multiples."""

    def reach(self) -> tuple[int, int]:
        """Smallest and largest product of a code and an operand."""
        return -self.top * (self.top + 1), self.top * self.top

    def _active(self, m: Module, column: int, row: int) -> data.View:
        """The operand that a column computes with, the one from its shadow after a swap."""
        layout, place = self.stored(self.base), f"{column}_{row}"
        shadow = Signal(layout, name=f"shadow_{place}", reset_less=True)
        active = Signal(layout, name=f"active_{place}", reset_less=True)
        with m.If(self.load[column]):
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


class DotColumnLut(DotColumn):
    """A column of look-up tables and carry chains: no multiplier.

    A code is digits of two bits, and a digit times an operand w is one of 0, w, 2w and 3w, of which
    w and 3w are kept: a multiplexer. Each digit has a tree of its own over the rows; the sums of
    the digits are put together once a column, not once a product. With ``base`` 4::

        codes 11 = 3 + 4 · 2 and 7 = 3 + 4 · 1; operands -5 and 9
        digits 0: 3 · -5 + 3 · 9 = 12      digits 1: 2 · -5 + 1 · 9 = -1
        12 + 4 · -1 = 8 = 11 · -5 + 7 · 9
    """

    @classmethod
    def cycles(cls, rows: int, base: int) -> int:
        """A level of the digits' trees each, and of what puts their sums together."""
        digits = -(-base // _RADIX_BITS)
        return (rows - 1).bit_length() + (digits - 1).bit_length()

    @classmethod
    def stored(cls, base: int) -> data.StructLayout:
        """The operand and three times it."""
        return data.StructLayout({"value": signed(base + 1), "triple": signed(base + 3)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operands = [self._active(m, 0, row) for row in range(self.rows)]
        least = -1 - self.top
        sums, stage = [], 0
        for low in range(0, self.base, _RADIX_BITS):
            codes = [self.code[row][low : low + _RADIX_BITS] for row in range(self.rows)]
            digit_top = (1 << len(codes[0])) - 1
            terms = [
                self._multiple(m, operand, code, f"digit_{low}_{row}")
                for row, (operand, code) in enumerate(zip(operands, codes, strict=True))
            ]
            reach = digit_top * least, digit_top * self.top
            total, stage = self._tree(m, terms, reach, 0, f"digit_{low}")
            sums.append(total)
        m.d.comb += self.sums[0].eq(self._joined(m, sums, stage))
        return m

    def _multiple(self, m: Module, operand: data.View, digit: Value, name: str) -> Value:
        """The operand times a digit.

        By masks of the digit's bits: a simulator would take a branch for a choice, and guess wrong
        half the time.
        """
        shape = operand.triple.shape()
        multiple = Signal(shape, name=name)
        single, double = Signal(shape, name=f"{name}_single"), Signal(shape, name=f"{name}_double")
        m.d.comb += [single.eq(operand.value), double.eq(operand.value << 1)]
        ones = digit[0].replicate(shape.width)
        chosen = ones & single
        if len(digit) > 1:
            twos = digit[1].replicate(shape.width)
            chosen = (ones & ((twos & operand.triple) | (~twos & single))) | (
                ~ones & (twos & double))
        m.d.comb += multiple.eq(chosen)
        return multiple

    def _joined(self, m: Module, sums: list[Value], stage: int) -> Value:
        """Digits' sums, the lowest digit's first, as one: neighbours are added, a level a stage.

        The bits of the lower one that the upper one has none for pass by the adder.
        """
        shift = _RADIX_BITS
        while len(sums) > 1:
            pairs = [sums[n : n + 2] for n in range(0, len(sums), 2)]
            sums = []
            for n, pair in enumerate(pairs):
                total = pair[0]
                if len(pair) > 1:
                    upper = Signal(signed(len(pair[1]) + 1), name=f"upper_{stage}_{n}")
                    m.d.comb += upper.eq((pair[0] >> shift) + pair[1])
                    total = Cat(pair[0][:shift], upper)[: self.sum_width].as_signed()
                total = registered(m, total, self.enable[stage], name=f"joined_{stage}_{n}")
                sums.append(total)
            shift *= 2
            stage += 1
        return sums[0]


class DotColumnPacked(DotColumn):
    """Two columns that share multiplier blocks: one of 18 bits signed makes both products.

    It multiplies a code by ``w0 + w1 * 2**field``, and the tree adds such pairs: the lower field
    holds the sum of column 0 as a signed number, which has borrowed 1 from the upper field where
    it is negative, and gives it back once, behind the tree. Operands are at least ``-top``, so
    that no sum leaves its field. The second column's operand comes less 1 where the first one's is
    negative, as the loader gives it: then both, side by side, are the pair.
    """

    COLUMNS = 2
    MULTIPLIER_BITS = 18

    def __init__(self, *, rows: int, base: int = 4) -> None:
        super().__init__(rows=rows, base=base)
        if self.sum_width + base + 1 > self.MULTIPLIER_BITS:
            raise ValueError(
                f"Rows must be such that two sums of {self.sum_width} bits and an operand fit "
                f"{self.MULTIPLIER_BITS} bits, not {rows!r}"
            )

    @classmethod
    def cycles(cls, rows: int, base: int) -> int:
        """The products, a level of the tree each, and what takes the two sums apart."""
        return 2 + (rows - 1).bit_length()

    @classmethod
    def stored(cls, base: int) -> data.StructLayout:
        """The operand alone."""
        return data.StructLayout({"value": signed(base + 1)})

    def reach(self) -> tuple[int, int]:
        """Symmetric: the least operand there is has no place in the upper field."""
        return -self.top * self.top, self.top * self.top

    def elaborate(self, platform: object) -> Module:
        m = Module()
        field = self.sum_width
        low, high = self.reach()
        reach = low + ((low - self.top) << field), high + (high << field)
        products = []
        for row in range(self.rows):
            first, second = (self._active(m, column, row) for column in range(self.COLUMNS))
            lower = Signal(signed(field), name=f"lower_{row}")
            m.d.comb += lower.eq(first.value)
            pair = Cat(lower, second.value).as_signed()
            product = Signal(signed(width(*reach)), name=f"product_{row}", reset_less=True)
            with m.If(self.enable[0]):
                m.d.sync += product.eq(pair * self.code[row])
            products.append(product)
        total, stage = self._tree(m, products, reach, 1, "pair")
        first = registered(m, total[:field].as_signed(), self.enable[stage], name="first")
        second = Signal(signed(field), name="second", reset_less=True)
        with m.If(self.enable[stage]):
            m.d.sync += second.eq(total[field:].as_signed() + total[field - 1])
        m.d.comb += [self.sums[0].eq(first), self.sums[1].eq(second)]
        return m


FORMS: dict[str, type[DotColumn]] = {"lut": DotColumnLut, "packed": DotColumnPacked}
