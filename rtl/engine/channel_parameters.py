"""Bias, multiplier and shift of an epilogue's columns: two sets, one of which loads."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import CHANNEL, WORD
from vit2rtl.rtl.engine.layouts import layout
from vit2rtl.rtl.engine.ports import payload
from vit2rtl.rtl.stream.memory import BLOCK_ROWS, PlainMemory


class ChannelParameters(wiring.Component):
    """Takes a beat a column, and gives those of ``WORD`` columns at a time.

    The set of the next instruction loads while that of the current one is read.

    Members
    -------
    i : In(stream of unsigned(64))
        ``columns`` beats an instruction.
    full : Out(1)
        All of the next instruction's are there.
    begins, ends : In(1)
        The next instruction becomes the current one, only while ``full``; the current one has read
        all that it reads. Both may come at once: then the one ends, and the next one begins.
    read : In(1), group : In
        Of the current instruction; ``channels`` has them in the next cycle, and keeps them until
        the next ``read``.
    channels : Out({bias: signed(acc_width), multiplier, shift} × WORD)
        The bias wrapped.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.groups = configuration.columns // WORD
        widths = {name: Shape(field.width, field.signed) for name, field in CHANNEL.items()}
        channel = data.StructLayout(widths | {"bias": Shape(configuration.acc_width, True)})
        super().__init__(
            {
                "i": In(payload()),
                "full": Out(1),
                "begins": In(1),
                "ends": In(1),
                "read": In(1),
                "group": In(range(self.groups)),
                "channels": Out(data.ArrayLayout(channel, WORD)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        channel = self.channels.shape().elem_shape
        m.submodules.memory = memory = PlainMemory(shape=WORD * channel.size,
                                                   depth=max(2 * self.groups, BLOCK_ROWS))
        write, read = memory.write_port(granularity=channel.size), memory.read_port()
        full = Signal(2)
        loading, following, current = Signal(), Signal(), Signal()  # sets
        column, group = Signal(range(WORD)), Signal(range(self.groups))
        takes, last = Signal(), Signal()

        def of(flags: Signal, which: Signal) -> Value:
            return Mux(which, flags[1], flags[0])

        def address(which: Signal, group: Signal) -> Value:
            return Mux(which, self.groups + group, group)

        m.d.comb += [
            self.full.eq(of(full, following)),
            self.i.ready.eq(~full.all()),
            takes.eq(self.i.valid & self.i.ready),
            last.eq((column == WORD - 1) & (group == self.groups - 1)),
            write.en.eq(Mux(takes, 1 << column, 0)),
            write.addr.eq(address(loading, group)),
            read.en.eq(self.read),
            read.addr.eq(address(current, self.group)),
            self.channels.as_value().eq(read.data),
        ]
        given = data.View(layout(CHANNEL), self.i.payload[: layout(CHANNEL).size])
        written = data.View(self.channels.shape(), write.data)
        for n in range(WORD):
            m.d.comb += [getattr(written[n], name).eq(getattr(given, name)) for name in CHANNEL]
        with m.If(takes):
            m.d.sync += column.eq(column + 1)
            with m.If(column == WORD - 1):
                m.d.sync += group.eq(Mux(last, 0, group + 1))
            with m.If(last):
                m.d.sync += loading.eq(~loading)
        with m.If(self.begins):
            m.d.sync += [current.eq(following), following.eq(~following)]
        for n in range(2):
            with m.If(self.ends & (current == n)):
                m.d.sync += full[n].eq(0)
            with m.If(takes & last & (loading == n)):
                m.d.sync += full[n].eq(1)
        return m
