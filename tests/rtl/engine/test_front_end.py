"""The front end under random instructions and stalls, against the stream read in plain Python."""

import numpy as np
import pytest

from tests import clocked
from tests.rtl.engine.commands import Command, random_program
from tests.rtl.engine.commands import stream as beats_of
from tests.rtl.engine.front_end_bench import TINY, Control, execute
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import NO_UNIT, OPERANDS, Load, Unit
from vit2rtl.golden.engine.limits import payload_beats, ranges


def run(scenario):
    dut = Control()
    clocked.run(dut, lambda ctx, domain: scenario(ctx, dut))


@pytest.mark.parametrize(("idle", "pace"), [(0, 0), (60, 20), (10, 90)])
def test_units_get_their_instructions_in_order_when_their_waits_are_met(idle, pace):
    rng = np.random.default_rng(idle + pace)
    images = [random_program(TINY, rng, count) for count in (40, 15)]

    async def scenario(ctx, dut):
        models = await execute(ctx, dut, images, rng, idle=idle, pace=pace)
        assert not ctx.get(dut.faults.stop)
        for unit, model in models.items():
            assert not model.expected and not model.running
            total = sum(command.unit is unit for commands in images for command in commands)
            assert ctx.get(dut.front_end.issued[unit]) == total == model.done
            assert ctx.get(dut.front_end.count[unit]) == total

    run(scenario)


def test_counters_go_round():
    """Waits hold where the counters pass 2**16."""
    rng = np.random.default_rng(5)
    commands = random_program(TINY, rng, 50)

    async def scenario(ctx, dut):
        for unit in Unit:
            ctx.set(dut.front_end.issued[unit], 0xFFFC)
            ctx.set(dut.front_end.count[unit], 0xFFFC)
        await execute(ctx, dut, [commands], rng, pace=60)
        for unit in Unit:
            total = sum(command.unit is unit for command in commands)
            assert ctx.get(dut.front_end.count[unit]) == (0xFFFC + total) % 0x10000

    run(scenario)


def simple(unit, **changes):
    """A command without waits, all operands at their least, with the payload that it takes."""
    least = {name: low for name, (low, _) in ranges(TINY)[unit].items()}
    operands = dict.fromkeys(OPERANDS[unit], 0) | least | changes
    return Command(unit, operands, payload=[7] * payload_beats(unit, 0, operands, TINY))


async def send(ctx, front_end, beats):
    for beat, last in beats:
        ctx.set(front_end.i.valid, 1)
        ctx.set(front_end.i.p.data, beat)
        ctx.set(front_end.i.p.last, last)
        await ctx.tick().until(front_end.i.ready)
    ctx.set(front_end.i.valid, 0)


async def cycles_until(ctx, signal):
    """Cycles from the last edge to the first one before which the signal is high."""
    for cycle in range(1, 40):
        if ctx.get(signal):
            return cycle
        await ctx.tick()
    raise AssertionError("never")


def test_an_instruction_is_offered_11_cycles_after_its_last_beat():
    async def scenario(ctx, dut):
        ctx.set(dut.front_end.run, 1)
        await send(ctx, dut.front_end, beats_of(TINY, [simple(Unit.SOFTMAX)])[:-1])
        command = simple(Unit.SOFTMAX).beats()
        await send(ctx, dut.front_end, [(command[-1], 0)])
        assert await cycles_until(ctx, dut.front_end.softmax.valid) == 11

    run(scenario)


def test_an_instruction_is_offered_four_cycles_after_what_it_waits_for():
    async def scenario(ctx, dut):
        front_end = dut.front_end
        ctx.set(front_end.run, 1)
        waiting = simple(Unit.ATTENTION)
        waiting.waits = [(Unit.SOFTMAX, 1), (Unit.SOFTMAX, 0), (Unit.MATMUL, 3)]
        await send(ctx, front_end, beats_of(
            TINY, [simple(Unit.SOFTMAX), simple(Unit.SOFTMAX), waiting, simple(Unit.SOFTMAX)])[:-1])
        ctx.set(front_end.softmax.ready, 1)
        await ctx.tick().repeat(40)
        for finished in range(2):
            assert not ctx.get(front_end.attention.valid), finished
            assert ctx.get(front_end.waiting) == 1 << Unit.ATTENTION
            ctx.set(front_end.done[Unit.SOFTMAX], 1)
            await ctx.tick()
            ctx.set(front_end.done[Unit.SOFTMAX], 0)
        assert await cycles_until(ctx, front_end.attention.valid) == 4
        assert ctx.get(front_end.waiting) == 0

    run(scenario)


def test_no_header_is_taken_before_run():
    async def scenario(ctx, dut):
        ctx.set(dut.front_end.i.valid, 1)
        ctx.set(dut.front_end.i.p.data, beats_of(TINY, [])[0][0])
        await ctx.tick().repeat(3)
        assert not ctx.get(dut.front_end.i.ready)
        ctx.set(dut.front_end.run, 1)
        assert ctx.get(dut.front_end.i.ready) and ctx.get(dut.front_end.begins)

    run(scenario)


