"""When each instruction of a stream begins and is done: the front end, its queues, the units.

Instructions are gone through in the order of the stream. None of them depends on a later one: a
full queue or a full buffer of payload is made room in by earlier ones. But the residual stream has
one port that reads, at which the epilogue goes first: what it takes from a LayerNorm is known once
both are timed, and all are timed again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from vit2rtl.golden.engine.compiler.durations import (
    ARRAY_LATENCY,
    EPILOGUE_LATENCY,
    length,
    overlaps,
    passes,
    tile_load,
)
from vit2rtl.golden.engine.compiler.instruction import Instruction
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Load, Unit
from vit2rtl.golden.engine.limits import payload_room, stationary_beats

# An instruction's beats, and what it takes to the front of its unit's queue; places of a queue.
DECODE, QUEUED, PLACES = 6, 9, 15
# From what is waited for to the beginning; from a beginning to the unit's first cycle of work.
WAKE, BEGIN = 6, 3
# Accumulators of the array.
BANKS = 2


class _Payload:
    """Beats of a unit: when each left the front end, and when it left the buffer."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[int] = []

    def deliver(self, front: int, count: int) -> int:
        """When so many more beats are there, the front end being free at ``front``."""
        last = len(self.taken) + count - 1 - self.room
        earliest = self.taken[last] + 1 if 0 <= last < len(self.taken) else 0
        return max(front + count, earliest)

    def take(self, start: int, count: int, pace: float = 1.0) -> None:
        self.taken += [start + int(n * pace) for n in range(count)]


