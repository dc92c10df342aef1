"""Addresses to words of buffers: a read, and a register behind it."""

from collections.abc import Iterable, Mapping

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import Buffer
from vit2rtl.rtl.engine.ports import read_port
from vit2rtl.rtl.stream.pipeline import PipelineControl, registered
from vit2rtl.rtl.stream.skid import SkidBuffer


class WordReader(wiring.Component):
    """Reads a word of one of several buffers for every address.

    Latency 2, a word a cycle; a stalled ``o`` stalls ``i``, and two words are read ahead.
    ``i.ready`` comes from a register, and one address more waits.

    Parameters
    ----------
    buffers : mapping
        All buffers of an engine by name.
    sources : iterable of str
        Those that are read, by their number; all of the same width.

    Members
    -------
    i : In(stream of {source, address})
        A source that there is not gives zeros, and reads nothing.
    read_NAME : Out(read_port)
    o : Out(stream of unsigned(width))
    """

    def __init__(self, buffers: Mapping[str, Buffer], sources: Iterable[str]) -> None:
        self.sources = tuple(sources)
        self.width = buffers[self.sources[0]].width
        request = {"source": range(len(self.sources) + 1),
                   "address": buffers[self.sources[0]].address}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(request))),
                "o": Out(stream.Signature(self.width)),
                **{f"read_{name}": Out(read_port(buffers[name])) for name in self.sources},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.requests = requests = SkidBuffer(self.i.payload.shape())
        wiring.connect(m, wiring.flipped(self.i), requests.i)
        m.submodules.control = control = PipelineControl(2)
        asked = requests.o
        m.d.comb += [
            control.i.valid.eq(asked.valid),
            asked.ready.eq(control.i.ready),
            self.o.valid.eq(control.o.valid),
            control.o.ready.eq(self.o.ready),
        ]
        takes = Signal()
        m.d.comb += takes.eq(asked.valid & asked.ready)
        source = registered(m, asked.p.source, takes, name="source")
        word: Value = Const(0, self.width)
        for n, name in enumerate(self.sources):
            port = getattr(self, f"read_{name}")
            chosen = Signal(name=f"chosen_{name}")
            m.d.comb += [
                port.en.eq(takes & (asked.p.source == n)),
                port.addr.eq(asked.p.address),
                chosen.eq(source == n),
            ]
            word = word | (port.data & chosen.replicate(self.width))
        m.d.comb += self.o.payload.eq(registered(m, word, control.enable[1], name="word"))
        return m
