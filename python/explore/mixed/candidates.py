"""Settings that a search chooses from, and how: by paired differences, image by image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import Any

from vit2rtl.explore.mixed.sensitivity import mean_db
from vit2rtl.explore.mixed.settings import Setting

# In the order in which one has to be ahead of those before.
_SOURCES = UNIFORM, PRESET, ASSIGNED = "uniform", "preset", "assigned"


@dataclass(frozen=True)
class Candidate:
    """A setting within a budget.

    cost       share of what 8 bits everywhere cost
    source     ``uniform``, ``preset`` or ``assigned``
    anchor     the uniform setting whose sensitivities led to it; "" where none did
    predicted  dB, before it was measured; None where nothing was predicted
    """

    setting: Setting
    cost: float
    source: str
    anchor: str = ""
    predicted: float | None = None

    def as_dict(self, budget: float, measured: float) -> dict[str, Any]:
        return {
            "budget": budget, "cost": self.cost, "name": self.setting.name,
            "weights": self.setting.weights, "activations": self.setting.activations,
            "bits_of": list(self.setting.bits_of), "source": self.source, "anchor": self.anchor,
            "predicted_db": self.predicted, "measured_db": measured}


def choose(
    candidates: Sequence[Candidate], ratios: Mapping[Setting, Sequence[float]], margin: float
) -> Candidate:
    """The best uniform candidate, unless a preset is ahead of it; that, unless an assignment is.

    ratios   of each setting in dB, an image each
    margin   standard errors of the mean difference by which it must be
    """
    chosen, *others = (
        max(able, key=lambda one: mean_db(ratios[one.setting]))
        for able in ([one for one in candidates if one.source == source] for source in _SOURCES)
        if able)
    for one in others:
        if _ahead(ratios[one.setting], ratios[chosen.setting], margin):
            chosen = one
    return chosen


def _ahead(one: Sequence[float], other: Sequence[float], margin: float) -> bool:
    differences = [a - b for a, b in zip(one, other, strict=True)]
    return mean_db(differences) > margin * stdev(differences) / len(differences) ** 0.5
