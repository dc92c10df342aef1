"""Addresses of the words of an instruction: an outer and an inner loop, digits between them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.instructions import OPERANDS, Unit

_FIELDS = OPERANDS[Unit.MATMUL]
_BASE, _STRIDE = _FIELDS["base"].width, _FIELDS["row_stride"].width


class AddressWalk(wiring.Component):
    """``base + outer * outer_stride + inner * inner_stride + digit``, the inner steps last.

    For every outer step, and twice where ``repeated``, and for every digit, the upper one first,
    all inner steps. So k tiles, digits of weights and of codes, and rows follow each other as the
    array takes them; or groups of columns within rows.

    An address a cycle, the first one in the cycle after its walk is taken; a walk that is there
    follows without a gap.

    Parameters
    ----------
    outer, inner : int
        Bits of the two counts.
    address : int
        Bits of the sums, :func:`vit2rtl.golden.engine.buffers.address_bits`.

    Members
    -------
    i : In(stream of {base, outer_stride, inner_stride, outer, inner, two_digits, repeated})
        ``outer`` and ``inner`` are counts, at least 1. Two digits are words side by side.
    o : Out(stream of {address, inner, ends, last})
        ``ends``: the last inner step; ``last``: the last address.
    """

    def __init__(self, *, outer: int, inner: int, address: int) -> None:
        self.address = address
        walk = {
            "base": _BASE, "outer_stride": _STRIDE, "inner_stride": _STRIDE,
            "outer": outer, "inner": inner, "two_digits": 1, "repeated": 1,
        }
        step = {"address": address, "inner": inner, "ends": 1, "last": 1}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(walk))),
                "o": Out(stream.Signature(data.StructLayout(step))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        walk = Signal(self.i.payload.shape(), reset_less=True, name="taken")
        # Of the inner step, and of the first one.
        address, start = (
            Signal(self.address, name=name, reset_less=True) for name in ("address", "start"))
        # Of the step after this one, from 1 on: whether it is the last one, known ahead.
        inner = Signal(walk.inner.shape(), reset_less=True)
        after_outer, after_inner = (
            Signal(shape, name=name, reset_less=True)
            for name, shape in (("after_outer", walk.outer.shape()),
                                ("after_inner", walk.inner.shape()))
        )
        one = Signal(reset_less=True)  # inner step
        outer_ends = Signal(reset_less=True)
        low, again = Signal(reset_less=True), Signal(reset_less=True)
        step = self.o.p
        digits_end, repeats_end = Signal(), Signal()
        # One adder: to the next inner step, back to the first one, or on to the next outer step's.
        following, target = Signal(self.address), Signal(self.address)
        m.d.comb += [
            digits_end.eq(low | ~walk.two_digits),
            repeats_end.eq(digits_end & (again | ~walk.repeated)),
            following.eq(
                Mux(step.ends, start, address)
                + Mux(step.ends, Mux(repeats_end, walk.outer_stride, 0), walk.inner_stride)
            ),
            target.eq(Mux(self.i.ready, self.i.p.base, following)),
            step.address.eq(address + low),
            step.inner.eq(inner),
            step.last.eq(step.ends & repeats_end & outer_ends),
            self.i.ready.eq(~self.o.valid | (self.o.ready & step.last)),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [
                inner.eq(inner + 1), after_inner.eq(after_inner + 1),
                step.ends.eq(after_inner == walk.inner), address.eq(target),
            ]
            with m.If(step.ends):
                m.d.sync += [
                    inner.eq(0), after_inner.eq(2), step.ends.eq(one), low.eq(~digits_end)]
                with m.If(digits_end):
                    m.d.sync += again.eq(~repeats_end)
                with m.If(repeats_end):
                    m.d.sync += [
                        after_outer.eq(after_outer + 1), outer_ends.eq(after_outer == walk.outer),
                        start.eq(target),
                    ]
        single = self.i.p.inner == 1
        with m.If(self.i.ready):
            # Whether there is a walk or not: what has no ``valid`` may be anything.
            m.d.sync += [
                self.o.valid.eq(self.i.valid),
                walk.eq(self.i.p), address.eq(target), start.eq(target), low.eq(0), again.eq(0),
                after_outer.eq(2), outer_ends.eq(self.i.p.outer == 1), inner.eq(0),
                after_inner.eq(2), one.eq(single), step.ends.eq(single),
            ]
        return m
