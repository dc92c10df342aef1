"""Elements that software writes one by one, as the beats of a table stream."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.units import Stream
from vit2rtl.rtl.stream.ports import stream_signature


class TableLoader(wiring.Component):
    """Gathers elements in beats; the last one of the table ends its beat, short or not.

    An element is put in its lane and in all lanes above it, so that a short beat is filled up with
    the last element as it grows. A beat is offered in the cycle after its last element; until it is
    taken no further element may come. Reset begins the table again.

    Parameters
    ----------
    table : vit2rtl.golden.units.Stream
        One that has entries.

    Members
    -------
    element : In(lane_bits), sent : In(1)
        The next element, where ``sent`` is high.
    count : Out
        Elements of this table so far, from 0 to all of them: then it is complete.
    o : Out(stream of the table's beats)
    """

    def __init__(self, table: Stream) -> None:
        self.table = table
        super().__init__(
            {
                "element": In(table.lane_bits),
                "sent": In(1),
                "count": Out(table.entries.bit_length()),
                "o": Out(stream_signature(table)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        entries, lanes = self.table.entries, self.table.lanes
        following = Signal(range(entries + 1))
        lane = Signal(range(lanes + 1))
        ends = Signal()
        m.d.comb += [
            following.eq(Mux(self.count == entries, 1, self.count + 1)),
            ends.eq(following == entries),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.sent):
            whole = ends | (lane == lanes - 1)
            m.d.sync += [
                self.count.eq(following),
                lane.eq(Mux(whole, 0, lane + 1)),
                self.o.p.last.eq(ends),
                self.o.valid.eq(whole),
            ]
            for n in range(lanes):
                with m.If(lane <= n):
                    m.d.sync += self.o.p.lanes[n].as_value().eq(self.element)
        return m
