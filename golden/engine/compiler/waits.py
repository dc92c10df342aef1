"""What each instruction waits for: as little as keeps all reads and writes in order."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from vit2rtl.golden.engine.compiler.atoms import touched
from vit2rtl.golden.engine.compiler.dependencies import History
from vit2rtl.golden.engine.compiler.instruction import Instruction, depths
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import CONTROL, WAITS, Unit

FURTHEST = (1 << CONTROL["back_0"].width) - 1
# How many instructions of a unit are known to be done, by unit.
Done = dict[Unit, int]


def assign(instructions: Sequence[Instruction], configuration: Configuration) -> None:
    """Give every instruction its waits, in the order of the stream.

    A unit begins its instructions in order and finishes them in order, but the next one may begin
    before the one before it has finished. What an instruction knows to be done when it begins is
    what its unit's earlier ones knew, what it waits for, and what that knew in turn. The epilogue's
    writes know besides that the array is done with the tile, whose sums they come from, and what
    the array knew; it may read before.
    """
    _Waits(instructions, configuration).run()


class _Waits:
    def __init__(self, instructions: Sequence[Instruction], configuration: Configuration) -> None:
        self.instructions = instructions
        self.touched = touched(instructions, depths(configuration))
        self.ours: dict[Unit, list[int]] = defaultdict(list)
        self.places: list[int] = []
        for number, one in enumerate(instructions):
            self.places.append(len(self.ours[one.unit]))
            self.ours[one.unit].append(number)
        # What is done when an instruction begins, and when it writes.
        self.begun: list[Done] = []
        self.known: list[Done] = []

    def run(self) -> None:
        history = History()
        for number, one in enumerate(self.instructions):
            reads = self._needed(history.read_after(self.touched[number]), one.unit)
            writes = self._needed(history.write_after(self.touched[number]), None)
            writes.pop(one.unit, None)  # a unit's own reads and writes are in order
            history.add(number, self.touched[number])
            begun, known = self._inherited(number)
            missing = _latest(_beyond(reads, begun), _beyond(writes, known))
            self._place(number, self._reduced(missing), begun, known)

    def _needed(self, numbers: set[int], own: Unit | None) -> Done:
        """How many of each unit's instructions must be done.

        own   a unit of which nothing is needed but for what the epilogue reads of its own results
        """
        done: Done = {}
        for number in numbers:
            unit = self.instructions[number].unit
            if unit != own or unit == Unit.EPILOGUE:
                done[unit] = max(done.get(unit, 0), self.places[number] + 1)
        return done

    def _inherited(self, number: int) -> tuple[Done, Done]:
        """What is done before an instruction begins, and before it writes, whatever its waits."""
        one, place = self.instructions[number], self.places[number]
        last = self.ours[one.unit][place - 1] if place else None
        begun, known = ({}, {}) if last is None else (self.begun[last], self.known[last])
        if one.unit != Unit.EPILOGUE:
            return begun, begun
        return begun, _latest(known, self._after(Unit.MATMUL, place + 1))

    def _after(self, unit: Unit, count: int) -> Done:
        """What is known to be done once so many instructions of a unit are."""
        return _latest(self.known[self.ours[unit][count - 1]], {unit: count})

    def _reduced(self, waits: Done) -> Done:
        """Without what another one of them implies."""
        kept = dict(waits)
        for unit, count in waits.items():
            others = [other for other in kept.items() if other[0] != unit]
            if any(self._after(*other).get(unit, 0) >= count for other in others):
                del kept[unit]
        return kept

    def _place(self, number: int, waits: Done, begun: Done, known: Done) -> None:
        """Waits that are too many go to an earlier instruction of the unit."""
        one = self.instructions[number]
        while len(waits) > WAITS:
            unit, count = self._movable(number, waits)
            del waits[unit]
            begun = _latest(begun, self._after(unit, count))
        for unit, count in sorted(waits.items()):
            # Further back than an instruction can say, it waits for a later one.
            issued = bisect_left(self.ours[unit], number)
            one.waits[unit] = max(count, issued - FURTHEST)
            begun = _latest(begun, self._after(unit, one.waits[unit]))
        self.begun.append(begun)
        self.known.append(_latest(known, begun))

    def _movable(self, number: int, waits: Done) -> tuple[Unit, int]:
        """One of the waits, given to the nearest earlier instruction of the unit that has room."""
        unit = self.instructions[number].unit
        for earlier in reversed(self.ours[unit][:self.places[number]]):
            one = self.instructions[earlier]
            for other, count in waits.items():
                room = len(one.waits) < WAITS or other in one.waits
                if room and self.ours[other][count - 1] < earlier:
                    one.waits[other] = max(count, one.waits.get(other, 0))
                    return other, count
        raise ValueError(f"op {self.instructions[number].work.op!r}: an instruction would have to "
                         f"wait for {len(waits)} units, and has room for {WAITS}")


def _latest(a: Done, b: Done) -> Done:
    return {unit: max(a.get(unit, 0), b.get(unit, 0)) for unit in a.keys() | b.keys()}


def _beyond(needed: Done, known: Done) -> Done:
    """What is needed and not known yet."""
    return {unit: count for unit, count in needed.items() if count > known.get(unit, 0)}