class _Engine:
    """``held``: {the number of an instruction in its unit: cycles in which it cannot read}"""

    def __init__(self, configuration: Configuration, held: Mapping[int, int]) -> None:
        self.configuration, self.held = configuration, held
        self.front = 1
        self.taken: dict[Unit, list[int]] = defaultdict(list)
        self.done: dict[Unit, list[int]] = defaultdict(list)
        self.last: dict[Unit, Instruction] = {}
        self.free: dict[Unit, int] = defaultdict(int)
        self.payload = {unit: _Payload(room) for unit, room in payload_room(configuration).items()}
        # Of the array: its last pass, when the next tile may load; sums that came and drained.
        self.passed, self.loads = 0, 0
        self.sums: list[int] = []
        self.drained: list[int] = []

    def add(self, one: Instruction) -> None:
        """The next instruction of the stream gets its start and its end."""
        unit, taken = one.unit, self.taken[one.unit]
        room = taken[-PLACES] if len(taken) >= PLACES else 0
        self.front = max(self.front, room) + DECODE
        offered = max(self.front + QUEUED, taken[-1] + QUEUED if taken else 0)
        waits = [self.done[other][count - 1] for other, count in one.waits.items() if count > 0]
        begin = max([offered, *(done + WAKE for done in waits)])
        match unit:
            case Unit.MATMUL:
                begin, end = self._array(one, begin)
            case Unit.EPILOGUE:
                begin, end = self._epilogue(one, begin)
            case Unit.LOAD:
                begin, end = self._load(one, begin)
            case _:
                begin, end = self._other(one, begin)
        self.taken[unit].append(begin)
        self.done[unit].append(end)
        self.last[unit] = one
        one.start, one.end = begin, end

    def _array(self, one: Instruction, begin: int) -> tuple[int, int]:
        c = self.configuration
        count, rows = passes(one)
        zero_points, tile = stationary_beats(c)
        dynamic = one.operands["dynamic"]
        payload = self.payload[Unit.MATMUL]
        if not dynamic:
            beats = zero_points * (1 + one.operands["two_weight_digits"])
            self.front = payload.deliver(self.front, beats)
            start = max(begin, self.loads, self.front)
            payload.take(start, beats)
            self.loads = start + beats
        else:
            self.loads = max(begin + 2, self.loads)
        number = len(self.sums)
        if number >= BANKS:
            self.passed = max(self.passed, self.drained[number - BANKS])
        start = begin
        for n in range(count):
            load = self.loads
            if not dynamic:
                self.front = payload.deliver(self.front, tile)
                load = max(load, self.front - tile)
                payload.take(load, tile, c.columns / tile)
                load = max(load, self.front - c.columns)
            loaded = load + tile_load(c)
            first = max(self.passed, loaded, begin + BEGIN)
            start = first if n == 0 else start
            self.loads, self.passed = first, first + rows
        self.sums.append(self.passed + ARRAY_LATENCY)
        return min(start, begin) if number == 0 else start, self.passed

    def _epilogue(self, one: Instruction, begin: int) -> tuple[int, int]:
        c = self.configuration
        payload, number = self.payload[Unit.EPILOGUE], len(self.drained)
        self.front = payload.deliver(self.front, c.columns)
        # One set of parameters loads while the other one is in use.
        loading = max(self.front - c.columns, self.drained[number - 2] if number > 1 else 0)
        payload.take(loading, c.columns)
        begin = max(begin, loading + c.columns, self.sums[number], self._idle(one))
        end = begin + length(one, c).busy
        self.drained.append(end)
        self.free[Unit.EPILOGUE] = end
        return begin, end + EPILOGUE_LATENCY

    def _idle(self, one: Instruction) -> int:
        """When the unit can begin an instruction behind its last one."""
        last = self.last.get(one.unit)
        if last is None:
            return 0
        return self.free[one.unit] if overlaps(one, last) else self.done[one.unit][-1] + 1

    def _load(self, one: Instruction, begin: int) -> tuple[int, int]:
        begin = max(begin, self._idle(one))
        end = begin + length(one, self.configuration).done
        count = len(one.payload)
        if count:
            payload = self.payload[Unit.LOAD]
            pace = 8.0 if one.opcode == Load.TABLE else 1.0
            payload.take(begin, count, pace)
            # Its own beats make room for those behind them.
            first = max(self.front, begin - payload.room)
            self.front = max(self.front + count, int(begin + (count - payload.room) * pace),
                             first)
            if one.opcode == Load.STREAM:
                end = max(end, self.front + 2)
        self.free[Unit.LOAD] = end
        return begin, end

    def _other(self, one: Instruction, begin: int) -> tuple[int, int]:
        begin = max(begin, self._idle(one))
        cycles = length(one, self.configuration)
        if len(one.payload):
            payload = self.payload[one.unit]
            self.front = payload.deliver(self.front, len(one.payload))
            begin = max(begin, self.front - len(one.payload))
            payload.take(begin, len(one.payload))
        held = self.held.get(len(self.taken[one.unit]), 0) if one.unit == Unit.LAYERNORM else 0
        self.free[one.unit] = begin + cycles.busy + held
        return begin, begin + cycles.done + held


def _held(instructions: Sequence[Instruction], configuration: Configuration) -> dict[int, int]:
    """Of each LayerNorm, the cycles in which the epilogue reads the residual stream meanwhile."""
    adding = [one for one in instructions
              if one.unit == Unit.EPILOGUE and one.operands["add"]]
    starts = np.array([one.start for one in adding], int)
    ends = starts + [length(one, configuration).busy for one in adding]
    norms = [one for one in instructions if one.unit == Unit.LAYERNORM]
    held = {}
    for n, one in enumerate(norms):
        shared = np.minimum(ends, one.end) - np.maximum(starts, one.start)
        held[n] = int(shared.clip(0).sum())
    return held


def time(instructions: Sequence[Instruction], configuration: Configuration) -> int:
    """Give every instruction of a stream its ``start`` and ``end``; the cycles of an image."""
    held: Mapping[int, int] = {}
    for _ in range(2):
        engine = _Engine(configuration, held)
        for one in instructions:
            engine.add(one)
        held = _held(instructions, configuration)
    return max(one.end for one in instructions)
