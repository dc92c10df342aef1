"""What follows a matmul in Amaranth: bias, requantizer, residual stream, and a row's statistics."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream

from vit2rtl.rtl.stream.pipeline import PipelineControl, registered
from vit2rtl.rtl.stream.stream_unit import Lane, UnitComponent
from vit2rtl.rtl.units.rescaling import Rescaling
from vit2rtl.rtl.units.row_statistics import RowStatistics


class EpilogueLane(Lane):
    """One accumulator to one element of what comes next.

    Stages: those of :class:`~vit2rtl.rtl.units.rescaling.Rescaling`, the bias added before the
    first; then its last multiplexer and the zero point, choice of a limit, comparison with it,
    residual stream, saturation. No stage has more than one carry chain.
    """

    PIPELINE_CYCLES = Rescaling.STAGES + 5

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.parameters["width"]
        kept = len(self.zero_point) + 2
        acc = Signal(signed(self.parameters["acc_width"]))
        m.d.comb += acc.eq(self.i.acc + self.i.bias)  # wraps
        rescaled = Rescaling(m, self.enable).rescaled(
            acc, self.i.multiplier, self.i.shift, self.shift_base, kept=kept
        )
        stage = Rescaling.STAGES

        def after(value: Value, name: str, stage: int) -> Signal:
            return registered(m, value, self.enable[stage], name=f"{name}_{stage}")

        residual = Signal(signed(width), name="residual_0", reset_less=True)
        with m.If(~self.add):
            m.d.sync += residual.eq(0)
        with m.Elif(self.enable[0]):
            m.d.sync += residual.eq(self.i.stream)
        for n in range(1, stage + 3):
            residual = after(residual, "residual", n)
        zero_point = Cat(Const(1, 1), self.zero_point).as_signed()
        rounded = Signal(signed(kept))
        m.d.comb += rounded.eq((rescaled.value + zero_point) >> 1)
        negative = Mux(rescaled.overflow, rescaled.sign, rounded[-1])
        total = after(rounded, "total", stage)
        overflow = after(rescaled.overflow, "overflow", stage)
        negative = after(negative, "negative", stage)

        # Zero is within the limits: so only that on the total's side of it can be exceeded.
        limit = after(Mux(negative, self.low, self.high), "limit", stage + 1)
        wide = (total[width - 1 :] ^ negative.replicate(kept - width + 1)).any()
        overflow = after(overflow | wide, "overflow", stage + 1)
        negative = after(negative, "negative", stage + 1)
        total = after(total[: width - 1], "total", stage + 1)
        # Below their signs, which are the same but for a negative total and a limit of 0.
        room = Signal(width)
        m.d.comb += room.eq(limit[: width - 1] - total)
        # Beyond it, or for a negative total, at it.
        beyond = after(
            overflow | (room[-1] ^ negative) | (negative & ~limit[-1]), "beyond", stage + 2
        )
        limit = after(limit, "limit", stage + 2)
        total = after(Cat(total, negative).as_signed(), "total", stage + 2)

        branch = Mux(beyond, limit, total)
        sum_ = after((branch + residual)[:width], "sum", stage + 3)
        signs = after(Cat(branch[-1], residual[-1]), "signs", stage + 3)
        lost = (signs[0] == signs[1]) & (signs[0] != sum_[-1])
        largest = Cat((~signs[0]).replicate(width - 1), signs[0])
        value = after(Mux(lost, largest, sum_), "value", stage + 4)
        m.d.comb += self.o.value.eq(value)
        return m


class Epilogue(UnitComponent):
    """Sums of a matmul to codes, logits or the residual stream, and statistics of each row.

    ``branch = clip(R1(acc + bias) + zero_point, low, high)``, where the sum of accumulator and bias
    wraps in two's complement of ``acc_width`` bits and R1 is
    :func:`vit2rtl.golden.arithmetic.requantizer.rescale`; with ``add``, ``value`` is
    :func:`vit2rtl.golden.arithmetic.residual.add` of ``stream`` and the branch, else the branch.

    Latency ``PIPELINE_CYCLES`` = 10 to ``o``, and ``2 + ceil(log2(lanes))`` more from a row's last
    beat to ``o_row``; one beat a cycle. Either output stalls ``i`` when it is not taken, ``o_row``
    with its next row; nothing is lost. Reset discards what is inside.

    Parameters
    ----------
    lanes : int
        Elements a beat, 1 to 64. Lane 0 is in the least significant bits.
    acc_width : int
        Bits of accumulator, bias and their sum, 4 to 27. Up to 18 take one 18 × 18 multiplier a
        lane, more two; a square takes another one.
    multiplier_width : int
        Bits of the unsigned multiplier, 2 to 16.
    width : int
        Bits of a result and of the residual stream, 4 to 16.

    Members
    -------
    i : In(stream of {lanes: {acc, bias, multiplier, shift, stream} × lanes, last: 1})
    o : Out(stream of {lanes: {value: signed(width)} × lanes, last: 1})
    o_row : Out(stream of {lanes: {maximum, sum, squares} × 1, last: 1})
        Of all elements of the row, those that fill up its last beat among them.
    shift_base, zero_point, low, high, add : In
        Change only while nothing is inside.
    """

    PIPELINE_CYCLES = EpilogueLane.PIPELINE_CYCLES

    unit = "epilogue"
    i: stream.Interface
    o: stream.Interface
    o_row: stream.Interface
    shift_base: "Signal"
    zero_point: "Signal"
    low: "Signal"
    high: "Signal"
    add: "Signal"

    def __init__(
        self, *, lanes: int = 4, acc_width: int = 18, multiplier_width: int = 16, width: int = 16
    ) -> None:
        super().__init__(
            lanes=lanes, acc_width=acc_width, multiplier_width=multiplier_width, width=width
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        instance = self.instance
        m.submodules.control = control = PipelineControl(self.latency)
        m.submodules.statistics = statistics = RowStatistics(
            lanes=instance.lanes,
            width=instance.parameters["width"],
            sum_width=instance.fields["sum"].width,
            squares_width=instance.fields["squares"].width,
        )
        # A result is taken by both sides, each in its own time; then the pipeline moves on.
        given, counted = Signal(), Signal()
        both = Signal()
        m.d.comb += [
            control.i.valid.eq(self.i.valid),
            control.i.payload.eq(self.i.p.last),
            self.i.ready.eq(control.i.ready),
            self.o.valid.eq(control.o.valid & ~given),
            self.o.p.last.eq(control.o.payload),
            statistics.i.valid.eq(control.o.valid & ~counted),
            statistics.i.p.last.eq(control.o.payload),
            both.eq((self.o.ready | given) & (statistics.i.ready | counted)),
            control.o.ready.eq(both),
            self.o_row.valid.eq(statistics.o.valid),
            self.o_row.p.last.eq(1),
            statistics.o.ready.eq(self.o_row.ready),
        ]
        m.d.sync += [
            given.eq(control.o.valid & ~both & (self.o.ready | given)),
            counted.eq(control.o.valid & ~both & (statistics.i.ready | counted)),
        ]
        for name in ("maximum", "sum", "squares"):
            result = getattr(statistics.o.p, name)
            m.d.comb += getattr(self.o_row.p.lanes[0], name).eq(result)
        for n in range(instance.lanes):
            lane = EpilogueLane(instance, self.latency)
            m.submodules[f"lane_{n}"] = lane
            m.d.comb += [
                lane.enable.eq(control.enable),
                lane.i.eq(self.i.p.lanes[n]),
                self.o.p.lanes[n].value.eq(lane.o.value),
                statistics.i.p.values[n].eq(lane.o.value),
            ]
            for field in instance.configuration:
                m.d.comb += getattr(lane, field.name).eq(getattr(self, field.name))
        return m


COMPONENT = Epilogue
