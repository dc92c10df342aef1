"""Races of a command stream: reads and writes of a word that no wait keeps in order."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.engine.compiler.accesses import Access, Accesses
from vit2rtl.golden.engine.decoding import Decoded
from vit2rtl.golden.engine.instructions import Unit

UNITS = len(Unit)


class Clocks:
    """How many instructions of each unit are done for certain when one begins, or writes.

    A unit begins its instructions in order and finishes them in order. That a number of them is
    done tells what the last of these knew. The epilogue writes what the array gives it, and so once
    the array is done with the same tile; what it adds to it may have read before.

    begun, written   int[instructions, units]
    """

    def __init__(self, instructions: Sequence[Decoded]) -> None:
        self.begun = np.zeros((len(instructions), UNITS), int)
        self.written = np.zeros((len(instructions), UNITS), int)
        self._numbers: dict[Unit, list[int]] = defaultdict(list)
        for number, one in enumerate(instructions):
            self._add(number, one)
            self._numbers[one.unit].append(number)

    def _add(self, number: int, one: Decoded) -> None:
        ours, begun = self._numbers[one.unit], self.begun[number]
        if ours:
            begun[:] = self.begun[ours[-1]]
        for unit, count in one.waits.items():
            if count > 0:
                np.maximum(begun, self.written[self._numbers[unit][count - 1]], out=begun)
                begun[unit] = max(begun[unit], count)
        self.written[number] = begun
        if one.unit == Unit.EPILOGUE:
            tile = self._numbers[Unit.MATMUL][one.number]
            np.maximum(begun, self.begun[tile], out=self.written[number])
            done = max(self.written[number, Unit.MATMUL], one.number + 1)
            self.written[number, Unit.MATMUL] = done


class _Memory:
    """Of each word, who wrote it last, and the last reader of each unit since."""

    def __init__(self, depth: int) -> None:
        self.writer = np.full(depth, -1)
        self.readers = np.full((UNITS, depth), -1)


def races(
    instructions: Sequence[Decoded], touched: Sequence[Accesses], depths: dict[str, int]
) -> Iterator[tuple[int, int, str, str]]:
    """(instruction, earlier one, buffer, hazard) of accesses that may come in either order.

    hazard   "reads what", "overwrites what … reads" or "overwrites what … writes", the earlier one
    """
    clocks = Clocks(instructions)
    memories = {name: _Memory(depth) for name, depth in depths.items()}
    for number, (one, words) in enumerate(zip(instructions, touched, strict=True)):
        known = clocks.begun[number]
        for access in words.reads:
            memory = memories[access.buffer]
            pipelined = None if one.unit == Unit.EPILOGUE else one.unit
            for other in _newest(memory.writer[access.words], instructions, pipelined):
                if known[instructions[other].unit] <= instructions[other].number:
                    yield number, other, access.buffer, "reads what the earlier one writes"
        known = clocks.written[number]
        for access in words.writes:
            yield from _overwritten(number, one, access, memories, instructions, known)
        for access in words.reads:
            memories[access.buffer].readers[one.unit, access.words.reshape(-1)] = number
        for access in words.writes:
            memory, flat = memories[access.buffer], access.words.reshape(-1)
            memory.writer[flat] = number
            memory.readers[:, flat] = -1


def _overwritten(
    number: int, one: Decoded, access: Access, memories: dict[str, _Memory],
    instructions: Sequence[Decoded], known: np.ndarray,
) -> Iterator[tuple[int, int, str, str]]:
    memory, flat = memories[access.buffer], access.words.reshape(-1)
    for hazard, others in (
        ("overwrites what the earlier one reads", memory.readers[:, flat].max(axis=1)),
        ("overwrites what the earlier one writes", memory.writer[flat]),
    ):
        # A unit's own reads and writes are in order.
        for other in _newest(others, instructions, one.unit):
            if known[instructions[other].unit] <= instructions[other].number:
                yield number, other, access.buffer, hazard


def _newest(
    others: np.ndarray, instructions: Sequence[Decoded], without: Unit | None
) -> Iterator[int]:
    """The newest of each unit among some instructions."""
    newest: dict[Unit, int] = {}
    for other in np.unique(others):
        if other >= 0 and instructions[other].unit != without:
            newest[instructions[other].unit] = int(other)
    yield from newest.values()
