"""AXI4-Lite registers of the engine."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.counters import KINDS
from vit2rtl.rtl.engine.register_map import ADDRESS_WIDTH, BYTES, WATCHDOG, register_map
from vit2rtl.rtl.packaging.axi_lite_bus import Transfers, axi_lite_ports
from vit2rtl.rtl.packaging.register_map import WORD, Register


class ControlRegisters(wiring.Component):
    """The registers of :func:`~vit2rtl.rtl.engine.register_map.register_map`.

    Transfers as of :class:`~vit2rtl.rtl.packaging.axi_lite_bus.Transfers`, in every state of the
    engine. SLVERR, and no effect, for an address without a register and for a write to one that is
    only read. Byte strobes select what a write changes; the two lowest address bits are ignored.

    Members
    -------
    s_axi_* : AXI4-Lite subordinate
    run : Out(1)
    soft_reset : Out(1)
        For the cycle after the write. The bits of INTERRUPT are cleared as well.
    limit : Out(32)
        Of the watchdog.
    irq : Out(1)
    busy, ends : In(1)
        An image is inside; one is done.
    error : In(4), unit : In(3), number : In(16)
    images, cycles, issued_UNIT, done_UNIT : In
        As they are read.
    turn : In, total : In(32)
        BUSY and WAIT, one after the other; who reads one waits for it.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.registers = register_map(configuration)
        self.held = {
            "control": Signal(2, name="control"),
            "interrupt": Signal(2, name="interrupt"),
            "watchdog": Signal(WORD, name="watchdog", init=WATCHDOG),
        }
        self.counted = [f"{kind}_{unit.name.lower()}" for kind in KINDS for unit in Unit]
        others = {*self.held, *self.counted, "status", "error"}
        inputs = {
            register.source: In(register.bits[0].width)
            for register in self.registers if register.source and register.source not in others
        }
        super().__init__(
            {
                **axi_lite_ports(ADDRESS_WIDTH),
                "run": Out(1),
                "soft_reset": Out(1),
                "limit": Out(WORD),
                "irq": Out(1),
                "busy": In(1),
                "ends": In(1),
                "error": In(4),
                "unit": In(3),
                "number": In(16),
                "turn": In(range(len(self.counted))),
                "total": In(WORD),
                **inputs,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        offered = self.s_axi_awvalid & self.s_axi_wvalid & ~self.s_axi_bvalid
        transfers = Transfers(m, self, offered)
        accepted = self._write(m, transfers.write)
        values = {r.offset // BYTES: self._value(r) for r in self.registers}
        exists, counted = Signal(), Signal()
        number = Signal(range(len(self.counted)))
        with m.Switch(transfers.word):
            for register in self.registers:
                with m.Case(register.offset // BYTES):
                    m.d.comb += exists.eq(1)
                    if register.source in self.counted:
                        m.d.comb += [
                            counted.eq(1), number.eq(self.counted.index(register.source))]
        value = Mux(exists, _chosen(values, transfers.word), 0)
        transfers.answer(m, accepted, value, exists, ~counted | (self.turn == number))
        return m

    def _value(self, register: Register) -> Value:
        match register.source:
            case "":
                return Const(register.reset, WORD)
            case "status":
                return Cat(self.busy, self.error != Error.NONE)
            case "error":
                return Cat(self.error, self.unit, Const(0, 9), self.number)
            case source if source in self.held:
                return self.held[source]
            case source if source in self.counted:
                return self.total
            case source:
                return getattr(self, source)

    def _write(self, m: Module, write: Value) -> Value:
        """Take what is written; whether the address can be written."""
        control, interrupt, watchdog = self.held.values()
        written = {}
        for register in self.registers:
            if register.access != "r":
                match = Signal(name=f"written_{register.name.lower()}")
                m.d.comb += match.eq(_is(self.s_axi_awaddr, register))
                written[register.source] = match
        data, strobe = self.s_axi_wdata, self.s_axi_wstrb
        stopped = Signal()
        m.d.comb += [
            self.run.eq(control[0]),
            self.limit.eq(watchdog),
            self.irq.eq(control[1] & interrupt.any()),
        ]
        m.d.sync += [
            self.soft_reset.eq(0), stopped.eq(self.error != Error.NONE),
        ]
        with m.If(write & written["control"] & strobe[0]):
            m.d.sync += [control.eq(data), self.soft_reset.eq(data[2])]
        for n in range(BYTES):
            with m.If(write & written["watchdog"] & strobe[n]):
                m.d.sync += watchdog.word_select(n, 8).eq(data.word_select(n, 8))
        clears = Mux(write & written["interrupt"] & strobe[0], data[:2], 0)
        happens = Cat(self.ends, (self.error != Error.NONE) & ~stopped)
        m.d.sync += interrupt.eq((interrupt & ~clears) | happens)
        with m.If(self.soft_reset):
            m.d.sync += [interrupt.eq(0), stopped.eq(0)]
        return Cat(written.values()).any()


def _chosen(values: Mapping[int, Value], number: Value) -> Value:
    """The value of a number, anything where there is none: a tree of multiplexers."""
    if len({id(value) for value in values.values()}) == 1:
        return next(iter(values.values()))
    bit = len(number) - 1
    halves = [{n & (1 << bit) - 1: value for n, value in values.items() if n >> bit == half}
              for half in (0, 1)]
    if not all(halves):
        return _chosen(halves[0] or halves[1], number[:bit])
    return Mux(number[bit], *(_chosen(half, number[:bit]) for half in reversed(halves)))


def _is(address: Value, register: Register) -> Value:
    return address[2:] == register.offset // BYTES
