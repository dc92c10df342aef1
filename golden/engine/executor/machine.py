"""Front end, queues and the order in which units run."""

import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.decoding import Decoded, decode
from vit2rtl.golden.engine.executor.memories import elements, poisoned
from vit2rtl.golden.engine.executor.products import Products
from vit2rtl.golden.engine.executor.units import MOVED, WAITS, Units
from vit2rtl.golden.engine.instructions import Unit

# Instructions that wait at a unit; pieces between a reader and its writer; tiles of sums.
QUEUE, PIECES, TILES = 4, 3, 2
# Words or rows that a unit reads at once, at most.
_PIECE = 32
# Steps after which other units are the fast ones.
_WEATHER = 200


@dataclass(frozen=True)
class Run:
    """What came out.

    logits   int64[...], as the stream has them: filled up to whole beats
    taps     {"epilogue", "table", "layernorm", "softmax": int64[beats, lanes],
             "attention": int64[results]}: what each unit gave, in order; ``table`` has zeros where
             an epilogue had no table
    """

    logits: np.ndarray
    taps: dict[str, np.ndarray]


@dataclass
class _Unit:
    """A unit's queue, payload and what is between its reader and its writer."""

    queue: deque[Decoded] = field(default_factory=deque)
    payload: deque[np.ndarray] = field(default_factory=deque)
    pieces: deque[tuple[Decoded, Any, bool]] = field(default_factory=deque)
    beats: int = 0


def execute(
    stream: np.ndarray, image: bytes, configuration: Configuration, *, seed: int = 0,
    fifo: int = 64, queue: int = QUEUE,
) -> Run:
    """One image.

    stream   uint64[beats], the command stream
    image    as :func:`vit2rtl.golden.engine.compiler.image_stream` gives it
    seed     of the order in which units run, and of the garbage that memories begin with
    fifo     beats of payload that wait at a unit; an instruction of more waits for room
    queue    instructions that wait at a unit
    raises   RuntimeError where no unit can go on
    """
    machine = _Machine(stream, image, configuration, seed, fifo, queue)
    machine.run()
    taps = {name: np.concatenate(parts) if parts else np.zeros(0, np.int64)
            for name, parts in machine.work.taps.items()}
    return Run(np.concatenate(machine.work.results).reshape(-1), taps)


class _Machine:
    def __init__(self, stream: np.ndarray, image: bytes, configuration: Configuration,
                 seed: int, fifo: int, queue: int) -> None:
        self.random = random.Random(seed)
        self.fifo, self.depth = fifo, queue
        words = elements(np.frombuffer(image, "<u8"), 8)
        # Below eight rows, a word is in the lowest bytes of a beat.
        words = words[:, :configuration.rows].reshape(-1, configuration.rows)
        rng = np.random.default_rng(seed)
        self.work = Units(
            configuration, poisoned(configuration, rng), words, rng, min(fifo, _PIECE))
        self.products = Products(self.work)
        self.units = {unit: _Unit() for unit in Unit}
        self.tiles: deque[np.ndarray] = deque()
        self.done: Counter[Unit] = Counter()
        self.left = 0
        self.front = self._front(decode(stream, configuration))
        self.actors: list[Callable[[], bool]] = [self._deliver]
        for unit in Unit:
            reader = self._reader(unit)
            self.actors += [partial(next, reader), partial(self._write, unit)]
        self.over = False

    def run(self) -> None:
        while not (self.over and not self.left):
            weights = [2.0 ** self.random.uniform(-4, 4) for _ in self.actors]
            moved = False
            for actor in self.random.choices(self.actors, weights, k=_WEATHER):
                moved |= actor()
            if not moved and not any([actor() for _ in range(2) for actor in self.actors]):
                waiting = {unit.name: one.queue[0].number for unit, one in self.units.items()
                           if one.queue}
                raise RuntimeError(f"No unit can go on; in front of the queues are {waiting}")

    def _deliver(self) -> bool:
        return next(self.front, False)

    def _front(self, instructions: Iterator[Decoded]) -> Iterator[bool]:
        """Instructions into queues, each followed by its payload, as there is room."""
        for one in instructions:
            unit = self.units[one.unit]
            while len(unit.queue) >= self.depth:
                yield False
            unit.queue.append(one)
            self.left += 1
            yield True
            rest = one.payload
            while len(rest):
                room = self.fifo - unit.beats
                if room <= 0:
                    yield False
                    continue
                part, rest = rest[:room], rest[room:]
                unit.payload.append(part)
                unit.beats += len(part)
                yield True
        self.over = True
        yield True

    def _take(self, unit: _Unit, count: int) -> np.ndarray | None:
        """So many beats of payload, or None where fewer wait."""
        if unit.beats < count:
            return None
        beats = np.concatenate(list(unit.payload))
        unit.payload.clear()
        unit.payload.append(beats[count:])
        unit.beats -= count
        return beats[:count]

    def _reader(self, which: Unit) -> Iterator[bool]:
        unit = self.units[which]
        while True:
            if not unit.queue or not self._met(unit.queue[0]):
                yield False
                continue
            one = unit.queue[0]
            pieces = self.work.readers[which](one, lambda count: self._take(unit, count))
            if which == Unit.MATMUL:
                while len(self.tiles) >= TILES:
                    yield False
            # Pieces are held back by one: the last of an instruction is known to be it.
            held: list[Any] = []
            for piece in pieces:
                if piece is WAITS or piece is MOVED:
                    yield piece is MOVED
                    continue
                if held:
                    while len(unit.pieces) >= PIECES:
                        yield False
                    unit.pieces.append((one, held.pop(), False))
                held.append(piece)
                yield True
            while len(unit.pieces) >= PIECES:
                yield False
            unit.queue.popleft()
            if which == Unit.MATMUL:
                self.tiles.append(held.pop())
                self._finish(which)
            else:
                unit.pieces.append((one, held.pop(), True))
            yield True

    def _met(self, one: Decoded) -> bool:
        return all(self.done[unit] >= count for unit, count in one.waits.items())

    def _finish(self, which: Unit) -> None:
        self.done[which] += 1
        self.left -= 1

    def _write(self, which: Unit) -> bool:
        unit = self.units[which]
        if not unit.pieces or (which == Unit.EPILOGUE and not self.tiles):
            return False
        one, piece, last = unit.pieces.popleft()
        if which == Unit.EPILOGUE:
            self.products.write(one, self.tiles[0], piece)
            if last:
                self.tiles.popleft()
        else:
            self.work.writers[which](one, piece)
        if last:
            self._finish(which)
        return True
