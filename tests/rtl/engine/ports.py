"""Drivers of a unit's streams, and memories on its ports to buffers."""

from amaranth.hdl import Module
from amaranth.lib import wiring

from vit2rtl.rtl.stream.memory import PlainMemory


class Giver:
    """Offers elements, each from a cycle drawn at random on until it is taken.

    port     a stream that enters
    give     called with (ctx, n) as element n is first offered
    """

    def __init__(self, port, elements, rng, idle, give=lambda ctx, n: None):
        self.port, self.elements, self.rng, self.idle, self.give = port, elements, rng, idle, give
        self.count, self.offers = 0, False

    def drive(self, ctx):
        if not self.offers and self.count < len(self.elements):
            self.offers = self.rng.integers(100) >= self.idle
            if self.offers:
                self.give(ctx, self.count)
                ctx.set(self.port.payload, self.elements[self.count])
        ctx.set(self.port.valid, int(self.offers))

    def look(self, ctx):
        if self.offers and ctx.get(self.port.ready):
            self.count, self.offers = self.count + 1, False


class Taker:
    """Takes elements in cycles drawn at random; what is offered must stay until it is taken."""

    def __init__(self, port, rng, stall):
        self.port, self.rng, self.stall = port, rng, stall
        self.elements, self.cycles, self.held = [], [], None

    def drive(self, ctx):
        ctx.set(self.port.ready, int(self.rng.integers(100) >= self.stall))

    def look(self, ctx, cycle):
        offer = ctx.get(self.port.payload) if ctx.get(self.port.valid) else None
        assert self.held is None or self.held == offer, f"an offer changed, cycle {cycle}"
        self.held = offer
        if offer is not None and ctx.get(self.port.ready):
            self.elements.append(offer)
            self.cycles.append(cycle)
            self.held = None


class Buffered(wiring.Component):
    """A unit with a memory at each of its ports to buffers; ports of one buffer share it.

    memories   {buffer: PlainMemory}, of ``depth`` words each
    """

    def __init__(self, dut, buffers, depth):
        self.dut = dut
        self.ports = {name: port for name in dut.signature.members
                      if name.startswith(("read_", "write_")) for port in [getattr(dut, name)]}
        names = dict.fromkeys(name.partition("_")[2] for name in self.ports)
        self.memories = {name: PlainMemory(shape=buffers[name].width, depth=depth)
                         for name in names}
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = self.dut
        for name, memory in self.memories.items():
            m.submodules[name] = memory
        for name, port in self.ports.items():
            direction, _, buffer = name.partition("_")
            inner = getattr(self.memories[buffer], f"{direction}_port")()
            m.d.comb += [inner.en.eq(port.en), inner.addr.eq(port.addr)]
            m.d.comb += (port.data.eq(inner.data) if direction == "read"
                         else inner.data.eq(port.data))
        return m

