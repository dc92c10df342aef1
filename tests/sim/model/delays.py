"""The engine with delays of its own: instructions, words and payload come when chance has it.

Nothing of it is in the product: a test puts these components in the place of others while it has
the Verilog made. What a unit waits for is kept, so that a right schedule gives the same; with a
wait too few, what merely happens to be done in time no longer is. Some units are slow for a while
in which others are fast. A run may hold one instruction of every image for as long as it says.
"""

from itertools import count, cycle
from typing import NamedTuple

from amaranth.hdl import Array, Instance, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine import fetch, front_end, queues, word_reader
from vit2rtl.rtl.engine.encoder_engine import EncoderEngine
from vit2rtl.rtl.stream.fifo import Fifo
from vit2rtl.rtl.stream.pipeline import PipelineControl
from vit2rtl.rtl.verilog.exporter import modules
from vit2rtl.sim.model import bench

# By how many cycles an instruction comes late at most, in each of a unit's moods; and of how many
# instructions one changes the mood.
MOODS, LASTS = (0, 0x1F, 0xFF, 0xFFF), 8
# Of a xorshift generator (Marsaglia, 2003): left, right, left.
SHIFTS = (13, -17, 5)

HELD = "held.txt"
_HELD_VERILOG = f"""
module held(output reg [31:0] unit, number, count, cycles);
  integer file, got;
  initial begin
    unit = 99; number = 0; count = 1; cycles = 0;
    file = $fopen("{HELD}", "r");
    if (file != 0) begin
      got = $fscanf(file, "%d %d %d %d", unit, number, count, cycles);
      $fclose(file);
    end
  end
endmodule
"""


class Held(NamedTuple):
    """An instruction that begins so many cycles late, ``number`` of the ``count`` of an image."""

    unit: Unit
    number: int
    count: int
    cycles: int

    def write(self, folder):
        """For a run in this folder."""
        (folder / HELD).write_text(f"{int(self.unit)} {self.number} {self.count} {self.cycles}")


class Chance(wiring.Component):
    """32 random bits a cycle: no reset stops them, and every instance has its own."""

    instances = count(1)

    def __init__(self):
        super().__init__({"bits": Out(32)})
        self.seed = next(self.instances) * 0x9E3779B1 & 0xFFFFFFFF

    def elaborate(self, platform):
        m = Module()
        state = Signal(32, init=self.seed, reset_less=True)
        value = state
        for n, shift in enumerate(SHIFTS):
            mixed = Signal(32, name=f"mixed_{n}")
            m.d.comb += mixed.eq(value ^ (value << shift if shift > 0 else value >> -shift))
            value = mixed
        m.d.sync += state.eq(value)
        m.d.comb += self.bits.eq(state)
        return m


class LateWaits(wiring.Component):
    """An instruction's waits, and then as many cycles as chance has, or the run's ``Held``."""

    exact = queues.Waits
    units = cycle(Unit)

    def __init__(self):
        self.owner = next(self.units)
        self.waits = self.exact()
        super().__init__(self.waits.signature)

    def elaborate(self, platform):
        m = Module()
        m.submodules.waits = self.waits
        m.submodules.chance = chance = Chance()
        wiring.connect(m, wiring.flipped(self), self.waits)
        random = chance.bits
        mood = Signal(range(len(MOODS)), reset_less=True)
        left = Signal(32)
        unit, number, size, cycles = (Signal(32, name=f"held_{name}") for name in Held._fields)
        m.submodules.held = Instance(
            "held", o_unit=unit, o_number=number, o_count=size, o_cycles=cycles)
        place = Signal(32)
        with m.If(self.load[0]):
            m.d.sync += place.eq(Mux(place + 1 == size, 0, place + 1))
            m.d.sync += left.eq(Array(MOODS)[mood] & random)
            with m.If((unit == self.owner.value) & (number == place)):
                m.d.sync += left.eq(cycles)
            with m.If(random[-8:] < 256 // LASTS):
                m.d.sync += mood.eq(random[16:])
        with m.Elif(self.waits.met & (left != 0)):
            m.d.sync += left.eq(left - 1)
        m.d.comb += self.met.eq(self.waits.met & (left == 0))
        return m


def late(kind, name):
    """A component whose stream ``name`` has every element wait for chance."""

    class Late(wiring.Component):
        def __init__(self, *arguments, **options):
            self.inner = kind(*arguments, **options)
            super().__init__(self.inner.signature)

        def elaborate(self, platform):
            m = Module()
            m.submodules.inner = self.inner
            m.submodules.chance = chance = Chance()
            wiring.connect(m, wiring.flipped(self), self.inner)
            ends = getattr(self, name), getattr(self.inner, name)
            source, sink = ends if self.signature.members[name].flow == wiring.In else ends[::-1]
            opens = Signal()
            m.d.comb += [sink.valid.eq(source.valid & opens), source.ready.eq(sink.ready & opens)]
            with m.If(~opens | (source.valid & source.ready)):
                m.d.sync += opens.eq(chance.bits[:2] != 0)
            return m

    return Late


def with_delays(monkeypatch, configuration):
    """From here on the bench's engine, of this configuration, has delays inside."""
    monkeypatch.setattr(Chance, "instances", count(1))
    with monkeypatch.context() as patch:
        patch.setattr(queues, "Waits", LateWaits)
        patch.setattr(fetch, "PipelineControl", late(PipelineControl, "i"))
        patch.setattr(word_reader, "PipelineControl", late(PipelineControl, "i"))
        patch.setattr(front_end, "Fifo", late(Fifo, "o"))
        text, _ = modules(bench.ENGINE, EncoderEngine(configuration, taps=True))
    text += _HELD_VERILOG
    monkeypatch.setattr(bench, "engine_verilog", lambda configuration: text)
