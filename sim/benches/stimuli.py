"""What a protocol bench sends and expects: cuts of a record's files, beat by beat.

A job's streams that all count the same beats and have no rows are cut at any beat, and ``last``
ends packets of any length. Else whole rows are cut, each with its own ``last``.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice, pairwise, repeat
from typing import Any, NamedTuple

Job = dict[str, Any]  # as JSON holds it, see sim/run/protocol.py
Described = dict[str, Any]

BEATS_PER_CASE = 96
PACKET_BEATS = 24
FEW_ROWS = 4  # beats
SINGLES_FROM = 64  # where in the list of records the one-beat packets begin
LIVELY = 24
STARTS = 400  # a case starts at one of the first so many beats of its record
PATTERNS = ("never", "alternate", "random", "bursts")
STREAM_BEATS = 48
# Beats from tlast to tlast; of streams with rows that many beats of a record, at least a row. A
# packet of "stream" is left open where the next record, and with it another configuration, begins.
PAYLOADS = {"stream": 17, "packets": PACKET_BEATS, "singles": 1}


class Beat(NamedTuple):
    """One beat of a stream.

    mask    bits that mean something
    after   beats of each source without which it cannot come out
    number  its place in the record ``label``
    """

    data: int
    last: int
    label: str
    number: int
    mask: int = -1
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Stimulus:
    """Beats by stream: tables first, while nothing is inside, then what goes in and comes out."""

    configuration: dict[str, int]
    tables: dict[str, list[Beat]]
    sources: dict[str, list[Beat]]
    sinks: dict[str, list[Beat]]

    @property
    def beats(self) -> int:
        """Of the stream with the most."""
        return max(map(len, (*self.sources.values(), *self.sinks.values())))


class Cuts:
    """Stimuli out of the records of a job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.records: list[Described] = job["records"]
        self.beatwise: bool = job["beatwise"]

    def length(self, record: Described) -> int:
        """Beats that go in, of the source with the most."""
        return max(self._stream(record, name)["beats"] for name in self.job["sources"])

    def row(self, record: Described) -> int:
        """Beats of a row, of the source with the most; 0 where beats are cut at any place."""
        if self.beatwise:
            return 0
        return max(self._stream(record, name)["row_beats"] for name in self.job["sources"])

    def at(
        self, record: Described, first: int, count: int, packet: int, *, closed: bool = True
    ) -> Stimulus:
        """About ``count`` beats from beat ``first`` on, a ``last`` after each ``packet``.

        closed   the last beat ends a packet, too
        """
        if self.beatwise:
            span = range(first, min(first + count, self.length(record)))
            return self._of_beats(record, span, packet, closed)
        row = self.row(record)
        rows = self.length(record) // row
        first = min(first // row, rows - 1)
        return self._of_rows(record, range(first, min(first + max(count // row, 1), rows)))

    def ending(self, record: Described, count: int) -> Stimulus:
        """The last ``count`` beats of a record, as one packet."""
        return self.at(record, max(self.length(record) - count, 0), count, count)

    def repeated(self, record: Described, count: int, packet: int) -> Stimulus:
        """Beats of a record, again and again where it has less of them.

        From where the beats that come out are least alike, so that one more or less shows.
        """
        length = self.length(record)
        if self.beatwise:
            start = self._liveliest(record)
            return self._of_beats(record, [(start + n) % length for n in range(count)], packet)
        row = self.row(record)
        rows = length // row
        return self._of_rows(record, [n % rows for n in range(-(-count // row))])

    def packets(self, payload: str, turn: int) -> Iterator[Stimulus]:
        """Those of one case; over all turns every record has its own."""
        share = self._share(payload)
        turns = turn * (BEATS_PER_CASE // share) + (SINGLES_FROM if payload == "singles" else 0)
        left = BEATS_PER_CASE
        while left > 0:  # records shorter than their share leave room for more of them
            record = self.records[turns % len(self.records)]
            span = min(max(self.length(record) - share, 0), STARTS)
            first, packet = turns * 61 % (span + 1), PAYLOADS[payload]
            stimulus = self.at(record, first, share, packet, closed=payload != "stream")
            yield stimulus
            left -= stimulus.beats
            turns += 1

    def _liveliest(self, record: Described) -> int:
        """Where the next beats of the first sink differ most from those right before them."""
        numbers = range(min(self.length(record), STARTS))
        data = [beat.data for beat in self._beats(record, self.job["sinks"][0], numbers)]
        differ = [a != b for a, b in pairwise(data)]
        return max(numbers, key=lambda n: sum(differ[n : n + LIVELY]), default=0)

    def _share(self, payload: str) -> int:
        if payload == "stream":
            return STREAM_BEATS
        return PACKET_BEATS if self.beatwise or payload == "packets" else FEW_ROWS

    def _stream(self, record: Described, name: str) -> Described:
        return record["streams"][name]

    def _of_beats(
        self, record: Described, span: Iterable[int], packet: int, closed: bool = True
    ) -> Stimulus:
        numbers = list(span)
        ends = {*range(packet - 1, len(numbers), packet)}
        if closed:
            ends.add(len(numbers) - 1)
        after = [(n + 1,) * len(self.job["sources"]) for n in range(len(numbers))]

        def cut(name: str) -> list[Beat]:
            beats = self._beats(record, name, numbers)
            return [
                beat._replace(last=int(n in ends), after=after[n]) for n, beat in enumerate(beats)
            ]

        return self._stimulus(record, cut)

    def _of_rows(self, record: Described, rows: Iterable[int]) -> Stimulus:
        chosen = list(rows)

        def cut(name: str) -> list[Beat]:
            size = self._stream(record, name)["row_beats"]
            beats = self._beats(record, name, [r * size + n for r in chosen for n in range(size)])
            return [
                beat._replace(last=int(n % size == size - 1), after=self._after(record, n, size))
                for n, beat in enumerate(beats)
            ]

        return self._stimulus(record, cut)

    def _after(self, record: Described, number: int, size: int) -> tuple[int, ...]:
        """Some of its row has to be in before a beat, all of it before the last one."""
        row, place = divmod(number, size)
        sizes = (self._stream(record, name)["row_beats"] for name in self.job["sources"])
        return tuple(row * n + (n if place == size - 1 else 1) for n in sizes)

    def _stimulus(
        self, record: Described, cut: Callable[[str], list[Beat]]
    ) -> Stimulus:
        tables = {}
        for name in self.job["tables"]:
            beats = self._beats(record, name, range(self._stream(record, name)["beats"]))
            tables[name] = [*beats[:-1], beats[-1]._replace(last=1)]
        sources, sinks = ({n: cut(n) for n in self.job[side]} for side in ("sources", "sinks"))
        return Stimulus(record["configuration"], tables, sources, sinks)

    def _beats(self, record: Described, name: str, numbers: Iterable[int]) -> list[Beat]:
        stream, wanted = self._stream(record, name), list(numbers)
        first, size = min(wanted, default=0), stream["row_beats"]
        with open(stream["file"], encoding="ascii") as file:
            lines = list(islice(file, first, max(wanted, default=-1) + 1))
        return [
            Beat(
                int(lines[n - first], 16),
                0,
                record["record"],
                n,
                stream["used"] if n % size == size - 1 else -1,
            )
            for n in wanted
        ]


def pattern(name: str, seed: str) -> Iterator[bool]:
    """Endless bools; True means idle, or not ready."""
    rng = random.Random(f"{name}{seed}")
    if name == "never":
        return repeat(False)
    if name == "alternate":
        return cycle((True, False))
    if name == "random":
        return iter(lambda: rng.random() < 0.5, None)
    if name == "bursts":
        return _bursts(rng)
    raise ValueError(f"Pattern must be one of {', '.join(PATTERNS)}, not {name!r}")


def _bursts(rng: random.Random) -> Iterator[bool]:
    while True:
        yield from repeat(True, rng.randint(1, 40))
        yield from repeat(False, rng.randint(1, 12))


def inverted(bools: Iterable[bool]) -> Iterator[bool]:
    return (not b for b in bools)
