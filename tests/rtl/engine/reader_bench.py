"""A slow memory behind AXI4, written apart from the reader, and the reader's two other sides."""

import random
from collections import deque

from amaranth.sim import Simulator

from vit2rtl.rtl.engine.reader_map import register_map

OFFSETS = {register.name: register.offset for register in register_map()}
START, SOFT_RESET = 1, 2
BUSY, ERROR, MISALIGNED = 1, 2, 4
OKAY, SLVERR, DECERR = 0, 2, 3
PAGE = 4096


def word(address):
    """What lies at an address: no two have the same."""
    return (address // 8 * 0x9E3779B97F4A7C15 + 0x0123456789ABCDEF) % 2**64


class Bench:
    """Drives a :class:`CommandReader`, a cycle at a time.

    latency   cycles from a read to its first beat, at least
    pauses    share of cycles in which the memory takes no address, in which it has no beat, and in
              which nobody takes the stream
    errors    {address: response}
    accepts   bursts that may be under way
    given     (data, last) of the stream; ``cycles``: when each came
    """

    def __init__(self, ctx, dut, *, latency=1, pauses=(0, 0, 0), errors=None, accepts=8, seed=1):
        self.ctx, self.dut, self.latency, self.pauses = ctx, dut, latency, pauses
        self.errors, self.accepts = errors or {}, accepts
        self.random = random.Random(seed)
        self.under_way = deque()  # of each beat: when it is there, address, whether it is the last
        self.bursts, self.given, self.cycles = [], [], []
        self.now = self.most = 0
        self.address = self.offered = None  # what has to stay
        self.offering, self.stream_stays = False, True

    def get(self, name):
        return self.ctx.get(getattr(self.dut, name))

    def set(self, name, value):
        self.ctx.set(getattr(self.dut, name), value)

    def tick(self):
        self.set("aclk", 1)
        self.set("aclk", 0)
        self.now += 1

    def cycle(self):
        """All ports but those of the registers."""
        address, beat, take = (self.random.random() >= share for share in self.pauses)
        due = self.under_way and self.under_way[0][0] <= self.now
        beat = bool(due and (beat or self.offering))
        self.offering = beat
        self.set("m_axi_arready", address)
        self.set("m_axi_rvalid", beat)
        if beat:
            _, place, last = self.under_way[0]
            response = self.errors.get(place, OKAY)
            self.set("m_axi_rdata", word(place))
            self.set("m_axi_rresp", response)
            self.set("m_axi_rlast", last)
            assert self.get("m_axi_rready"), "no beat of a burst has to wait for the reader"
        self.set("m_axis_tready", take)
        if beat:
            self.under_way.popleft()
        self._stream(take)
        self._read(address)
        self.tick()

    def _stream(self, take):
        beat = (self.get("m_axis_tdata"), self.get("m_axis_tlast")) if self.get(
            "m_axis_tvalid") else None
        if self.offered is not None and self.stream_stays:
            assert beat == self.offered, "a beat that is offered stays"
        self.offered = None if take else beat
        if beat and take:
            self.given.append(beat)
            self.cycles.append(self.now)

    def _read(self, taken):
        asks = self.get("m_axi_arvalid")
        address = (self.get("m_axi_araddr"), self.get("m_axi_arlen") + 1) if asks else None
        assert self.address in (None, address), "an address that is offered stays"
        self.address = None if taken else address
        if not (asks and taken):
            return
        assert (self.get("m_axi_arsize"), self.get("m_axi_arburst")) == (3, 1)
        start, beats = address
        assert start % 8 == 0 and start // PAGE == (start + 8 * beats - 1) // PAGE, "4 KiB"
        self.bursts.append(address)
        first = self.now + self.latency
        self.under_way += [(first + n, start + 8 * n, n + 1 == beats) for n in range(beats)]
        open_ = sum(last for _, _, last in self.under_way)
        self.most = max(self.most, open_)
        assert open_ <= self.accepts, "bursts under way"

    def write(self, name, value, strobes=15):
        """The response."""
        for port, one in (("awaddr", OFFSETS[name]), ("wdata", value), ("wstrb", strobes),
                          ("awvalid", 1), ("wvalid", 1), ("bready", 1)):
            self.set(f"s_axi_{port}", one)
        assert self.get("s_axi_awready") and self.get("s_axi_wready")
        self.cycle()
        self.set("s_axi_awvalid", 0)
        self.set("s_axi_wvalid", 0)
        assert self.get("s_axi_bvalid")
        response = self.get("s_axi_bresp")
        self.cycle()
        return response

    def read(self, offset):
        """The word, and the response; by name or number."""
        for port, one in (("araddr", OFFSETS.get(offset, offset)), ("arvalid", 1), ("rready", 1)):
            self.set(f"s_axi_{port}", one)
        assert self.get("s_axi_arready")
        self.cycle()
        self.set("s_axi_arvalid", 0)
        self.cycle()
        assert self.get("s_axi_rvalid")
        answer = self.get("s_axi_rdata"), self.get("s_axi_rresp")
        self.cycle()
        return answer

    def start(self, address, beats, count=1):
        """Whether it starts, by its response."""
        for name, value in (("ADDRESS_LOW", address % 2**32), ("ADDRESS_HIGH", address >> 32),
                            ("BEATS", beats), ("COUNT", count)):
            assert self.write(name, value) == OKAY
        return self.write("CONTROL", START)

    def status(self):
        value, response = self.read("STATUS")
        assert response == OKAY
        return value

    def until_idle(self, limit=20_000):
        """STATUS, once it is not busy."""
        end = self.now + limit
        while (status := self.status()) & BUSY:
            assert self.now < end, "it stays busy"
        return status


def sent(address, beats, count=1):
    """What the stream has to be."""
    return [(word(address + 8 * n), n + 1 == beats) for _ in range(count) for n in range(beats)]


def simulate(dut, scenario, **settings):
    """``scenario(bench)`` of a reader, after a reset."""

    async def testbench(ctx):
        bench = Bench(ctx, dut, **settings)
        bench.tick()
        bench.set("aresetn", 1)
        scenario(bench)

    simulator = Simulator(dut)
    simulator.add_testbench(testbench)
    simulator.run()
