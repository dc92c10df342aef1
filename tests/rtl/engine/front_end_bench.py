"""The front end between a host that sends a command stream and units of random pace."""

from collections import deque

from amaranth.hdl import Elaboratable, Module, ResetInserter, Signal

from tests.rtl.engine.commands import stream
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import NO_UNIT, OPERANDS, Unit
from vit2rtl.rtl.engine.faults import Faults
from vit2rtl.rtl.engine.front_end import FrontEnd

TINY = Configuration(
    name="tiny", rows=4, columns=4, layernorm_lanes=2, softmax_lanes=2, attention_rows=2, tokens=5,
    bank_rows=8, channels=8, stream=160, normalized=160, projected=160, hidden=320,
)


class Control(Elaboratable):
    """Front end and faults behind one reset."""

    def __init__(self):
        self.front_end, self.faults, self.reset = FrontEnd(TINY), Faults(), Signal()
        self.stop = Signal()  # beside that of a fault

    def elaborate(self, platform):
        m = Module()
        m.submodules.front_end = ResetInserter(self.reset)(self.front_end)
        m.submodules.faults = ResetInserter(self.reset)(self.faults)
        front_end, faults = self.front_end, self.faults
        m.d.comb += [
            faults.decoder.eq(front_end.error),
            faults.decoder_unit.eq(front_end.unit),
            faults.decoder_number.eq(front_end.number),
            front_end.stop.eq(faults.stop | self.stop),
        ]
        for unit in Unit:
            m.d.comb += faults.count[unit].eq(front_end.count[unit])
        return m


class Model:
    """A unit of random pace: what it must be given, and when it may be given it."""

    def __init__(self, unit, rng, pace):
        self.unit, self.rng, self.pace = unit, rng, pace
        self.name = unit.name.lower()
        self.expected, self.running = deque(), deque()
        self.started = self.done = 0

    def expect(self, command, issued):
        """An instruction of the stream, behind ``issued[unit]`` of each unit."""
        waits = [(unit, issued[unit] - back) for unit, back in command.waits if unit != NO_UNIT]
        self.expected.append((command, waits))

    def moves(self):
        return bool(self.rng.integers(100) >= self.pace)

    def step(self, ctx, front_end, models):
        """Before an edge: take an instruction, a beat of payload, be done; whether it is done."""
        port = getattr(front_end, self.name)
        takes = self.moves()
        ctx.set(port.ready, takes)
        if ctx.get(port.valid):
            command, waits = self.expected[0]
            short = [(unit, n) for unit, n in waits if models[unit].done < n]
            assert not short, f"{self.name}'s instruction is offered before {short} are done"
            assert {k: ctx.get(port.payload[k]) for k in OPERANDS[self.unit]} == command.operands
            if "opcode" in port.payload.shape().members:
                assert ctx.get(port.payload.opcode) == command.opcode
            if takes:
                self.expected.popleft()
                self.started += 1
                self.running.append(deque(command.payload))
        finishes = bool(self.running) and not self.running[0] and self.moves()
        if hasattr(front_end, f"payload_{self.name}"):
            port = getattr(front_end, f"payload_{self.name}")
            wants = bool(self.running) and bool(self.running[0]) and self.moves()
            ctx.set(port.ready, wants)
            if wants and ctx.get(port.valid):
                assert ctx.get(port.payload) == self.running[0].popleft()
        if finishes:
            self.running.popleft()
        ctx.set(front_end.done[self.unit], finishes)
        return finishes


async def execute(ctx, dut, images, rng, *, idle=0, pace=0, beats=None, limit=4000):
    """Send images and let every unit do its part until the end, an error, or a stand-still.

    images   lists of commands; ``beats`` are sent in place of theirs
    idle     percent of cycles in which the host pauses, ``pace`` those in which a unit does
    returns  the models
    """
    front_end = dut.front_end
    models = {unit: Model(unit, rng, pace) for unit in Unit}
    issued = dict.fromkeys(Unit, 0)
    for command in (command for commands in images for command in commands):
        models[command.unit].expect(command, issued)
        issued[command.unit] += 1
    beats = deque(beats or [beat for commands in images for beat in stream(TINY, commands)])
    offered, ends, quiet = False, 0, 0
    ctx.set(front_end.run, 1)
    while ends < len(images) and quiet < limit and not ctx.get(dut.faults.stop):
        offered = bool(beats) and (offered or bool(rng.integers(100) >= idle))
        ctx.set(front_end.i.valid, offered)
        if offered:
            ctx.set(front_end.i.p.data, beats[0][0])
            ctx.set(front_end.i.p.last, beats[0][1])
        finished = [model for model in models.values() if model.step(ctx, front_end, models)]
        quiet = 0 if finished else quiet + 1
        if offered and ctx.get(front_end.i.ready):
            beats.popleft()
            offered, quiet = False, 0
        ends += ctx.get(front_end.ends)
        if ctx.get(front_end.begins):
            assert all(not one.running for one in models.values())
        for model in finished:
            model.done += 1
        await ctx.tick()
    ctx.set(front_end.i.valid, 0)
    for unit in Unit:
        ctx.set(front_end.done[unit], 0)
        ctx.set(getattr(front_end, unit.name.lower()).ready, 0)
    return models
