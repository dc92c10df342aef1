"""List scheduling: in which order units do their instructions, and when.

Tiles of the array are taken in the program's order, and where one would have to wait, a later one
that need not goes first. Other units follow as soon as they can.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from vit2rtl.golden.engine.compiler.atoms import touched
from vit2rtl.golden.engine.compiler.dependencies import dependencies
from vit2rtl.golden.engine.compiler.durations import ARRAY_LATENCY, length, overlaps
from vit2rtl.golden.engine.compiler.instruction import NO_BEATS, Instruction, depths
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import WORD, Destination, Unit

Step = tuple[Instruction, ...]
# Accumulators of the array: one fills while the other drains.
ACCUMULATOR_BANKS = 2
# How many tiles that could go are looked at.
WINDOW = 80
_BANKED = ("logits", "codes")


def schedule(steps: Sequence[Step], configuration: Configuration) -> list[Instruction]:
    """All instructions in the order in which they begin, with ``start`` and ``end``.

    Banks of logits and of their codes are given out, and tables of LayerNorm are left where they
    are the same as before.
    """
    scheduler = _Scheduler(steps, configuration)
    scheduler.run()
    return sorted(scheduler.issued, key=lambda one: one.start)


class _Scheduler:
    def __init__(self, steps: Sequence[Step], configuration: Configuration) -> None:
        self.steps, self.configuration = steps, configuration
        self.issued: list[Instruction] = []
        self.free: dict[Unit, int] = defaultdict(int)
        self.last: dict[Unit, Instruction] = {}
        self.accumulators = [0] * ACCUMULATOR_BANKS
        self.logits = [0] * configuration.logit_banks
        self.codes = [0] * configuration.code_banks
        self.affine = ""
        self.done = [False] * len(steps)
        self.ready: list[int] = []
        self._link()

    def _link(self) -> None:
        """Which instructions of other steps each one follows."""
        instructions = [one for step in self.steps for one in step]
        owner = [n for n, step in enumerate(self.steps) for _ in step]
        earlier = dependencies(touched(instructions, depths(self.configuration), _BANKED))
        self.before: dict[int, list[Instruction]] = {}
        needs: list[set[int]] = [set() for _ in self.steps]
        leaving: int | None = None
        for number, (one, step, others) in enumerate(
                zip(instructions, owner, earlier, strict=True)):
            self.before[id(one)] = [instructions[n] for n in others if owner[n] != step]
            needs[step] |= {owner[n] for n in others} - {step}
            if one.operands.get("destination") == Destination.OUTPUT:
                if leaving is not None:
                    needs[step].add(leaving)
                leaving = owner[number]
        self.missing = [len(one) for one in needs]
        self.followers: list[list[int]] = [[] for _ in self.steps]
        for step, others in enumerate(needs):
            for other in sorted(others):
                self.followers[other].append(step)

    def run(self) -> None:
        for step in [step for step, missing in enumerate(self.missing) if not missing]:
            self._release(step)
        while self.ready:
            self._tile(self.ready.pop(self._choice()))
        if not all(self.done):
            raise AssertionError("A step waits for itself")

    def _release(self, step: int) -> None:
        """All that a step follows is in the schedule."""
        if self.steps[step][0].unit == Unit.MATMUL:
            insort(self.ready, step)
        else:
            for one in self.steps[step]:
                self._alone(one)
            self._finish(step)

    def _finish(self, step: int) -> None:
        self.done[step] = True
        for follower in self.followers[step]:
            self.missing[follower] -= 1
            if not self.missing[follower]:
                self._release(follower)

    def _choice(self) -> int:
        """The place in ``ready`` of the first tile that need not wait, or of the earliest."""
        free, best, earliest = self.free[Unit.MATMUL], 0, -1
        for place, step in enumerate(self.ready[:WINDOW]):
            start = self._earliest(self.steps[step])
            if earliest < 0 or start < earliest:
                best, earliest = place, start
            if earliest <= free + 1:
                break
        return best

    def _earliest(self, step: Step) -> int:
        """When its first product could begin so that its epilogue need not wait for others."""
        array, epilogue = step[:2]
        cycles = length(array, self.configuration).done
        start = max(self.free[Unit.MATMUL], self._after(array), min(self.accumulators),
                    self._after(epilogue) - cycles)
        if array.operands["dynamic"]:
            start = max(start, min(self.logits) - cycles)
        return start

    def _after(self, one: Instruction) -> int:
        return max((other.end for other in self.before[id(one)]), default=0)

    def _issue(self, one: Instruction, earliest: int) -> int:
        last, cycles = self.last.get(one.unit), length(one, self.configuration)
        free = self.free[one.unit] if last is None or overlaps(one, last) else last.end
        one.start = max(earliest, free, self._after(one))
        one.end = one.start + cycles.done
        self.free[one.unit] = one.start + cycles.busy
        self.last[one.unit] = one
        self.issued.append(one)
        return one.end

    def _alone(self, one: Instruction) -> None:
        if one.unit == Unit.LAYERNORM:
            if one.work.op == self.affine:
                one.operands["table"], one.payload = 0, NO_BEATS
            self.affine = one.work.op
        self._issue(one, 0)

    def _tile(self, number: int) -> None:
        step = self.steps[number]
        bank = int(np.argmin(self.logits))
        for array, epilogue in zip(step[::2], step[1::2], strict=False):
            if array.unit != Unit.MATMUL:
                break
            self._issue(array, max(min(self.accumulators), self._earliest(step)))
            earliest = array.end + ARRAY_LATENCY
            if array.operands["dynamic"]:
                earliest = max(earliest, self.logits[bank])
            end = self._issue(epilogue, earliest)
            self.accumulators[int(np.argmin(self.accumulators))] = end
        if step[-1].unit == Unit.ATTENTION:
            self._attend(step, bank)
        self._finish(number)

    def _attend(self, step: Step, bank: int) -> None:
        """Softmax and attention × V of a tile of queries, and the banks between them."""
        c, (softmax, values) = self.configuration, step[-2:]
        codes = int(np.argmin(self.codes))
        self.logits[bank] = self._issue(softmax, max(step[-3].end, self.codes[codes]))
        self.codes[codes] = self._issue(values, softmax.end)
        logit_base, code_base = bank * c.columns // WORD * c.tokens, codes * c.tokens
        for epilogue in step[1:-2:2]:
            epilogue.operands["base"] += logit_base
        softmax.operands |= {"logit_base": logit_base, "code_base": code_base}
        values.operands["code_base"] = code_base
        for one in step[1:]:
            one.reads, one.writes = (
                {name: words + {"logits": logit_base, "codes": code_base}.get(name, 0)
                 for name, words in touched.items()} for touched in (one.reads, one.writes))