def faulty_streams():
    """What follows header and one good instruction of softmax: beats, unit, error."""
    load, matmul = simple(Unit.LOAD), simple(Unit.MATMUL)
    final = simple(Unit.EPILOGUE, last=1).beats()
    loads = load.beats()
    yield load.beats(unit=6), 6, Error.UNIT
    yield load.beats(opcode=len(Load)), Unit.LOAD, Error.OPCODE
    yield load.beats(wait_1=6), Unit.LOAD, Error.WAIT
    for unit in Unit:
        one = simple(unit)
        yield one.beats(payload=len(one.payload) + 1), unit, Error.PAYLOAD
        if unit is not Unit.LOAD:
            yield one.beats(opcode=1), unit, Error.OPCODE
        for name, (low, high) in ranges(TINY)[unit].items():
            most = (1 << OPERANDS[unit][name].width) - 1
            for value in (low - 1, high + 1, most):
                if 0 <= value <= most and not low <= value <= high:
                    yield simple(unit, **{name: value}).beats(), unit, Error.OPERAND
    for count in range(1, len(loads) + 1):
        yield loads[:count], Unit.LOAD, Error.COMMAND_EARLY
    weights = matmul.beats()
    yield weights[:5], Unit.MATMUL, Error.COMMAND_EARLY
    yield weights, Unit.MATMUL, Error.COMMAND_EARLY
    yield final[:-1], Unit.EPILOGUE, Error.COMMAND_EARLY
    yield final, Unit.EPILOGUE, Error.COMMAND_LATE


async def send_until_stop(ctx, dut, beats):
    """Whether something of the beats stopped the engine."""
    front_end = dut.front_end
    ctx.set(front_end.run, 1)
    for beat, last in beats:
        ctx.set(front_end.i.valid, 1)
        ctx.set(front_end.i.p.data, beat)
        ctx.set(front_end.i.p.last, last)
        while not ctx.get(front_end.i.ready) and not ctx.get(dut.faults.stop):
            await ctx.tick()
        await ctx.tick()
    ctx.set(front_end.i.valid, 0)
    await ctx.tick().repeat(4)
    return bool(ctx.get(dut.faults.stop))


async def nothing_starts(ctx, front_end):
    """Whatever the units do: no instruction is offered, no beat taken."""
    for _ in range(12):
        assert not any(ctx.get(getattr(front_end, unit.name.lower()).valid) for unit in Unit)
        assert not ctx.get(front_end.i.ready)
        await ctx.tick()


def test_every_fault_of_a_stream_is_named_stops_and_is_forgotten_by_reset():
    rng = np.random.default_rng(9)
    good = simple(Unit.SOFTMAX)
    begin = [beat for beat, _ in beats_of(TINY, [good])]
    cases = [
        ([begin[0] ^ 1], NO_UNIT, Error.MAGIC),
        ([begin[0] ^ 1 << 63], NO_UNIT, Error.CONFIGURATION),
        (begin[:1], NO_UNIT, Error.COMMAND_EARLY),
        *((begin + beats, unit, error) for beats, unit, error in faulty_streams()),
    ]

    async def scenario(ctx, dut):
        faults, front_end = dut.faults, dut.front_end
        for beats, unit, error in cases:
            last = len(beats) - 1 if error is Error.COMMAND_EARLY else None
            stops = await send_until_stop(ctx, dut, [(b, n == last) for n, b in enumerate(beats)])
            seen = Error(ctx.get(faults.error)), ctx.get(faults.unit), ctx.get(faults.number)
            # The good instruction is the first one of softmax.
            assert stops and seen == (error, unit, int(unit == Unit.SOFTMAX)), beats
            await nothing_starts(ctx, front_end)
            ctx.set(dut.reset, 1)
            await ctx.tick()
            ctx.set(dut.reset, 0)
            assert ctx.get(front_end.idle)
        commands = random_program(TINY, rng, 10)
        models = await execute(ctx, dut, [commands], rng)
        assert sum(model.done for model in models.values()) == len(commands)

    run(scenario)


def test_of_a_stopped_engine_no_instruction_starts():
    """Neither what is offered nor what waits in queues, whatever is done meanwhile."""
    async def scenario(ctx, dut):
        front_end = dut.front_end
        waiting = simple(Unit.ATTENTION)
        waiting.waits = [(Unit.SOFTMAX, 0)]
        stream = beats_of(TINY, [simple(Unit.SOFTMAX), waiting, simple(Unit.LOAD)])
        await send_until_stop(ctx, dut, [(beat, 0) for beat, _ in stream])
        ctx.set(front_end.softmax.ready, 1)
        await ctx.tick().until(front_end.load.valid)
        ctx.set(front_end.softmax.ready, 0)
        assert ctx.get(front_end.load.valid)
        ctx.set(dut.stop, 1)
        ctx.set(front_end.done[Unit.SOFTMAX], 1)
        await ctx.tick()
        ctx.set(front_end.done[Unit.SOFTMAX], 0)
        await nothing_starts(ctx, front_end)
        ctx.set(dut.stop, 0)
        assert ctx.get(front_end.load.valid) and ctx.get(front_end.attention.valid)

    run(scenario)
