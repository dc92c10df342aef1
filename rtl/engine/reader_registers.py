"""AXI4-Lite registers of the command reader."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.engine.burst_reader import ALIGNMENT, PLACE
from vit2rtl.rtl.engine.reader_map import ADDRESS_WIDTH, register_map
from vit2rtl.rtl.packaging.axi_lite_bus import BYTES, OKAY, Transfers, axi_lite_ports
from vit2rtl.rtl.packaging.register_map import WORD, Register

HELD = ("address_low", "address_high", "beats", "count")


class ReaderRegisters(wiring.Component):
    """The registers of :func:`~vit2rtl.rtl.engine.reader_map.register_map`.

    Transfers as of :class:`~vit2rtl.rtl.packaging.axi_lite_bus.Transfers`. SLVERR, and no effect,
    for an address without a register, a write to one that is only read, a write of address, beats
    or count while busy, and a start while busy or in error. Byte strobes select what a write
    changes; the two lowest address bits are ignored.

    Members
    -------
    s_axi_* : AXI4-Lite subordinate
    busy : In(1), response : In(2)
    start, soft_reset : Out(1)
        For the cycle after the write; no start where the address is not a multiple of 8.
    place : Out(61), beats, count : Out(32)
    """

    def __init__(self) -> None:
        self.registers = register_map()
        super().__init__(
            {
                **axi_lite_ports(ADDRESS_WIDTH),
                "busy": In(1),
                "response": In(2),
                "start": Out(1),
                "soft_reset": Out(1),
                "place": Out(PLACE),
                "beats": Out(WORD),
                "count": Out(WORD),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        transfers = Transfers(
            m, self, self.s_axi_awvalid & self.s_axi_wvalid & ~self.s_axi_bvalid)
        held = {register.source: Signal(WORD, name=register.source, init=register.reset)
                for register in self.registers if register.source in HELD}
        started, misaligned, aligned = Signal(), Signal(), Signal()
        status = {
            "busy": self.busy | started,
            "error": misaligned | (self.response != OKAY),
            "misaligned": misaligned,
            "response": self.response,
        }
        m.d.comb += [
            aligned.eq(held["address_low"][:ALIGNMENT] == 0),
            self.start.eq(started & aligned),
            self.place.eq(Cat(held["address_low"], held["address_high"])[ALIGNMENT:]),
            self.beats.eq(held["beats"]),
            self.count.eq(held["count"]),
        ]
        accepted = self._write(m, transfers.write, started, held, status)
        value, exists = Signal(WORD), Signal()
        with m.Switch(transfers.word):
            for register in self.registers:
                with m.Case(register.offset // BYTES):
                    m.d.comb += [exists.eq(1), value.eq(_value(register, held, status))]
        with m.If(self.soft_reset):
            m.d.sync += misaligned.eq(0)
        with m.Elif(started & ~aligned):
            m.d.sync += misaligned.eq(1)
        transfers.answer(m, accepted, value, exists)
        return m

    def _write(
        self, m: Module, write: Value, started: Signal, held: dict[str, Signal],
        status: dict[str, Value],
    ) -> Value:
        """Take what is written; whether the address and the moment are right."""
        accepted = Signal()
        idle = ~status["busy"]
        data, strobe = self.s_axi_wdata, self.s_axi_wstrb
        starts, resets = data[0] & strobe[0], data[1] & strobe[0]
        m.d.sync += [started.eq(0), self.soft_reset.eq(0)]
        with m.Switch(self.s_axi_awaddr[2:]):
            for register in self.registers:
                if register.access == "r":
                    continue
                with m.Case(register.offset // BYTES):
                    if register.source in held:
                        m.d.comb += accepted.eq(idle)
                        for n in range(BYTES):
                            with m.If(write & idle & strobe[n]):
                                m.d.sync += held[register.source].word_select(n, 8).eq(
                                    data.word_select(n, 8))
                    else:
                        m.d.comb += accepted.eq(~starts | resets | (idle & ~status["error"]))
                        with m.If(write & accepted):
                            m.d.sync += [
                                started.eq(starts & ~resets), self.soft_reset.eq(resets)]
        return accepted


def _value(register: Register, held: dict[str, Signal], status: dict[str, Value]) -> Value:
    match register.source:
        case "status":
            value, position = Const(0, 0), 0
            for bits in register.bits:
                value = Cat(value, Const(0, bits.lsb - position), status[bits.name])
                position = bits.lsb + bits.width
            return value
        case source if source in held:
            return held[source]
        case _:
            return Const(register.reset, WORD)
