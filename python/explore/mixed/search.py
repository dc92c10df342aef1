"""Mixed precision: widths by group within a budget, by integer programming, measured.

Sensitivities around the anchor nearest a budget predict the noise of any assignment. The one with
the least is measured, what its groups are thought to add is corrected by that, and so on until
the best is one that has been measured. Beside these stand uniform settings and the presets of
:mod:`vit2rtl.quantization.widths`. A preset is chosen where it is ahead of the best uniform one by
more than chance explains, and an assignment where it is so ahead of what would be chosen without.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vit2rtl.explore.mixed.belief import Belief
from vit2rtl.explore.mixed.candidates import ASSIGNED, PRESET, UNIFORM, Candidate, choose
from vit2rtl.explore.mixed.costs import WIDEST, Cost
from vit2rtl.explore.mixed.sensitivity import (
    Sensitivity,
    around,
    decibels,
    mean_db,
    moves_of,
    noise,
)
from vit2rtl.explore.mixed.settings import Bench, Setting
from vit2rtl.quantization.widths import preset, rules_of

# An anchor that costs so little less than the budget serves alone.
_NEAR = 0.95
# Assignments that are measured for a budget, by all of its anchors.
_ROUNDS = 12
# Standard errors by which the images that judge must favour a preset over a uniform setting, and an
# assignment over both. Where they have ranked the widths, too, they flatter what they led to.
_AHEAD, _AHEAD_OF_OWN = 2.0, 3.0
# Of a budget, for sums of floats and the integer program's own tolerance.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Found:
    """What a search found.

    settings     the chosen one of each budget, in their order: ``budget`` and ``cost`` as shares of
                 what 8 bits everywhere cost; ``weights``, ``activations`` and ``bits_of`` as a
                 recipe takes them; ``source`` and ``anchor`` that led to it, ``predicted_db`` (None
                 of uniform ones and presets), ``measured_db`` on the images that chose
    candidates   the same of all that it was chosen from
    sensitivity  rows as :meth:`vit2rtl.explore.mixed.sensitivity.Sensitivity.rows` has them
    evaluations  how many settings were measured
    """

    settings: list[dict[str, Any]]
    candidates: list[dict[str, Any]]
    sensitivity: list[dict[str, Any]]
    evaluations: int


def search(
    bench: Bench,
    cost: Cost,
    budgets: Iterable[float],
    widths: Iterable[int],
    *,
    apart: bool = False,
    judge: Bench | None = None,
) -> Found:
    """The best setting within each budget that the groups' sensitivities lead to.

    bench     the model on the images that rank widths
    cost      one of :mod:`vit2rtl.explore.mixed.costs`
    budgets   shares of what 8 bits everywhere cost: 0.25 is W4A4 in bit operations
    widths    that a group can have
    apart     weights and activations of a layer have widths of their own
    judge     the same model on other images, which choose; by default those that rank
    raises    ValueError where nothing is within a budget
    """
    ranking = _Counted(bench)
    made = Search(ranking, cost, widths, apart=apart)
    chooser = ranking if judge is None else _Counted(judge)
    margin = _AHEAD_OF_OWN if judge is None else _AHEAD
    settings, every = [], []
    for budget in budgets:
        offered = made.candidates(budget)
        ratios = chooser.ratios([one.setting for one in offered])
        best = choose(offered, ratios, margin)
        measured = [one.as_dict(budget, mean_db(ratios[one.setting])) for one in offered]
        every += measured
        settings.append(measured[offered.index(best)])
    evaluations = sum(len(one.seen) for one in {id(one): one for one in (
        ranking, chooser)}.values())
    rows = [row for seen in made.seen.values() for row in seen.rows()]
    return Found(settings, every, rows, evaluations)


class _Counted:
    """A bench that measures each setting once."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self.groups = bench, bench.groups
        self.seen: dict[Setting, list[float]] = {}

    def ratios(self, settings: Sequence[Setting]) -> dict[Setting, list[float]]:
        return dict(zip(settings, self.measure(settings), strict=True))

    def measure(self, settings: Sequence[Setting]) -> list[list[float]]:
        missing = [one for one in dict.fromkeys(settings) if one not in self.seen]
        self.seen |= zip(missing, self._bench.measure(missing), strict=True)
        return [self.seen[one] for one in settings]


