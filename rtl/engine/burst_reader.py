"""Reads a run of memory in bursts, again and again, and gives it as a stream."""

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.instructions import BEAT
from vit2rtl.rtl.engine.ports import beats
from vit2rtl.rtl.packaging.axi_lite_bus import OKAY
from vit2rtl.rtl.packaging.register_map import WORD
from vit2rtl.rtl.stream.fifo import Fifo

ADDRESS = 64
ALIGNMENT = (BEAT // 8 - 1).bit_length()  # lowest bits of an address, zero
PLACE = ADDRESS - ALIGNMENT
BORDER = 4096 * 8 // BEAT  # beats between addresses that no burst may cross


def read_address() -> stream.Signature:
    """AXI4's AR: ``len`` is one less than the beats of a burst."""
    return stream.Signature(data.StructLayout({"addr": ADDRESS, "len": 8}))


def read_data() -> stream.Signature:
    """AXI4's R."""
    return stream.Signature(data.StructLayout({"data": BEAT, "resp": 2, "last": 1}))


class BurstReader(wiring.Component):
    """``count`` times the ``beats`` beats of memory from ``place`` on; ``last`` with each's last.

    A burst ends where the address is a multiple of a whole burst, or with the last beat: so only
    the first one after ``place`` is shorter than it could be, and none crosses a border of 4 KiB
    (AXI4, A3.4.1). Of ``burst`` = 16, ``place`` = 13 and 25 beats: 3, 16, 6. A burst is asked for
    only when the queue has places for all of it, so ``r.ready`` is always high.

    Throughput a beat a cycle where the first beat of a burst comes within
    ``min(depth, burst * outstanding) - burst - 8`` cycles; latency the memory's and 5. A stalled
    ``o`` fills the queue, then no burst is asked for.

    A beat with another response than OKAY ends it: what came before is still given, what comes
    after is taken and dropped. A soft reset drops all, and what is offered is taken back; the
    beats under way still have to come, until then it is busy.

    Parameters
    ----------
    burst : int
        Beats of a burst at most, a power of two from 2 to 256.
    outstanding : int
        Bursts that are asked for and not complete, at most, a power of two.
    depth : int
        Beats of the queue, a power of two of at least ``burst``.

    Members
    -------
    start : In(1)
        Begins, while it is not busy.
    soft_reset : In(1)
    place : In(61), beats, count : In(32)
        They do not change while it is busy. Nothing happens where one of the latter is 0.
    busy : Out(1)
    response : Out(2)
        Of the first beat that was not OKAY, until a soft reset.
    ar : Out(stream of {addr, len})
    r : In(stream of {data, resp, last})
    o : Out(stream of {data, last})
    """

    def __init__(self, *, burst: int = 16, outstanding: int = 8, depth: int = 128) -> None:
        for name, value, least, most in (("Burst", burst, 2, BORDER // 2),
                                         ("Outstanding", outstanding, 2, 64),
                                         ("Depth", depth, burst, 4096)):
            if not least <= value <= most or value & value - 1:
                raise ValueError(
                    f"{name} must be a power of two from {least} to {most}, not {value!r}")
        self.burst, self.outstanding, self.depth = burst, outstanding, depth
        super().__init__(
            {
                "start": In(1),
                "soft_reset": In(1),
                "place": In(PLACE),
                "beats": In(WORD),
                "count": In(WORD),
                "busy": Out(1),
                "response": Out(2),
                "ar": Out(read_address()),
                "r": In(read_data()),
                "o": Out(beats()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape = beats().members["payload"].shape
        m.submodules.fifo = fifo = ResetInserter(self.soft_reset)(Fifo(shape, self.depth))
        within = (self.burst - 1).bit_length()  # bits of a place within a whole burst
        running = Signal()  # bursts are still to be asked for
        asking = Signal()
        dropping = Signal()
        # Of the next burst; passes: how often the stream is still begun, with this one.
        next_place = Signal(PLACE)
        left = Signal(WORD)
        passes = Signal(WORD)
        length = Signal(within + 1)
        ends = Signal()
        # Beats that are asked for, beats in the queue, bursts under way.
        coming = Signal(range(self.depth + 1))
        waiting = Signal(range(self.depth + 1))
        bursts = Signal(range(self.outstanding + 1))
        # Of each burst under way, oldest first: whether the stream ends with it.
        final = Signal(self.outstanding)
        newest = Signal(range(self.outstanding))
        oldest = Signal(range(self.outstanding))
        asked = Signal()
        completes = Signal()
        right = Signal()
        wrong = Signal()
        leaves = Signal()
        may_ask = Signal()

        rest = self.burst - next_place[:within]
        m.d.comb += [
            ends.eq(left <= rest),
            length.eq(Mux(ends, left, rest)),
            self.ar.valid.eq(asking),
            self.ar.p.addr.eq(Cat(Const(0, ALIGNMENT), next_place)),
            self.ar.p.len.eq((length - 1)[:within]),
            asked.eq(asking & self.ar.ready),
            may_ask.eq(running & ~asking & (bursts != self.outstanding)
                       & (coming + waiting <= self.depth - self.burst)),

            self.r.ready.eq(1),
            completes.eq(self.r.valid & self.r.p.last),
            right.eq(self.r.valid & ~dropping & (self.r.p.resp == OKAY)),
            wrong.eq(self.r.valid & ~dropping & (self.r.p.resp != OKAY)),
            fifo.i.valid.eq(right),
            fifo.i.p.data.eq(self.r.p.data),
            fifo.i.p.last.eq(self.r.p.last & final.bit_select(oldest, 1)),

            self.o.p.eq(fifo.o.p),
            self.o.valid.eq(fifo.o.valid),
            fifo.o.ready.eq(self.o.ready),
            leaves.eq(self.o.valid & self.o.ready),
            self.busy.eq(running | asking | (coming != 0) | (waiting != 0)),
        ]
        m.d.sync += [
            asking.eq(may_ask | (asking & ~self.ar.ready)),
            coming.eq(coming + Mux(asked, length, 0) - self.r.valid),
            waiting.eq(waiting + right - leaves),
            bursts.eq(bursts + asked - completes),
            newest.eq(newest + asked),
            oldest.eq(oldest + completes),
        ]
        with m.If(asked):
            m.d.sync += final.bit_select(newest, 1).eq(ends)
            with m.If(ends):
                m.d.sync += [
                    next_place.eq(self.place), left.eq(self.beats), passes.eq(passes - 1)]
                with m.If(passes == 1):
                    m.d.sync += running.eq(0)
            with m.Else():
                m.d.sync += [
                    next_place.eq(Cat(Const(0, within), next_place[within:] + 1)),
                    left.eq(left - length),
                ]
        with m.If(wrong):
            m.d.sync += self.response.eq(self.r.p.resp)
        with m.If(wrong | self.soft_reset):
            m.d.sync += [running.eq(0), dropping.eq(1)]
        with m.If(self.soft_reset):
            m.d.sync += [waiting.eq(0), self.response.eq(OKAY)]
        with m.If(self.start):
            m.d.sync += [
                next_place.eq(self.place), left.eq(self.beats), passes.eq(self.count),
                running.eq((self.beats != 0) & (self.count != 0)), dropping.eq(0),
            ]
        return m
