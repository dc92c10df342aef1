"""The engine's memories, and which unit reads and writes each."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import Buffer, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.bounds import reaches
from vit2rtl.rtl.engine.ports import read_port, shared_read_port, shared_write_port, write_port
from vit2rtl.rtl.stream.memory import PlainMemory

LOAD, MATMUL, EPILOGUE, LAYERNORM, SOFTMAX, ATTENTION = Unit
# Who writes and who reads: where there are two, the second one gives way.
WRITERS = {
    "stream": (EPILOGUE, LOAD), "normalized": (LAYERNORM,), "queries": (EPILOGUE,),
    "keys": (EPILOGUE,), "values": (EPILOGUE,), "attended": (ATTENTION,),
    "hidden": (EPILOGUE, LOAD), "logits": (EPILOGUE,), "codes": (SOFTMAX,),
}
READERS = {
    "stream": (EPILOGUE, LAYERNORM), "normalized": (MATMUL,), "queries": (MATMUL,),
    "keys": (MATMUL,), "values": (ATTENTION,), "attended": (MATMUL,),
    "hidden": (MATMUL,), "logits": (SOFTMAX,), "codes": (ATTENTION,),
}


class BufferMemory(wiring.Component):
    """One buffer: a memory with one port that writes and one that reads, for up to two units each.

    A word is there the cycle after it was read. Of two units the first one goes first and never
    waits, but has its word in that cycle only; the second one's stays until it reads again. Nothing
    beyond the end is read or written.

    Members
    -------
    write_0, read_0 : In(write port, read port)
    write_1, read_1 : In(shared write port, shared read port)
        Where a second unit writes, or reads.
    beyond_write, beyond_read : Out(writers), Out(readers)
        The address of this cycle is beyond the end.
    """

    def __init__(self, buffer: Buffer, *, writers: int, readers: int) -> None:
        self.buffer, self.writers, self.readers = buffer, writers, readers
        super().__init__(
            {
                **{f"write_{n}": In(_port("write", buffer, n)) for n in range(writers)},
                **{f"read_{n}": In(_port("read", buffer, n)) for n in range(readers)},
                "beyond_write": Out(writers),
                "beyond_read": Out(readers),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width, depth = self.buffer.width, self.buffer.depth
        m.submodules.memory = memory = PlainMemory(shape=width, depth=depth)
        write = memory.write_port(granularity=width // self.buffer.parts)
        read = memory.read_port()
        writes = [getattr(self, f"write_{n}") for n in range(self.writers)]
        reads = [getattr(self, f"read_{n}") for n in range(self.readers)]
        chosen = self._choose(m, writes, write, self.beyond_write)
        m.d.comb += write.data.eq(Mux(chosen, writes[-1].data, writes[0].data))
        self._choose(m, reads, read, self.beyond_read)
        if self.readers == 1:
            m.d.comb += reads[0].data.eq(read.data)
        else:
            self._keep(m, reads, read.data)
        return m

    def _choose(self, m: Module, ports: Sequence, inner: Any, beyond: Signal) -> Value:
        """Enable and address of the port that goes; whether it is the second one."""
        first = ports[0].en.any()
        second = ~first if len(ports) > 1 else first & 0
        if len(ports) > 1:
            m.d.comb += ports[1].ready.eq(second)
        enables = []
        for n, port in enumerate(ports):
            exceeds = reaches(port.addr, self.buffer.depth)
            m.d.comb += beyond[n].eq(port.en.any() & exceeds)
            enables.append(Mux(exceeds, 0, port.en))
        m.d.comb += [
            inner.en.eq(Mux(second, enables[-1], enables[0])),
            inner.addr.eq(Mux(second, ports[-1].addr, ports[0].addr)),
        ]
        return second

    def _keep(self, m: Module, ports: Sequence, data: Value) -> None:
        """The second port keeps its word while the first one reads."""
        first, second = ports
        fresh = Signal()
        kept = Signal(self.buffer.width, reset_less=True)
        m.d.sync += fresh.eq(second.en & second.ready)
        m.d.comb += [first.data.eq(data), second.data.eq(Mux(fresh, data, kept))]
        with m.If(fresh):
            m.d.sync += kept.eq(data)


class Buffers(wiring.Component):
    """All buffers: ports of ``WRITERS`` and ``READERS``, as :class:`BufferMemory` has them.

    Members
    -------
    UNIT_write_BUFFER, UNIT_read_BUFFER : In(ports of :mod:`~vit2rtl.rtl.engine.ports`)
    beyond : Out(units)
        A cycle later: an address of the unit was beyond the end of a buffer.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.buffers = buffers(configuration)
        ports = {
            port(unit, act, name): In(_port(act, self.buffers[name], n))
            for act, table in (("write", WRITERS), ("read", READERS))
            for name, units in table.items() for n, unit in enumerate(units)
        }
        super().__init__({**ports, "beyond": Out(len(Unit))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beyond: dict[Unit, list[Value]] = {unit: [] for unit in Unit}
        for name, buffer in self.buffers.items():
            m.submodules[name] = memory = BufferMemory(
                buffer, writers=len(WRITERS[name]), readers=len(READERS[name]))
            for act, table in (("write", WRITERS), ("read", READERS)):
                for n, unit in enumerate(table[name]):
                    outer = getattr(self, port(unit, act, name))
                    wiring.connect(m, wiring.flipped(outer), getattr(memory, f"{act}_{n}"))
                    beyond[unit].append(getattr(memory, f"beyond_{act}")[n])
        for unit, exceeds in beyond.items():
            m.d.sync += self.beyond[unit].eq(Cat(exceeds).any())
        return m


def port(unit: Unit, act: str, buffer: str) -> str:
    """Name of a port: ``epilogue_write_stream``."""
    return f"{unit.name.lower()}_{act}_{buffer}"


def _port(act: str, buffer: Buffer, number: int) -> wiring.Signature:
    """Of the first unit, and of the one that gives way to it."""
    ports = {"write": (write_port, shared_write_port), "read": (read_port, shared_read_port)}
    return ports[act][number](buffer)