class Search:
    """Candidates for budgets; ``seen``: the sensitivities that they needed, by anchor."""

    def __init__(
        self, bench: Bench, cost: Cost, widths: Iterable[int], *, apart: bool = False
    ) -> None:
        self.bench, self.cost, self.apart = bench, cost, apart
        self.groups, self.widths = bench.groups, sorted(set(widths))
        self.seen: dict[int, Sensitivity] = {}

    def candidates(self, budget: float) -> list[Candidate]:
        """Within a budget: uniform ones that no other exceeds in both widths, presets, and those
        that sensitivities led to."""
        found = self._plain(budget)
        anchors = self._anchors(budget)
        for width in anchors:
            found += self._assigned(width, budget, _ROUNDS // len(anchors))
        return list({one.setting: one for one in reversed(found)}.values())[::-1]

    def most(self, budgets: Iterable[float], *, judged: bool) -> tuple[int, int]:
        """Settings that a search measures at most, on the images that rank and on those that
        judge: all on the former unless there are others; a ValueError as candidates have it."""
        plain, learnt, assigned = set[Setting](), set[Setting](), 0
        anchors = set[int]()
        for budget in budgets:
            near = self._anchors(budget)
            anchors.update(near)
            plain.update(one.setting for one in self._plain(budget))
            assigned += _ROUNDS if near else 0
        for width in anchors:
            learnt |= {Setting(width, width), *self._presets(width)}
        moves = sum(len(moves_of(group, width, self.widths, apart=self.apart))
                    for width in anchors for group in self.groups)
        if judged:
            return len(learnt) + moves + assigned, len(plain) + assigned
        return len(learnt | plain) + moves + assigned, 0

    def _plain(self, budget: float) -> list[Candidate]:
        """Candidates that no sensitivity leads to; a ValueError where there are none."""
        presets = [one for width in self.widths for one in self._presets(width)]
        found = [*self._uniform(budget), *self._within(presets, PRESET, budget)]
        if not found:
            least = Setting(self.widths[0], self.widths[0])
            raise ValueError(
                f"Budget {budget:g} of cost {self.cost.name} is below {self._share(least):.3f}, "
                f"which {least.name} costs: give more, or widths below {self.widths[0]}")
        return found

    def _share(self, setting: Setting) -> float:
        return self.cost.share(self.groups, setting.bits(self.groups))

    def _within(self, settings: Iterable[Setting], source: str, budget: float) -> list[Candidate]:
        priced = [Candidate(setting, self._share(setting), source) for setting in settings]
        return [one for one in priced if one.cost <= budget * (1 + _ROUNDING)]

    def _uniform(self, budget: float) -> list[Candidate]:
        fitting = self._within(
            (Setting(w, a) for w in self.widths for a in self.widths), UNIFORM, budget)
        return [one for one in fitting
                if not any(_exceeds(other.setting, one.setting) for other in fitting)]

    def _presets(self, width: int) -> list[Setting]:
        return [Setting(width, width, rules_of(preset(width, width, more)))
                for more in (1, 2) if width + more <= max(self.widths)]

    def _anchors(self, budget: float) -> list[int]:
        """The widths nearest the budget, below and above; none where costs do not add up."""
        if self.cost.of_group is None:
            return []
        shares = {width: self._share(Setting(width, width)) for width in self.widths}
        below = [width for width in self.widths if shares[width] <= budget * (1 + _ROUNDING)]
        above = [width for width in self.widths if width not in below]
        near = below and shares[below[-1]] >= _NEAR * budget
        return below[-1:] if near else [*below[-1:], *above[:1]]

    def _assigned(self, width: int, budget: float, rounds: int) -> Iterator[Candidate]:
        """Assignments by the sensitivities around an anchor, each measured and learnt from, as the
        anchor's presets are before, until the best one is known."""
        if width not in self.seen:
            self.seen[width] = around(self.bench, width, self.widths, apart=self.apart)
        seen, of_group = self.seen[width], self.cost.of_group
        assert of_group is not None
        options = [(group, pair) for group in self.groups
                   for pair in group.pairs(self.widths, apart=self.apart)]
        own, power = (width, width), noise(seen.anchor)
        widest = self.cost.total(self.groups, Setting(*WIDEST).bits(self.groups))
        belief = Belief(
            [group.name for group, _ in options],
            [seen.expected(group, pair) / power for group, pair in options],
            [pair == own for _, pair in options],
            [of_group(group, group.bits(pair)) / widest for group, pair in options])

        def learn(chosen: np.ndarray, setting: Setting) -> None:
            (ratios,) = self.bench.measure([setting])
            belief.learn(chosen, noise(mean_db(ratios)) / power)

        for one in self._presets(width):
            bits = one.bits(self.groups)
            chosen = np.array([group.bits(pair).items() <= bits.items()
                               for group, pair in options])
            if chosen.sum() == len(self.groups):
                learn(chosen, one)
        before: set[Setting] = set()
        for _ in range(rounds):
            best = belief.best(budget)
            if best is None:
                return
            chosen = best
            rules = [group.rule(pair) for (group, pair), used in zip(options, chosen, strict=True)
                     if used and pair != own]
            setting = Setting(width, width, tuple(rules))
            if setting in before:
                return
            before.add(setting)
            predicted = belief.predicted(chosen)
            yield Candidate(setting, self._share(setting), ASSIGNED if rules else UNIFORM,
                            Setting(width, width).name,
                            decibels(predicted * power) if predicted > 0 else None)
            learn(chosen, setting)


def _exceeds(one: Setting, other: Setting) -> bool:
    """Of uniform settings, whether one has as many bits and more."""
    return (one != other and one.weights >= other.weights
            and one.activations >= other.activations)
