"""What the registers of a top hold and answer, from the register map and from nothing in ``rtl``.

Plain Python on plain data: a job's ``map``, see ``job.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

OKAY, SLVERR = 0, 2
WORD_BITS = 32


class Write(NamedTuple):
    """A write as a manager sends it."""

    address: int
    data: int
    strobes: int


class Answer(NamedTuple):
    """Of a read."""

    data: int
    response: int


@dataclass(frozen=True)
class Word:
    """A word of the map: ``role`` as the register map names it, or ``table``."""

    name: str
    role: str
    access: str
    mask: int
    reset: int = 0
    source: str = ""
    sends: bool = False


class Registers:
    """Contents of the map's words.

    words    word address -> what a register holds
    tables   the same of the channel tables, where reset changes nothing; 0 where none was written
    counts   table stream -> elements of this table so far
    loaded   table stream -> elements sent so far, the last one at the end
    """

    def __init__(self, described: Mapping[str, Any], tables: dict[int, int]) -> None:
        self.map, self.tables = described, tables
        self.by_index = {r["address"] >> 2: _word(r) for r in described["registers"]}
        self.entries: dict[str, int] = described["entries"]
        self.words: dict[int, int] = {}
        self.counts: dict[str, int] = {}
        self.control = self.index_of("CONTROL")
        self.reset()

    def reset(self) -> None:
        """Registers as after reset; channel tables keep what they hold."""
        self.words = {n: word.reset for n, word in self.by_index.items()}
        self.counts = dict.fromkeys(self.entries, 0)

    def index(self, address: int) -> int:
        return (address & (1 << self.map["address_bits"]) - 1) >> 2

    def at(self, address: int) -> Word | None:
        """The word at an address, None where there is none."""
        n = self.index(address)
        return self.by_index.get(n) or self._table_word(n)

    def _table_word(self, n: int) -> Word | None:
        table = self.map["table"]
        if table is None or not table["offset"] <= 4 * n < table["offset"] + table["size"]:
            return None
        place = (4 * n - table["offset"]) % table["row_stride"]
        lane, place = divmod(place, table["lane_stride"])
        if lane >= table["lanes"] or place // 4 >= len(table["masks"]):
            return None
        return Word("table", "table", "idle", table["masks"][place // 4])

    def index_of(self, name: str) -> int:
        """Word address of a register."""
        return next(n for n, word in self.by_index.items() if word.name == name)

    @property
    def enable(self) -> bool:
        return bool(self.words[self.control] & 1)

    def write(self, write: Write, idle: bool) -> tuple[int, dict[Any, int]]:
        """(response, what it changes: see :meth:`apply`)."""
        word, n = self.at(write.address), self.index(write.address)
        if word is None or word.access == "r" or (word.access != "rw" and not idle):
            return SLVERR, {}
        octets = sum(0xFF << 8 * k for k in range(4) if write.strobes >> k & 1)
        changes: dict[Any, int] = {
            n: (self.held(n) & ~octets | write.data & octets) & word.mask
        }
        if word.sends:
            before = self.counts[word.source]
            changes[word.source] = 1 if before == self.entries[word.source] else before + 1
        return OKAY, changes

    def apply(self, changes: Mapping[Any, int]) -> None:
        for key, value in changes.items():
            if isinstance(key, str):
                self.counts[key] = value
            elif key in self.by_index:
                self.words[key] = value
            else:
                self.tables[key] = value

    def held(self, n: int) -> int:
        """What is at a word address."""
        return self.words[n] if n in self.words else self.tables.get(n, 0)

    def read(self, address: int, busy: bool, changes: Mapping[Any, int] | None = None) -> Answer:
        """The answer; ``changes`` of a write that may have happened already."""
        word, n = self.at(address), self.index(address)
        if word is None:
            return Answer(0, SLVERR)
        if word.role == "status":
            return Answer(int(busy), OKAY)
        if word.access == "w":
            return Answer(0, OKAY)
        if word.role == "count":
            count = (changes or {}).get(word.source, self.counts[word.source])
            complete = count == self.entries[word.source]
            return Answer(count | complete << WORD_BITS - 1, OKAY)
        return Answer((changes or {}).get(n, self.held(n)), OKAY)


def _word(register: Mapping[str, Any]) -> Word:
    return Word(*(register[key] for key in (
        "name", "role", "access", "mask", "reset", "source", "sends")))
