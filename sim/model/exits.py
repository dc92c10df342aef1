"""What left a unit in a simulation: beats, and elements of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# An element of which a bit is X: no other element is so small.
UNKNOWN = -(1 << 40)


class Tap(NamedTuple):
    """A port that is recorded in every cycle in which one of the bits ``valid`` is high.

    ``valid`` is a mask within its lowest word.
    """

    bits: int
    valid: int = 1


@dataclass(frozen=True)
class Exit:
    """What left a unit.

    cycles           uint32[beats]
    beats, unknown   uint32[beats, words]: bits, and which of them are X in Icarus
    """

    cycles: np.ndarray
    beats: np.ndarray
    unknown: np.ndarray | None = None

    def elements(
        self, width: int, count: int, *, start: int = 0, signed: bool = False
    ) -> np.ndarray:
        """int64[beats, count]: elements of so many bits side by side, from bit ``start`` on.

        ``UNKNOWN`` where a bit is X.
        """
        places = range(start, start + width * count, width)
        values = _bits(self.beats, places, width)
        if signed:
            values -= values >> width - 1 << width
        if self.unknown is not None:
            values[_bits(self.unknown, places, width) != 0] = UNKNOWN
        return values


def _bits(words: np.ndarray, places: Iterable[int], width: int) -> np.ndarray:
    """int64[beats, places]: so many bits from each place on."""
    padded = np.pad(words.astype(np.uint64), ((0, 0), (0, 1)))
    columns = []
    for place in places:
        word, shift = divmod(place, 32)
        pair = padded[:, word] | padded[:, word + 1] << np.uint64(32)
        columns.append(pair >> np.uint64(shift) & np.uint64((1 << width) - 1))
    return np.stack(columns, axis=1).astype(np.int64)
