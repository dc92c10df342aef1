"""The two ends of a handshake in a bench, a cycle at a time: one that offers, one that takes."""

import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

from vit2rtl.sim.benches.handshake import Violation

Note = Callable[..., None]
Groups = list[list[Any]]  # as JSON holds them, see pins.py


class Wires:
    """The pins of a top: one number in, one number out, cut in groups."""

    def __init__(self, dut: Any, driven: Groups, observed: Groups, note: Note) -> None:
        self.note = note
        self._into, self._from = dut.driven, dut.observed
        self.driven, self.observed = _places(driven), _places(observed)
        self._ports = [(port, width) for _, ports in observed for port, width in ports]
        self.value = self.written = 0
        self._into.value = 0

    def put(self, group: str, value: int) -> None:
        low, mask = self.driven[group]
        self.value = self.value & ~(mask << low) | (value & mask) << low

    def place(self, group: str) -> int:
        """The bits of a group among all, none where there is no such group."""
        low, mask = self.driven.get(group, (0, 0))
        return mask << low

    def write(self) -> None:
        if self.value != self.written:
            self._into.value = self.written = self.value

    def read(self) -> int:
        """All outputs; unknown bits end the bench."""
        try:
            return int(self._from.value)
        except ValueError:
            self.note(f"{self._unknown(str(self._from.value))} has unknown bits")
            raise Violation("unknown bits") from None

    def _unknown(self, bits: str) -> str:
        end = len(bits)
        for port, width in self._ports:
            if set(bits[end - width : end]) - {"0", "1"}:
                return port
            end -= width
        return "a port"


def _places(groups: Groups) -> dict[str, tuple[int, int]]:
    places, low = {}, 0
    for name, ports in groups:
        width = sum(width for _, width in ports)
        places[name] = low, (1 << width) - 1
        low += width
    return places


class Channel(ABC):
    """A channel of the top, by the name of its group; ``pauses`` is asked once a cycle."""

    def __init__(self, wires: Wires, name: str) -> None:
        self.wires, self.name = wires, name
        self.pauses: Iterator[bool] = repeat(False)
        self.low, self.mask = wires.observed[name]
        self.moved: int | None = None  # what was taken at this edge

    @abstractmethod
    def sample(self, seen: int) -> None:
        """Look at all outputs, ``seen``, at a clock edge."""

    @abstractmethod
    def drive(self) -> None:
        """Decide on the cycle that begins."""

    @abstractmethod
    def clear(self) -> None:
        """As after reset."""


class Sender(Channel):
    """Offers what is in its queue and holds it until it is taken; junk while it offers nothing."""

    def __init__(self, wires: Wires, name: str, rng: random.Random) -> None:
        super().__init__(wires, name)
        self.rng = rng
        self.bits = wires.driven[name][1].bit_length() - 1
        self.queue: deque[int] = deque()
        self.offered: int | None = None

    def sample(self, seen: int) -> None:
        self.moved = None
        if self.offered is not None and seen >> self.low & 1:
            self.moved, self.offered = self.offered, None

    def drive(self) -> None:
        if self.offered is not None:
            return
        if self.queue and not next(self.pauses):
            self.offered = self.queue.popleft()
            self.wires.put(self.name, self.offered << 1 | 1)
        elif self.moved is not None or not self.queue:
            self.wires.put(self.name, self.rng.getrandbits(self.bits) << 1)

    @property
    def waiting(self) -> int:
        return len(self.queue) + (self.offered is not None)

    def clear(self) -> None:
        self.queue.clear()
        self.offered = self.moved = None


class Receiver(Channel):
    """Takes what is offered; that may not change or go away before.

    ``fresh`` is the payload in the first cycle in which it is offered.
    """

    def __init__(self, wires: Wires, name: str) -> None:
        super().__init__(wires, name)
        self.ready = False
        self.held: int | None = None
        self.fresh: int | None = None

    def sample(self, seen: int) -> None:
        word = seen >> self.low & self.mask
        payload = word >> 1 if word & 1 else None
        if self.held is not None and payload != self.held:
            self.wires.note(f"{self.name}: what is offered changed or went away while it waits",
                            got=payload, want=self.held)
        self.fresh = payload if self.held is None else None
        self.moved = payload if self.ready else None
        self.held = None if self.ready else payload

    def drive(self) -> None:
        self.ready = not next(self.pauses)
        self.wires.put(self.name, int(self.ready))

    def clear(self) -> None:
        self.ready = False
        self.held = self.fresh = self.moved = None
