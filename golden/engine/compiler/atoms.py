"""Words that are always touched together, as one: what dependencies are worked out on.

A tile of a group's rows is thousands of words, and every instruction touches all of them or none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.engine.compiler.instruction import Instruction

# Sums of random numbers tell sets of instructions apart: two of n sets are taken for one with a
# probability below n² / 2**64.
_SEED = 1


@dataclass(frozen=True)
class Touched:
    """Atoms that an instruction reads, and writes."""

    reads: tuple[int, ...]
    writes: tuple[int, ...]


def touched(
    instructions: Sequence[Instruction], depths: Mapping[str, int],
    without: Collection[str] = (),
) -> list[Touched]:
    """What each instruction touches of the buffers, all but those ``without`` which it is asked."""
    rng = np.random.default_rng(_SEED)
    sums = {name: np.zeros(depth, np.uint64) for name, depth in depths.items()
            if name not in without}
    for instruction in instructions:
        for words in (instruction.reads, instruction.writes):
            tag = rng.integers(1 << 63, dtype=np.uint64)
            for name in sums.keys() & words.keys():
                sums[name][words[name]] += tag
    atoms, count = {}, 0
    for name, marks in sums.items():
        # Of each set the first word stands for it.
        first = np.unique(marks, return_index=True)[1]
        atoms[name] = np.full(len(marks), -1)
        atoms[name][first] = count + np.arange(len(first))
        count += len(first)

    def atoms_of(words: Mapping[str, np.ndarray]) -> tuple[int, ...]:
        chosen = [atoms[name][words[name]] for name in sorted(sums.keys() & words.keys())]
        return tuple(int(n) for part in chosen for n in part[part >= 0])

    return [Touched(atoms_of(one.reads), atoms_of(one.writes)) for one in instructions]
