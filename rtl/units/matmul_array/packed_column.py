"""A dot-product column of multiplier blocks, two products in each."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import data

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.matmul_array.columns import DotColumn


class DotColumnPacked(DotColumn):
    """A column of multiplier blocks of 18 × 18 bits: one makes the sum of two rows' products.

    It multiplies ``c0 + c1 * 2**field`` by ``w1 + w0 * 2**field``. The product has three fields,
    signed, of which the middle one is ``c0 w0 + c1 w1``; the lower one, ``c0 w1``, has borrowed 1
    from it where it is negative, and the upper one is left out. With a ``field`` of 10 bits::

        codes 11, 7 and operands -5, 9: (11 + 7 · 1024) (9 - 5 · 1024) = 99 + 8 · 1024 - …
        codes 2, 1 and operands 9, -5: (2 + 1024) (-5 + 9 · 1024) = -10 + 13 · 1024 + …
            which is 1014 + 12 · 1024 + …, and 1014 in 10 bits is negative: 12 + 1 = 2 · 9 - 5

    What was borrowed is given back by the adders' carries: each takes that of one of its terms and
    hands on that of the other one, and the last one, alone, is a stage of its own. The factor is
    two fields beside each other, so an even row's operand comes less 1 where the one above it is
    negative, as the loader gives it.
    """

    MULTIPLIER_BITS = 18

    def __init__(self, *, rows: int, base: int = 4) -> None:
        super().__init__(rows=rows, base=base)
        low, high = (2 * end for end in self.reach())
        self.field = width(low - 1, high)
        if rows < 2:
            raise ValueError(f"Rows must be at least 2 to share a multiplier, not {rows!r}")
        if self.field + base + 2 > self.MULTIPLIER_BITS:
            raise ValueError(
                f"Base must be such that a sum of two products and an operand fit "
                f"{self.MULTIPLIER_BITS} bits, not {base!r}"
            )

    @classmethod
    def cycles(cls, rows: int, base: int) -> int:
        """The products, a level of the pairs' tree each, and the last one that was borrowed."""
        return 2 + ((rows + 1) // 2 - 1).bit_length()

    @classmethod
    def stored(cls, base: int) -> data.StructLayout:
        """The operand as it is or less 1: a field of the factor."""
        return data.StructLayout({"lent": signed(base + 2)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operands = [self._active(m, row).lent for row in range(self.rows)]
        terms = []
        for row in range(0, self.rows, 2):
            lower = Signal(signed(self.field), name=f"lower_{row}")
            codes = Signal(self.field + self.base, name=f"codes_{row}")
            m.d.comb += codes.eq(self.code[row])
            if row + 1 < self.rows:
                m.d.comb += [
                    lower.eq(operands[row + 1]),
                    codes[self.field :].eq(self.code[row + 1]),
                ]
            product = Cat(lower, operands[row]).as_signed() * codes
            # The middle field, and below it the sign of the lower one.
            kept = registered(m, product[self.field - 1 : 2 * self.field], self.enable[0],
                              name=f"product_{row}")
            terms.append((kept[1:].as_signed(), kept[0]))
        total, stage = self._borrowing_tree(m, terms)
        whole = Signal.like(self.total, name="whole", reset_less=True)
        with m.If(self.enable[stage]):
            m.d.sync += whole.eq(total[0] + total[1])
        m.d.comb += self.total.eq(whole)
        return m

    def _borrowing_tree(
        self, m: Module, terms: list[tuple[Value, Value]]
    ) -> tuple[tuple[Value, Value], int]:
        """Sum of terms that lack what is beside them, 0 or 1, and the stage behind it."""
        stage, count = 1, 2
        low, high = self.reach()
        while len(terms) > 1:
            count = min(2 * count, self.rows + self.rows % 2)
            shape = signed(width(count * low - 1, count * high))
            pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
            terms = []
            for n, pair in enumerate(pairs):
                (value, lacks), enable = pair[0], self.enable[stage]
                if len(pair) > 1:
                    # A carry into the lowest bit is a bit below it that overflows.
                    added = Signal(signed(shape.width + 1), name=f"added_{stage}_{n}")
                    m.d.comb += added.eq(Cat(Const(1, 1), value).as_signed()
                                         + Cat(pair[1][1], pair[1][0]).as_signed())
                    value = added[1:].as_signed()
                total = Signal(shape, name=f"pair_{stage}_{n}", reset_less=True)
                with m.If(enable):
                    m.d.sync += total.eq(value)
                terms.append((total, registered(m, lacks, enable, name=f"lacks_{stage}_{n}")))
            stage += 1
        return terms[0], stage
