"""Instructions that wait for their unit, and for others' to be done."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.instructions import BEAT, BEATS, OPERANDS, WAITS, Unit, width
from vit2rtl.rtl.engine.decoder import COUNT, RESOLVED
from vit2rtl.rtl.engine.ports import instruction
from vit2rtl.rtl.stream.memory import PlainMemory

# Places of a unit's queue, of which one stays free; and bits of how many instructions of another
# unit one can wait for: those in its queue and in itself.
QUEUE = 16
AHEAD = 6
# Steps of a fetch: what the first wait is short of is known, and the last one.
SHORT = 4
LAST = SHORT + WAITS - 1


class Waits(wiring.Component):
    """How many instructions of other units have to be done before one begins.

    Members
    -------
    load : In(WAITS), unit : In(3), missing : In(AHEAD)
        Wait n is for so many more of the unit, counted from the next cycle on.
    done : In(units)
        An instruction of the unit is done.
    met : Out(1)
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "load": In(WAITS),
                "unit": In(3),
                "missing": In(AHEAD),
                "done": In(len(Unit)),
                "met": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ahead = [Signal(AHEAD, name=f"ahead_{n}") for n in range(WAITS)]
        for n, count in enumerate(ahead):
            unit = Signal(3, name=f"unit_{n}")
            with m.If(self.load[n]):
                m.d.sync += [count.eq(self.missing), unit.eq(self.unit)]
            with m.Elif(self.done.bit_select(unit, 1) & count.any()):
                # One less: a bit turns where those below are 0. Without a carry chain, since it
                # merges with the choice of what is loaded.
                m.d.sync += count.eq(count ^ Cat(~count[:bit].any() for bit in range(AHEAD)))
        m.d.comb += self.met.eq(~Cat(ahead).any())
        return m


