"""A dot-product column of look-up tables."""

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import data

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.matmul_array.columns import DotColumn

_RADIX_BITS = 2


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
        operands = [self._active(m, row) for row in range(self.rows)]
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
        m.d.comb += self.total.eq(self._joined(m, sums, stage))
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
