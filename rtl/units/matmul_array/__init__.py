"""Weight-stationary array: dot-product columns, accumulators in two banks, tiles by streams."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream

from vit2rtl.rtl.stream.stream_unit import UnitComponent
from vit2rtl.rtl.units.matmul_array.core import ArrayCore
from vit2rtl.rtl.units.matmul_array.forms import FORMS
from vit2rtl.rtl.units.matmul_array.sequence import TileCounter


class MatmulArray(UnitComponent):
    """Codes times stationary operands, summed up exactly over tiles and digits.

    Equals :func:`vit2rtl.golden.arithmetic.matmul.product`, the sums in two's complement of
    ``acc_width`` bits; how digits and tiles follow each other is what
    :mod:`vit2rtl.golden.units.matmul_array` says.

    Latency from a tile's last beat of codes: ``ceil(log2(rows)) + 8`` cycles in the form ``lut`` at
    a base of 4 in both forms, one more with weights that are codes, and where a base needs more
    than two digits of two bits. A beat of codes a cycle as long as a pass has at least
    4 tokens, and not fewer than the ``lanes + 1`` cycles in which a stationary tile loads. While a
    stalled ``o`` holds one tile, the next one is computed; then ``i`` stalls. Operands of one
    stationary tile, and of one column more, are taken ahead. ``last`` of the streams that enter is
    not looked at; reset discards what is inside.

    Parameters
    ----------
    lanes : int
        Columns, 1 to 64.
    rows : int
        Operands of a column, 1 to 64; 2 at least in the form ``packed``.
    base : int
        Bits of a digit of a code, 4 to 8; 4 in the form ``packed``.
    lane : str
        ``"lut"``, or ``"packed"``: two rows of a column share a multiplier block, see
        :mod:`vit2rtl.rtl.units.matmul_array.packed_column`.
    weights : str
        ``"signed"`` digits as they are, or ``"codes"``: unsigned ones with a zero point.
    acc_width : int
        Bits of an accumulator, 8 to 32.
    depth : int
        Rows of an accumulator bank: most tokens of a tile, 1 to 1024.

    Members
    -------
    i : In(stream of {lanes: {code: unsigned(base)} × rows, last: 1})
    i_weight : In(stream of {lanes: {weight: signed(base + 1)} × rows, last: 1})
        With ``weights="codes"`` unsigned(base). A beat is a column.
    o : Out(stream of {lanes: {acc: signed(acc_width)} × lanes, last: 1})
    tokens, k_tiles, code_digits, weight_digits : In
        Shape of a tile; they change only while nothing is inside, and so do
    weight_zero_point, code_zero_point : In
        Only with ``weights="codes"``.
    """

    unit = "matmul_array"
    i: stream.Interface
    i_weight: stream.Interface
    o: stream.Interface
    tokens: "Signal"
    k_tiles: "Signal"
    code_digits: "Signal"
    weight_digits: "Signal"

    def __init__(
        self,
        *,
        lanes: int = 4,
        rows: int = 16,
        base: int = 4,
        lane: str = "lut",
        weights: str = "signed",
        acc_width: int = 20,
        depth: int = 256,
    ) -> None:
        super().__init__(
            lanes=lanes, rows=rows, base=base, lane=lane, weights=weights, acc_width=acc_width,
            depth=depth,
        )

    @classmethod
    def cycles(cls, parameters: Mapping[str, Any]) -> int:
        """Those of the dot products, then those of the accumulators and of their drain."""
        p = parameters
        return ArrayCore.latency(
            [FORMS[p["lane"]]], rows=p["rows"], base=p["base"], correction=p["weights"] == "codes"
        )

    @classmethod
    def latency_formula(cls) -> str:
        return "8 + ceil(log2(rows)) + (weights == 'codes') + (base > 4)"

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.instance.parameters
        codes = p["weights"] == "codes"
        m.submodules.core = core = ArrayCore(
            [FORMS[p["lane"]]] * p["lanes"], rows=p["rows"], base=p["base"],
            acc_width=p["acc_width"], depth=p["depth"], k_tiles_width=len(self.k_tiles),
            factor_width=len(self._optional("code_zero_point")) if codes else 0,
        )
        m.d.comb += [
            core.i.valid.eq(self.i.valid),
            self.i.ready.eq(core.i.ready),
            core.i_operand.valid.eq(self.i_weight.valid),
            self.i_weight.ready.eq(core.i_operand.ready),
            self.o.valid.eq(core.o.valid),
            core.o.ready.eq(self.o.ready),
            self.o.p.last.eq(core.o.p.last),
            core.tokens.eq(self.tokens),
            core.k_tiles.eq(self.k_tiles),
            core.two_code_digits.eq(self.code_digits[1]),
            core.two_weight_digits.eq(self.weight_digits[1]),
        ]
        for n in range(p["rows"]):
            m.d.comb += [
                core.i.p[n].eq(self.i.p.lanes[n].code),
                core.i_operand.p[n].eq(self.i_weight.p.lanes[n].weight),
            ]
        for n in range(p["lanes"]):
            m.d.comb += self.o.p.lanes[n].acc.eq(core.o.p.acc[n])
        if codes:
            self._zero_points(m, core)
        return m

    def _optional(self, name: str) -> Signal:
        """A configuration input that is there only with ``weights="codes"``."""
        return getattr(self, name)

    def _zero_points(self, m: Module, core: ArrayCore) -> None:
        """Of the digit of the operands whose turn it is."""
        base, zero_point = core.base, self._optional("weight_zero_point")
        m.submodules.loaded = loaded = TileCounter(len(self.k_tiles))
        two = self.weight_digits[1]
        m.d.comb += [
            loaded.k_tiles.eq(self.k_tiles),
            loaded.two_digits.eq(two),
            loaded.step.eq(core.i_operand.valid & core.i_operand.ready & core.last_column),
            core.zero_point.eq(
                Mux(two, Mux(loaded.high, zero_point >> base, zero_point[:base]), zero_point)),
            core.first.eq(loaded.first),
            core.high.eq(loaded.high),
            core.factor.eq(self._optional("code_zero_point")),
        ]


COMPONENT = MatmulArray
