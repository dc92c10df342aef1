"""Activations by table in Amaranth: codes to entries, two lanes to a block RAM."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.memory import PlainMemory
from vit2rtl.rtl.stream.pipeline import PipelineControl
from vit2rtl.rtl.stream.stream_unit import UnitComponent

# Read ports of a memory: a block RAM has two ports, and one of them writes as well.
PORTS = 2


class SharedTable(wiring.Component):
    """A table in one memory for up to two lanes, which is written through the first one's port.

    An entry is there the cycle after its code; a cycle that writes reads nothing, and every lane
    keeps what it has.

    Members
    -------
    enable : In(1)
        Reads an entry a lane.
    codes : In(unsigned(input_bits)) × ports;  entries : Out(unsigned(bits)) × ports
    write : In(1)
        Writes ``entry`` at ``place``, before any read of it.
    place : In(input_bits);  entry : In(bits)
    """

    def __init__(self, *, ports: int, input_bits: int, bits: int) -> None:
        if not 1 <= ports <= PORTS:
            raise ValueError(f"Ports must be between 1 and {PORTS}, not {ports!r}")
        self.ports, self.input_bits, self.bits = ports, input_bits, bits
        super().__init__(
            {
                "enable": In(1),
                "codes": In(input_bits).array(ports),
                "entries": Out(bits).array(ports),
                "write": In(1),
                "place": In(input_bits),
                "entry": In(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = PlainMemory(shape=self.bits, depth=1 << self.input_bits)
        writes, reads = memory.write_port(), [memory.read_port() for _ in range(self.ports)]
        m.d.comb += [writes.data.eq(self.entry), writes.en.eq(self.write)]
        place, codes = self.place, list(self.codes)
        if self.ports == PORTS:
            place = codes[0] = Signal(self.input_bits, name="shared")
            m.d.comb += place.eq(Mux(self.write, self.place, self.codes[0]))
        m.d.comb += writes.addr.eq(place)
        for code, entry, read in zip(codes, self.entries, reads, strict=True):
            m.d.comb += [
                read.addr.eq(code),
                read.en.eq(self.enable & ~self.write),
                entry.eq(read.data),
            ]
        return m


class Gelu(UnitComponent):
    """Codes to the entries of a table that is loaded at run time: GELU, or any other function.

    Equals :func:`vit2rtl.golden.arithmetic.gelu.apply`. Every two lanes share a memory of
    ``2**input_bits`` entries, one block RAM of ECP5 up to 12 bits to 4; all memories are written
    together.

    Latency ``PIPELINE_CYCLES`` = 1, one beat a cycle. A stalled ``o`` stalls ``i`` and loses
    nothing: one beat waits inside. ``last`` travels with its beat; reset discards what is inside
    and keeps the entries. ``i_table`` is always ready, an entry a cycle; after ``2**input_bits``
    of them, and after reset, it begins again. What is taken while an entry is written has no
    defined value.

    Parameters
    ----------
    lanes : int
        Elements a beat, 1 to 64. Lane 0 is in the least significant bits.
    input_bits : int
        Bits of a code that comes in, 4 to 12.
    bits : int
        Bits of an entry, 2 to 16.

    Members
    -------
    i : In(stream of {lanes: {code: unsigned(input_bits)} × lanes, last: 1})
    i_table : In(stream of {lanes: {entry: unsigned(bits)} × 1, last: 1})
        Only while nothing is inside.
    o : Out(stream of {lanes: {value: unsigned(bits)} × lanes, last: 1})
    """

    PIPELINE_CYCLES = 1

    unit = "gelu"
    i: stream.Interface
    i_table: stream.Interface
    o: stream.Interface

    def __init__(self, *, lanes: int = 4, input_bits: int = 12, bits: int = 4) -> None:
        super().__init__(lanes=lanes, input_bits=input_bits, bits=bits)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes, input_bits, bits = (
            self.instance.parameters[name] for name in ("lanes", "input_bits", "bits")
        )
        m.submodules.control = control = PipelineControl(self.PIPELINE_CYCLES)
        m.d.comb += control.between(self.i, self.o)
        place = Signal(input_bits)
        m.d.comb += self.i_table.ready.eq(1)
        with m.If(self.i_table.valid):
            m.d.sync += place.eq(place + 1)
        for first in range(0, lanes, PORTS):
            table = SharedTable(ports=min(PORTS, lanes - first), input_bits=input_bits, bits=bits)
            m.submodules[f"table_{first // PORTS}"] = table
            m.d.comb += [
                table.enable.eq(control.enable[0]),
                table.write.eq(self.i_table.valid),
                table.place.eq(place),
                table.entry.eq(self.i_table.p.lanes[0].entry),
            ]
            for n in range(table.ports):
                m.d.comb += [
                    table.codes[n].eq(self.i.p.lanes[first + n].code),
                    self.o.p.lanes[first + n].value.eq(table.entries[n]),
                ]
        return m


COMPONENT = Gelu
