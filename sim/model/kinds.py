"""Cycles of an image by kind of op: those of the simulation beside those that the compiler expects.

Two of all units take part in several kinds: the array, whose instructions are told apart, and the
epilogue, which drains what the array does and is left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from vit2rtl.golden.engine.compiler import EngineImage
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.sim.model.bench import DONE, Outcome

# Of one kind each, but for loading: patches, embedding's constants and tables.
ALONE = (Unit.LOAD, Unit.LAYERNORM, Unit.SOFTMAX, Unit.ATTENTION)


class Kind(NamedTuple):
    """Cycles of a kind of op.

    Of the array: from the end of an instruction to the end of the kind's next one, so that kinds
    together are the image but for what comes behind its last tile. Of another unit: those in which
    it has an instruction.
    """

    simulated: int
    expected: int

    @property
    def error(self) -> float:
        return self.expected / self.simulated - 1


def kinds(image: EngineImage, outcome: Outcome) -> dict[str, Kind]:
    """{kind of op: cycles}, of the last image of a run that recorded the taps."""
    tiles = [one for one in image.instructions if one.unit == Unit.MATMUL]
    kind_of = {op.name: op.kind for op in image.program.ops}
    names = [kind_of[one.work.op] for one in tiles]
    done = outcome.exits[DONE]
    ends = done.cycles[done.beats[:, 0] >> Unit.MATMUL & 1 == 1][-len(tiles):]
    simulated = _between(names, (outcome.began[-1], *map(int, ends)))
    expected = _between(names, (0, *(one.end for one in tiles)))
    result = {name: Kind(simulated[name], expected[name]) for name in simulated}
    for unit in ALONE:
        ours = [one for one in image.instructions if one.unit == unit]
        if not ours:
            continue
        busy = outcome.registers[f"BUSY_{unit.name}"]
        name = "load" if unit == Unit.LOAD else kind_of[ours[0].work.op]
        result[name] = Kind(busy, _covered((one.start, one.end) for one in ours))
    return result


def _between(names: Sequence[str], ends: Sequence[int]) -> dict[str, int]:
    """Sums of the differences between ends, by the name of the later one."""
    found: dict[str, int] = defaultdict(int)
    for name, (before, end) in zip(names, pairwise(ends), strict=True):
        found[name] += end - before
    return found


def _covered(spans: Iterable[tuple[int, int]]) -> int:
    """Cycles that are in any of the spans, which are in order."""
    total, reached = 0, 0
    for start, end in spans:
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
