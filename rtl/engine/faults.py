"""The first error: what stops the engine."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import NO_UNIT, Unit
from vit2rtl.rtl.engine.decoder import COUNT


class Faults(wiring.Component):
    """Keeps the first error until reset; of several in a cycle, the first one of the list.

    Members
    -------
    decoder : In(4), decoder_unit : In(3), decoder_number : In(16)
        Of the command stream.
    units : In(4) × units
        Of the units themselves.
    beyond : In(units)
        The unit addressed a word beyond the end of a buffer.
    watchdog : In(1)
    count : In(16) × units
        Instructions that each unit has done.
    error : Out(4), unit : Out(3)
        The cycle after; the unit is 7 where it is of none.
    number : Out(16)
        Of the unit's instruction, modulo 2**16, since reset.
    stop : Out(1)
        There is an error.
    """

    def __init__(self) -> None:
        units = len(Unit)
        super().__init__(
            {
                "decoder": In(4),
                "decoder_unit": In(3),
                "decoder_number": In(COUNT),
                "units": In(4).array(units),
                "beyond": In(units),
                "watchdog": In(1),
                "count": In(COUNT).array(units),
                "error": Out(4),
                "unit": Out(3, init=NO_UNIT),
                "number": Out(COUNT),
                "stop": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.stop.eq(self.error != Error.NONE)
        decoder = self.decoder != Error.NONE
        found = [self.units[unit] != Error.NONE for unit in Unit]
        wrong = [found[unit] | self.beyond[unit] for unit in Unit]
        first, error = Signal(3), Signal(4)
        for unit in reversed(Unit):
            with m.If(wrong[unit]):
                m.d.comb += [
                    first.eq(unit),
                    error.eq(Mux(found[unit], self.units[unit], Error.ADDRESS)),
                ]
        with m.If(~self.stop):
            with m.If(self.watchdog):
                m.d.sync += self.error.eq(Error.WATCHDOG)
            with m.If(decoder | Cat(wrong).any()):
                m.d.sync += [
                    self.error.eq(Mux(decoder, self.decoder, error)),
                    self.unit.eq(Mux(decoder, self.decoder_unit, first)),
                    self.number.eq(
                        Mux(decoder, self.decoder_number, Array(self.count)[first])),
                ]
        return m
