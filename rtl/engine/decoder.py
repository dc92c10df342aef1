"""The command stream: header, instructions, payload, and what is wrong with them."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import (
    BEAT,
    BEATS,
    CONTROL,
    MAGIC,
    NO_UNIT,
    WAITS,
    Load,
    Unit,
    signature,
)
from vit2rtl.golden.engine.limits import BYTES, OPCODES, ranges, stationary_beats
from vit2rtl.rtl.engine.bounds import reaches
from vit2rtl.rtl.engine.layouts import layout, operands
from vit2rtl.rtl.engine.ports import beats

COUNT = 16  # bits of the counters of instructions
# The control beat, once its waits are numbers: the unit's instructions that must be done.
RESOLVED = data.StructLayout(
    {"opcode": 4, "waits": data.ArrayLayout(data.StructLayout({"unit": 3, "done": COUNT}), WAITS)}
)


class CommandDecoder(wiring.Component):
    """Takes a command stream apart, an image after the other.

    An instruction takes six cycles, its payload a beat a cycle. It is committed once everything is
    right with it, before its payload is passed on; its waits are resolved against what has been
    committed before it. After the image's last beat nothing is taken until ``idle``. What is wrong
    stops the decoder until reset.

    Members
    -------
    i : In(stream of {data: 64, last: 1})
    run : In(1)
        Headers may be taken.
    idle : In(1)
        Every instruction that was committed is done.
    stop : In(1)
        Nothing is taken nor committed.
    issued : In(16) × units
        Instructions committed.
    full : In(units)
        No place for an instruction.
    write : Out(1), unit : Out(3), part : Out(2), word : Out(64)
        A beat of the instruction that comes next for the unit; the first one is ``RESOLVED``.
    commit : Out(units)
        The instruction is complete.
    payload : Out(64), payload_valid : Out(units), payload_ready : In(units)
    begins, ends : Out(1)
        A header is taken; the image's instructions are done.
    error : Out(4), number : Out(16)
        An :class:`~vit2rtl.golden.engine.errors.Error`, until reset, of an instruction of ``unit``
        and which one of them it is. Unit 7 where it is of none.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        units = len(Unit)
        super().__init__(
            {
                "i": In(beats()),
                "run": In(1),
                "idle": In(1),
                "stop": In(1),
                "issued": In(COUNT).array(units),
                "full": In(units),
                "write": Out(1),
                "unit": Out(3),
                "part": Out(range(BEATS)),
                "word": Out(BEAT),
                "commit": Out(units),
                "payload": Out(BEAT),
                "payload_valid": Out(units),
                "payload_ready": In(units),
                "begins": Out(1),
                "ends": Out(1),
                "error": Out(4),
                "number": Out(COUNT),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat, last = self.i.p.data, self.i.p.last
        control = Signal(layout(CONTROL))
        coming = data.View(layout(CONTROL), beat[: len(control.as_value())])
        given = Signal(BEAT * (BEATS - 1))
        fault = Signal(4)
        expected = Signal(18)
        left = Signal.like(control.payload)
        # A beat is there; whether it is taken depends on more than that in some states only.
        offered, ready, committed = Signal(), Signal(), Signal()
        stopped = Signal()
        number, resolved = self._resolved(m, control, stopped, committed)
        closing = Signal()
        m.d.comb += [
            self.i.ready.eq(ready & ~self.stop),
            offered.eq(self.i.valid & ~self.stop),
            self.payload.eq(beat),
            self.word.eq(beat),
            closing.eq((self.unit == Unit.EPILOGUE) & _view(given, Unit.EPILOGUE).last),
        ]

        def fails(error: Value | Error) -> None:
            m.d.sync += fault.eq(error)
            m.next = "FAULT"

        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += ready.eq(self.run)
                m.d.sync += self.unit.eq(NO_UNIT)
                with m.If(offered & self.run):
                    m.next = "CONTROL"
                    with m.If(beat[:32] != MAGIC):
                        fails(Error.MAGIC)
                    with m.Elif(beat[32:] != signature(self.configuration)):
                        fails(Error.CONFIGURATION)
                    with m.Elif(last):
                        fails(Error.COMMAND_EARLY)
                    with m.Else():
                        m.d.comb += self.begins.eq(1)
            with m.State("CONTROL"):
                m.d.comb += ready.eq(1)
                m.d.sync += [self.part.eq(1), committed.eq(0)]
                with m.If(offered):
                    m.d.sync += [control.eq(coming), self.unit.eq(coming.unit)]
                    m.next = "OPERANDS"
                    with m.If(last):
                        fails(Error.COMMAND_EARLY)
            with m.State("OPERANDS"):
                m.d.comb += [ready.eq(1), self.write.eq(offered)]
                with m.If(offered):
                    m.d.sync += [
                        given.eq(Cat(given[BEAT:], beat)), self.part.eq(self.part + 1)
                    ]
                    with m.If(self.part == BEATS - 1):
                        m.next = "CHECK"
                    with m.If(last):
                        fails(Error.COMMAND_EARLY)
            with m.State("CHECK"):
                m.d.sync += [
                    fault.eq(self._fault(control, given)),
                    expected.eq(self._expected(control, given)),
                ]
                m.next = "COMMIT"
            with m.State("COMMIT"):
                m.d.comb += self.word.eq(resolved)
                with m.If(fault != Error.NONE):
                    m.next = "FAULT"
                with m.Elif(expected != control.payload):
                    fails(Error.PAYLOAD)
                with m.Elif(~self.stop & ~self.full.bit_select(self.unit, 1)):
                    m.d.comb += [
                        self.write.eq(1), self.commit.bit_select(self.unit, 1).eq(1)
                    ]
                    m.d.sync += [left.eq(control.payload), committed.eq(1)]
                    m.next = "CONTROL"
                    with m.If(control.payload != 0):
                        m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.comb += [
                    ready.eq(self.payload_ready.bit_select(self.unit, 1)),
                    self.payload_valid.bit_select(self.unit, 1).eq(offered),
                ]
                with m.If(offered & ready):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.next = "CONTROL"
                        with m.If(closing):
                            m.next = "DRAIN"
                            with m.If(~last):
                                fails(Error.COMMAND_LATE)
                    with m.If(last & ~(closing & (left == 1))):
                        fails(Error.COMMAND_EARLY)
            with m.State("DRAIN"):
                with m.If(self.idle & ~self.stop):
                    m.d.comb += self.ends.eq(1)
                    m.next = "HEADER"
            with m.State("FAULT"):
                m.d.comb += [self.error.eq(fault), stopped.eq(1)]
                with m.If(self.unit < len(Unit)):
                    m.d.comb += self.number.eq(number)
        return m

    def _resolved(
        self, m: Module, control: data.View, stopped: Value, committed: Value
    ) -> tuple[Value, Value]:
        """Which one of its unit an instruction is, and the first word of the instruction.

        One wait is resolved a beat of operands; where the decoder has stopped, the number is that
        of the instruction that is wrong, its last one where it is committed.
        """
        resolved = Signal(RESOLVED)
        issued = Array(self.issued)
        wait, back = Signal(3), Signal(9)
        number = Signal(COUNT)
        m.d.comb += [resolved.opcode.eq(control.opcode), number.eq(issued[wait] - back)]
        for n in range(WAITS):
            m.d.comb += resolved.waits[n].unit.eq(control[f"wait_{n}"])
            with m.If(self.part == n + 1):
                m.d.comb += [wait.eq(control[f"wait_{n}"]), back.eq(control[f"back_{n}"])]
                m.d.sync += resolved.waits[n].done.eq(number)
        with m.If(stopped):
            m.d.comb += [wait.eq(self.unit), back.eq(committed)]
        return number, resolved.as_value()

    def _fault(self, control: data.View, given: Signal) -> Value:
        """What is wrong with an instruction, its payload aside."""
        unknown = Cat(
            (control[f"wait_{n}"] >= len(Unit)) & (control[f"wait_{n}"] != NO_UNIT)
            for n in range(WAITS)
        )
        opcode, outside = [], []
        for unit, limits in ranges(self.configuration).items():
            mine = control.unit == unit
            opcode.append(mine & (control.opcode >= OPCODES[unit]))
            fields = _view(given, unit)
            beyond = [b for name, limit in limits.items() for b in _outside(fields[name], *limit)]
            outside.append(mine & Cat(beyond).any())
        fault: Value = Const(Error.NONE, 4)
        for error, found in (
            (Error.OPERAND, Cat(outside).any()), (Error.WAIT, unknown.any()),
            (Error.OPCODE, Cat(opcode).any()), (Error.UNIT, control.unit >= len(Unit)),
        ):
            fault = Mux(found, error, fault)
        return fault

    def _expected(self, control: data.View, given: Signal) -> Value:
        """Beats of payload, as :func:`vit2rtl.golden.engine.limits.payload_beats` has them."""
        load, matmul, layernorm = (
            _view(given, unit) for unit in (Unit.LOAD, Unit.MATMUL, Unit.LAYERNORM)
        )
        zero_points, tile = stationary_beats(self.configuration)
        weights = Mux(matmul.dynamic, 0, matmul.k_tiles * tile + zero_points)
        loads = Mux(
            control.opcode == Load.STREAM, load.count,
            Mux(control.opcode == Load.TABLE, (load.count + BYTES - 1) // BYTES, 0),
        )
        expected: Value = Const(0, 18)
        for unit, count in (
            (Unit.LOAD, loads),
            (Unit.MATMUL, Mux(matmul.two_weight_digits, weights << 1, weights)),
            (Unit.EPILOGUE, self.configuration.columns),
            (Unit.LAYERNORM, Mux(layernorm.table, self.configuration.channels, 0)),
        ):
            expected = Mux(control.unit == unit, count, expected)
        return expected


def _view(given: Signal, unit: Unit) -> data.View:
    """The operands of a unit's instruction."""
    fields = operands(unit)
    return data.View(fields, given[: fields.size])


def _outside(value: Value, low: int, high: int) -> list[Value]:
    """Conditions that say so; none where the width allows no other value."""
    beyond = [~reaches(value, low)] if low > 0 else []
    return beyond + ([reaches(value, high + 1)] if high < (1 << len(value)) - 1 else [])