class InstructionQueues(wiring.Component):
    """A queue a unit, in one memory, and at its end the instruction that comes next.

    An instruction is offered nine cycles after ``commit`` at the earliest, once its waits are met:
    four cycles after the ``done`` that it waited for, from a register. A unit's next one follows
    nine cycles after it is taken.

    What a wait is short of is a difference in a register: when it is loaded, instructions that are
    done in the two cycles since are not in it. Waits therefore see each ``done`` two cycles later::

        cycle             t       t + 1    t + 2
        difference        count   loaded   counts down
        done that it has  < t     < t      < t, then that of t, t + 1, …

    Parameters
    ----------
    places : int
        Of a unit's queue, a power of two; one of them stays free.

    Members
    -------
    write : In(1), unit : In(3), part : In(2), word : In(64)
        A beat of the instruction that the unit gets next.
    commit : In(units)
        It is complete.
    full : Out(units)
    done : In(units), count : In(16) × units
        An instruction is done; how many have been before.
    stop : In(1)
        Nothing is offered.
    UNIT : Out(stream of the unit's operands)
    waiting : Out(units)
        An instruction is at the end, and its waits are not met.
    """

    def __init__(self, places: int = QUEUE) -> None:
        self.places = places
        units = len(Unit)
        super().__init__(
            {
                "write": In(1),
                "unit": In(3),
                "part": In(range(BEATS)),
                "word": In(BEAT),
                "commit": In(units),
                "full": Out(units),
                "done": In(units),
                "count": In(COUNT).array(units),
                "stop": In(1),
                **{unit.name.lower(): Out(instruction(unit)) for unit in Unit},
                "waiting": Out(units),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = PlainMemory(shape=BEAT, depth=8 * self.places * BEATS)
        write, read = memory.write_port(), memory.read_port()
        last = [Signal(range(self.places), name=f"last_{u.name.lower()}") for u in Unit]
        first = [Signal(range(self.places), name=f"first_{u.name.lower()}") for u in Unit]
        heads = [Signal(name=f"head_{u.name.lower()}") for u in Unit]
        for unit in Unit:
            after = Signal(range(self.places), name=f"after_{unit.name.lower()}")
            m.d.comb += [
                after.eq(last[unit] + 1), self.full[unit].eq(after == first[unit])
            ]
            with m.If(self.commit[unit]):
                m.d.sync += last[unit].eq(after)
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(Cat(self.part, Array(last)[self.unit], self.unit)),
            write.data.eq(self.word),
        ]

        # The unit whose instruction is fetched: part n is read in step n, and there in step n + 1.
        step = Signal(range(LAST + 1))
        fetched = Signal(3)
        wanted = Cat(
            ~head & (a != b) for head, a, b in zip(heads, first, last, strict=True)
        )
        chosen = Signal(3)
        for unit in reversed(Unit):
            with m.If(wanted[unit]):
                m.d.comb += chosen.eq(unit)
        current = Mux(step == 0, chosen, fetched)
        m.d.comb += [
            read.en.eq(Mux(step == 0, wanted.any(), step < BEATS)),
            read.addr.eq(Cat(step[:2], Array(first)[current], current)),
        ]
        m.d.sync += step.eq(Mux(step == 0, wanted.any(), Mux(step == LAST, 0, step + 1)))
        with m.If(step == 0):
            m.d.sync += fetched.eq(chosen)

        control = Signal(RESOLVED)
        with m.If(step == 1):
            m.d.sync += control.eq(read.data)
        wait, missing = self._missing(m, control, step)
        done_1, done_2 = (Signal(len(Unit), name=f"done_{n}") for n in (1, 2))
        m.d.sync += [done_1.eq(self.done), done_2.eq(done_1)]
        for unit in Unit:
            mine = Signal(name=f"fetches_{unit.name.lower()}")
            m.d.comb += mine.eq(fetched == unit)
            with m.If(mine & (step == LAST)):
                m.d.sync += [first[unit].eq(first[unit] + 1), heads[unit].eq(1)]
            m.submodules[f"waits_{unit.name.lower()}"] = waits = Waits()
            m.d.comb += [
                waits.load.eq(Mux(mine, Cat(step == n + SHORT for n in range(WAITS)), 0)),
                waits.unit.eq(wait),
                waits.missing.eq(missing),
                waits.done.eq(done_2),
                self.waiting[unit].eq(heads[unit] & ~waits.met),
            ]
            self._offer(m, unit, heads[unit], waits.met)
            self._keep(m, unit, mine, step, control.opcode, read.data)
        return m

    def _missing(self, m: Module, control: data.View, step: Signal) -> tuple[Value, Value]:
        """Of the wait of this step: its unit, and how many it is short of; none if negative."""
        wait = Signal(RESOLVED["waits"].shape.elem_shape, name="wait_of_step")
        for n in range(WAITS):
            with m.If(step == n + SHORT - 2):
                m.d.sync += wait.eq(control.waits[n])
        short = Signal(COUNT)
        unit = Signal(3)
        m.d.sync += [
            short.eq(wait.done - Array(self.count)[wait.unit]),
            unit.eq(wait.unit),
        ]
        return unit, Mux(short[-1] | (unit >= len(Unit)), 0, short[:AHEAD])

    def _offer(self, m: Module, unit: Unit, head: Signal, met: Value) -> None:
        offered = getattr(self, unit.name.lower())
        begins = Signal(name=f"begins_{unit.name.lower()}")  # may begin, but for ``stop``
        m.d.comb += offered.valid.eq(begins & ~self.stop)
        with m.If(offered.valid & offered.ready):
            m.d.sync += [head.eq(0), begins.eq(0)]
        with m.Elif(met):
            m.d.sync += begins.eq(head)

    def _keep(
        self, m: Module, unit: Unit, mine: Value, step: Signal, opcode: Value, word: Value
    ) -> None:
        """The operands of the instruction at the end, as they are fetched."""
        offered = getattr(self, unit.name.lower()).payload
        operands = Signal(BEAT * (BEATS - 1), name=f"operands_{unit.name.lower()}", reset_less=True)
        size = width(OPERANDS[unit].values())
        m.d.comb += offered.as_value()[-size:].eq(operands[:size])
        for n in range(BEATS - 1):
            with m.If(mine & (step == n + 2)):
                m.d.sync += operands.word_select(n, BEAT).eq(word)
        if len(offered.as_value()) > size:
            kept = Signal(4, name=f"opcode_{unit.name.lower()}", reset_less=True)
            m.d.comb += offered.opcode.eq(kept)
            with m.If(mine & (step == BEATS)):
                m.d.sync += kept.eq(opcode)
