"""From the command stream to the units: instructions in order, once what they wait for is done."""

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import BEAT, Unit
from vit2rtl.golden.engine.limits import payload_room
from vit2rtl.rtl.engine.decoder import COUNT, CommandDecoder
from vit2rtl.rtl.engine.ports import beats, instruction, payload
from vit2rtl.rtl.engine.queues import InstructionQueues
from vit2rtl.rtl.stream.fifo import Fifo


class FrontEnd(wiring.Component):
    """Decodes the command stream, queues instructions and payload, and counts what is done.

    Latency from an instruction's last beat to its unit: 11 cycles where nothing is to wait for.

    Members
    -------
    i : In(stream of {data: 64, last: 1})
    run, stop : In(1)
        Headers may be taken; nothing starts.
    done : In(units)
        An instruction of the unit is done.
    UNIT : Out(stream of the unit's operands)
        Offered where the waits are met; ``valid`` may only fall by ``stop``.
    payload_UNIT : Out(stream of unsigned(64))
        Of the units that take some.
    waiting : Out(units)
        Its next instruction waits for others.
    issued, count : Out(16) × units
        Instructions that it was given, and has done, modulo 2**16.
    idle, begins, ends : Out(1)
        All are done; an image's header is taken; an image's instructions are done.
    error : Out(4), unit : Out(3), number : Out(16)
        As :class:`~vit2rtl.rtl.engine.decoder.CommandDecoder` has them.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.depths = payload_room(configuration)
        units = len(Unit)
        super().__init__(
            {
                "i": In(beats()),
                "run": In(1),
                "stop": In(1),
                "done": In(units),
                **{unit.name.lower(): Out(instruction(unit)) for unit in Unit},
                **{f"payload_{unit.name.lower()}": Out(payload()) for unit in self.depths},
                "waiting": Out(units),
                "issued": Out(COUNT).array(units),
                "count": Out(COUNT).array(units),
                "idle": Out(1),
                "begins": Out(1),
                "ends": Out(1),
                "error": Out(4),
                "unit": Out(3),
                "number": Out(COUNT),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.decoder = decoder = CommandDecoder(self.configuration)
        m.submodules.queues = queues = InstructionQueues()
        wiring.connect(m, wiring.flipped(self.i), decoder.i)
        done = []
        for unit in Unit:
            name = unit.name.lower()
            wiring.connect(m, getattr(queues, name), wiring.flipped(getattr(self, name)))
            m.d.comb += [
                decoder.issued[unit].eq(self.issued[unit]),
                queues.count[unit].eq(self.count[unit]),
            ]
            with m.If(decoder.commit[unit]):
                m.d.sync += self.issued[unit].eq(self.issued[unit] + 1)
            with m.If(self.done[unit]):
                m.d.sync += self.count[unit].eq(self.count[unit] + 1)
            done.append(self.issued[unit] == self.count[unit])
        m.d.comb += [
            self.idle.eq(Cat(done).all()),
            decoder.run.eq(self.run),
            decoder.stop.eq(self.stop),
            decoder.idle.eq(self.idle),
            decoder.full.eq(queues.full),
            queues.write.eq(decoder.write),
            queues.unit.eq(decoder.unit),
            queues.part.eq(decoder.part),
            queues.word.eq(decoder.word),
            queues.commit.eq(decoder.commit),
            queues.done.eq(self.done),
            queues.stop.eq(self.stop),
            self.waiting.eq(queues.waiting),
            self.begins.eq(decoder.begins),
            self.ends.eq(decoder.ends),
            self.error.eq(decoder.error),
            self.unit.eq(decoder.unit),
            self.number.eq(decoder.number),
        ]
        self._queue_payload(m, decoder)
        return m

    def _queue_payload(self, m: Module, decoder: CommandDecoder) -> None:
        for unit, depth in self.depths.items():
            name = f"payload_{unit.name.lower()}"
            m.submodules[name] = fifo = Fifo(BEAT, depth)
            wiring.connect(m, fifo.o, wiring.flipped(getattr(self, name)))
            m.d.comb += [
                fifo.i.payload.eq(decoder.payload),
                fifo.i.valid.eq(decoder.payload_valid[unit]),
                decoder.payload_ready[unit].eq(fifo.i.ready),
            ]
