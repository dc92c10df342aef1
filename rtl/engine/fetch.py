"""Words of a buffer as a stream, from a stream of their addresses."""

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import Buffer
from vit2rtl.rtl.engine.ports import read_port, shared_read_port
from vit2rtl.rtl.stream.pipeline import PipelineControl, registered
from vit2rtl.rtl.stream.skid import SkidBuffer


def request(address: int, parts: int) -> data.StructLayout:
    """Which part of which word, by so many bits of its address. With ``again``, of the last one:
    it is not read again."""
    return data.StructLayout({"addr": address, "again": 1, "part": range(parts), "last": 1})


class Fetch(wiring.Component):
    """Reads words, or equal parts of words, in the order of requests.

    Latency 2 cycles: the buffer, and a register behind it. A word a cycle; a stalled ``o`` stalls
    ``i`` when two words and a request wait, and nothing is lost. ``i.ready`` comes from a register:
    who makes addresses knows nothing of the port and of ``o`` in the same cycle. Reset discards
    what is inside.

    Parameters
    ----------
    buffer : Buffer
    parts : int
        Of a word, part 0 in its lowest bits: each request is for one. A divisor of its width.
    shared : bool
        The port gives way to another one.

    Members
    -------
    i : In(stream of request(buffer.address, parts))
    port : Out(read_port(buffer) or shared_read_port(buffer))
    o : Out(stream of {part: unsigned, last: 1})
    """

    def __init__(self, buffer: Buffer, *, parts: int = 1, shared: bool = False) -> None:
        self.parts, self.shared = parts, shared
        found = {"part": buffer.width // parts, "last": 1}
        super().__init__({
            "i": In(stream.Signature(request(buffer.address, parts))),
            "port": Out((shared_read_port if shared else read_port)(buffer)),
            "o": Out(stream.Signature(data.StructLayout(found))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.requests = requests = SkidBuffer(self.i.payload.shape())
        wiring.connect(m, wiring.flipped(self.i), requests.i)
        m.submodules.control = control = PipelineControl(2)
        asked = requests.o
        granted = asked.p.again | (self.port.ready if self.shared else 1)
        m.d.comb += [
            control.i.valid.eq(asked.valid & granted),
            control.i.payload.eq(asked.p.last),
            asked.ready.eq(control.i.ready & granted),
            self.port.en.eq(asked.valid & control.i.ready & ~asked.p.again),
            self.port.addr.eq(asked.p.addr),
            self.o.valid.eq(control.o.valid),
            self.o.p.last.eq(control.o.payload),
            control.o.ready.eq(self.o.ready),
        ]
        part = registered(m, asked.p.part, control.enable[0], name="part_of_word")
        chosen = self.port.data.word_select(part, len(self.o.p.part))
        m.d.comb += self.o.p.part.eq(registered(m, chosen, control.enable[1], name="chosen"))
        return m
