"""LayerNorm quantizer in Amaranth: statistics, a serial root a row, lanes, memories between."""

from collections.abc import Mapping

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import UnitComponent
from vit2rtl.rtl.units.layernorm_quantizer.budget import Budget
from vit2rtl.rtl.units.layernorm_quantizer.lane import LayerNormLane
from vit2rtl.rtl.units.layernorm_quantizer.memories import AffineTable, RowMemory
from vit2rtl.rtl.units.layernorm_quantizer.root import ReciprocalRoot
from vit2rtl.rtl.units.layernorm_quantizer.statistics import LayerNormStatistics


class LayerNormQuantizer(UnitComponent):
    """Rows of the residual stream to codes: LayerNorm, its affine and the rounding in one.

    Equals :func:`vit2rtl.golden.arithmetic.layernorm.layer_norm`. A row's sums are made while it
    enters; then one serial unit makes what its elements are multiplied by, and the elements come
    out of a memory into the lanes. The next rows do the same behind it.

    Latency from a row's last beat to its first code ``cycles``: sums, root, lanes. One beat a cycle
    for rows of at least ``ReciprocalRoot.INTERVAL`` = 30 beats, else a row every 30 cycles. A
    stalled ``o`` stalls the lanes at once, and ``i`` when the memory is full, which holds a whole
    row and as many beats more as the latency has cycles, or when three rows have ended behind it;
    nothing is lost. Reset discards what is
    inside and keeps the table.

    Codes are unsigned. A signed output of b bits, which is less by ``2**(b-1)``, is the same bits
    with the upper one inverted: whoever takes it does so.

    Parameters
    ----------
    lanes : int
        Elements a beat, 1 to 64. Lane 0 is in the least significant bits.
    bits : int
        Bits of the output code, 2 to 16.
    width : int
        Bits of a signed element, 4 to 16.
    channels : int
        Most elements of a row, 2 to 8192, and entries of the table. See :class:`~.budget.Budget`.

    Members
    -------
    i : In(stream of {lanes: {element: signed(width)} × lanes, last: 1})
        Rows of ``columns`` elements.
    i_affine : In(stream of {lanes: {gain: signed(17), offset: signed(41)} × lanes, last: 1})
        All channels in order, those beyond the rows, too; while nothing is inside. Always ready.
    o : Out(stream of {lanes: {code: unsigned(bits)} × lanes, last: 1})
    columns, shift, epsilon : In
        Change only while nothing is inside.
    """

    unit = "layernorm_quantizer"
    i: stream.Interface
    i_affine: stream.Interface
    o: stream.Interface
    columns: "Signal"
    shift: "Signal"
    epsilon: "Signal"

    def __init__(
        self, *, lanes: int = 4, bits: int = 4, width: int = 16, channels: int = 192
    ) -> None:
        super().__init__(lanes=lanes, bits=bits, width=width, channels=channels)

    @classmethod
    def cycles(cls, parameters: Mapping[str, int | str]) -> int:
        """Latency: sums, root, lanes."""
        root = ReciprocalRoot.INTERVAL + 1
        sums = LayerNormStatistics.cycles(int(parameters["lanes"]))
        return sums + root + LayerNormLane.PIPELINE_CYCLES

    @classmethod
    def latency_formula(cls) -> str:
        """The same as an expression in the parameters, for people."""
        return f"{cls.cycles({'lanes': 1})} + ceil(log2(lanes))"

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.instance.parameters
        budget = Budget(p["width"], p["channels"])
        (source,), (table,) = self.instance.sources, self.instance.tables
        m.submodules.statistics = statistics = LayerNormStatistics(budget, p["lanes"])
        m.submodules.root = root = ReciprocalRoot(budget)
        depth = source.beats(p["channels"]) + self.latency
        m.submodules.rows = rows = RowMemory(self.i.payload.shape(), depth)
        m.submodules.affine = affine = AffineTable(budget, table)

        # A beat is taken by both, or by neither.
        m.d.comb += [
            self.i.ready.eq(statistics.i.ready & rows.i.ready),
            statistics.i.valid.eq(self.i.valid & rows.i.ready),
            rows.i.valid.eq(self.i.valid & statistics.i.ready),
            rows.i.payload.eq(self.i.payload),
            statistics.i.p.elements.as_value().eq(self.i.p.lanes.as_value()),
            statistics.i.p.last.eq(self.i.p.last),
            statistics.columns.eq(self.columns),
            root.columns.eq(self.columns),
            root.shift.eq(self.shift),
            root.epsilon.eq(self.epsilon),
            root.i.payload.eq(statistics.o.payload),
            root.i.valid.eq(statistics.o.valid),
            statistics.o.ready.eq(root.i.ready),
            affine.i.payload.eq(self.i_affine.payload),
            affine.i.valid.eq(self.i_affine.valid),
            self.i_affine.ready.eq(affine.i.ready),
        ]
        self._normalize(m, rows, root, affine, budget)
        return m

    def _normalize(
        self, m: Module, rows: RowMemory, root: ReciprocalRoot, affine: AffineTable, budget: Budget
    ) -> None:
        """Beats of the row whose constants are there go through the lanes."""
        enable = Signal()
        fires = Signal()
        m.d.comb += [
            enable.eq(~self.o.valid | self.o.ready),
            fires.eq(rows.o.valid & root.o.valid),
            rows.o.ready.eq(enable & root.o.valid),
            root.o.ready.eq(enable & rows.o.valid & rows.o.p.last),
        ]
        row = Signal.like(affine.gain_row)
        with m.If(enable & fires):
            m.d.sync += row.eq(Mux(rows.o.p.last, 0, row + 1))

        def delayed(value: Value, stages: int, name: str, *, reset: bool = False) -> list[Value]:
            """The value, and what it is after 1 to so many stages."""
            chain = [value]
            for n in range(1, stages + 1):
                stage = registered(m, chain[-1], enable, name=f"{name}_{n}", reset=reset)
                chain.append(stage)
            return chain

        constants, due = root.o.payload, LayerNormLane.STAGES
        valid = delayed(fires, LayerNormLane.PIPELINE_CYCLES, "valid", reset=True)
        last = delayed(rows.o.p.last, LayerNormLane.PIPELINE_CYCLES, "last")
        mean = delayed(constants.mean, due["mean"], "mean")
        amount = delayed(constants.amount, due["amount"], "amount")
        fine = registered(m, amount[-1][: len(LayerNormLane.FINE)], enable, name="amount_fine")
        # The table's reads take two stages.
        gain_at, offset_at = due["gain"] - 2, due["offset"] - 2
        row_after = delayed(row, offset_at, "row")
        m.d.comb += [
            affine.enable.eq(enable),
            affine.gain_row.eq(row_after[gain_at]),
            affine.gain_read.eq(valid[gain_at]),
            affine.offset_row.eq(row_after[offset_at]),
            affine.offset_read.eq(valid[offset_at]),
            self.o.valid.eq(valid[-1]),
            self.o.p.last.eq(last[-1]),
        ]
        for n in range(self.instance.lanes):
            lane = LayerNormLane(budget, self.instance.parameters["bits"])
            m.submodules[f"lane_{n}"] = lane
            m.d.comb += [
                lane.enable.eq(enable),
                lane.element.eq(rows.o.p.lanes[n].element),
                lane.factor.eq(constants.factor),
                lane.mean.eq(mean[-1]),
                lane.amount.eq(amount[-1]),
                lane.fine.eq(fine),
                lane.gain.eq(affine.gains[n]),
                lane.offset.eq(affine.offsets[n]),
                self.o.p.lanes[n].code.eq(lane.code),
            ]


COMPONENT = LayerNormQuantizer
