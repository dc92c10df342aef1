"""Coverpoints: what is looked at in a simulation, and the values of it that must have occurred."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vit2rtl.golden.units.unit import Stream

NONE = -(1 << 62)  # a key that is never a bin


@dataclass(frozen=True)
class Point:
    """One coverpoint: a key for every sample, and the keys that are bins.

    name    what the point is about
    bins    {key: what a sample with this key shows}; samples with other keys count for nothing
    key     samples -> int[...], any shape; several keys a sample along further axes
    """

    name: str
    bins: Mapping[int, str]
    key: Callable[[Any], np.ndarray]

    def labels(self) -> list[str]:
        return [f"{self.name}: {label}" for label in self.bins.values()]

    def count(self, samples: Mapping, weights: np.ndarray | None = None) -> dict[str, int]:
        """``{label: hits}`` of the bins that were met; ``weights`` counts a sample many times."""
        keys = np.asarray(self.key(samples))
        bins = np.array(sorted(self.bins))
        where = np.minimum(np.searchsorted(bins, keys), len(bins) - 1)
        met = bins[where] == keys
        if weights is not None:
            weights = np.broadcast_to(weights, keys.shape)[met]
        hits = np.bincount(where[met], weights, len(bins)).astype(int)
        return {
            f"{self.name}: {self.bins[key]}": hit
            for key, hit in zip(bins.tolist(), hits.tolist(), strict=True)
            if hit
        }


def unlike_lanes(sink: Stream) -> Point:
    """Lanes that give different results, or exchanged ones would not show."""
    names = [f"{sink.name}.{field.name}" for field in sink.fields]

    def key(s: Mapping[str, np.ndarray]) -> np.ndarray:
        beats = [s[name].reshape(-1, sink.lanes) for name in names]
        unlike = np.any([lanes[:, :-1] != lanes[:, 1:] for lanes in beats], axis=0)
        return np.where(unlike, np.arange(sink.lanes - 1), NONE)

    pairs = {n: f"{n} unlike lane {n + 1}" for n in range(sink.lanes - 1)}
    return Point("lane", pairs, key)
