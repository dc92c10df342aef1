"""Reads and writes of a top's registers, as scenarios mix them."""

from collections.abc import Callable, Iterable
from typing import Any

from vit2rtl.sim.axi.top import Top

WORD = 0xFFFFFFFF


class Accesses:
    """The addresses of a top by kind, and what is done with them.

    words   all registers and some words of the channel tables
    stored  those of them that are written while idle
    lone    addresses without a register
    """

    def __init__(self, top: Top) -> None:
        self.top = top
        described = top.task["map"]
        rows = described["registers"]
        self.tabled: list[int] = top.task["table_words"]
        self.words = [r["address"] for r in rows] + self.tabled
        self.stored = [r["address"] for r in rows if r["access"] in ("idle", "w")] + self.tabled
        self.lone: list[int] = top.task["lone"]
        self.by_name = {r["name"]: r["address"] for r in rows}
        self.status = self.by_name["STATUS"]
        self.elements = [r for r in rows if r["role"] == "element"]

    def read(self, addresses: Iterable[int]) -> None:
        for address in addresses:
            self.top.manager.read(address)

    def junk(self, address: int, strobes: int | None = None) -> None:
        """Write something else than what is there, in each byte, with some strobes or all."""
        rng, registers = self.top.rng, self.top.registers
        word = registers.at(address)
        mask = word.mask if word else WORD
        now = registers.held(registers.index(address))
        data = rng.getrandbits(32)
        for k in range(4):
            octet = mask & 0xFF << 8 * k
            if not (now ^ data) & octet:
                data ^= octet & -octet
        if word is not None and word.role == "control":
            data &= ~1
        chosen = rng.choice([15, *range(1, 16), 0]) if strobes is None else strobes
        self.top.manager.write(address | rng.randrange(4), data, chosen)

    def anything(self) -> None:
        """A read or a write of anything, ``CONTROL`` among it."""
        rng = self.top.rng
        address = rng.choice(self.lone if rng.random() < 0.25 else self.words)
        if rng.random() < 0.45:
            self.top.manager.read(address)
        elif rng.random() < 0.2:
            enable = rng.random() < 0.5
            self.top.manager.write(
                self.by_name["CONTROL"], rng.getrandbits(31) << 1 | enable, rng.choice([1, 15, 14]))
        else:
            self.junk(address)

    def noise_of(self, reads: float, writes: float) -> Callable[[], None]:
        """Noise beside enabled streams: reads of anything, writes that change nothing."""
        manager, rng = self.top.manager, self.top.rng

        def noise() -> None:
            draw = rng.random()
            if draw < reads and len(manager.reads) < 2:
                address = self.status if rng.random() < 0.4 else rng.choice(self.words)
                manager.read(address)
            elif draw > 1 - writes and len(manager.writes) < 2:
                address = rng.choice(self.lone if rng.random() < 0.2 else self.words)
                if address == self.by_name["CONTROL"]:
                    manager.write(address, rng.getrandbits(32) | 1, rng.randrange(16))
                else:
                    self.junk(address)

        return noise

    async def control(self, enable: int) -> None:
        """Write ``CONTROL``: reserved bits are random, and its lowest byte alone may be written."""
        rng = self.top.rng
        data = rng.getrandbits(31) << 1 | enable
        await self.top.write(self.by_name["CONTROL"], data, rng.choice([1, 3, 15]))

    async def stopped(self) -> None:
        await self.control(0)
        await self.top.until(lambda: not self.top.streams.busy)
        await self.top.steps(2)

    def row_beats(self, beats: int) -> None:
        if "ROW_BEATS" in self.by_name:
            self.set(self.by_name["ROW_BEATS"], beats)

    def set(self, address: int, value: int) -> None:
        """One write, or one byte after the other with junk in those that are not written."""
        rng, manager = self.top.rng, self.top.manager
        if rng.random() < 0.6:
            manager.write(address, value)
            return
        for k in rng.sample(range(4), 4):
            octet = 0xFF << 8 * k
            manager.write(address, rng.getrandbits(32) & ~octet | value & octet, 1 << k)

    async def configure(self, setting: dict[str, Any], beats: int) -> None:
        """Everything that a setting says, over other values; the top is stopped before."""
        top, rng = self.top, self.top.rng
        await self.stopped()
        writes = [(self.by_name[name], value) for name, value in setting["registers"].items()]
        table = [(address, value) for address, value in setting["table"]]
        few = len(table) <= 64
        if few:
            for address, _ in rng.sample(writes + table, len(writes + table)):
                self.junk(address, rng.choice([15, rng.randrange(16)]))
        for address, value in rng.sample(writes, len(writes)):
            self.set(address, value)
        for address, value in rng.sample(table, len(table)):
            if few:
                self.set(address, value)
            else:
                top.manager.write(address, value)
        self.row_beats(beats)
        for name, elements in setting["elements"].items():
            self.load(name, elements)
        self.read(rng.sample(self.words, min(8, len(self.words))))
        await top.settled()

    def load(self, stream: str, elements: Iterable[int]) -> None:
        """A whole table from its first element on."""
        top = self.top
        words = [r["address"] for r in self.elements if r["source"] == stream]
        count = next(r["address"] for r in top.task["map"]["registers"]
                     if r["role"] == "count" and r["source"] == stream)
        for element in elements:
            for number, address in enumerate(words):
                self.set_element(address, element >> 32 * number & WORD, number == len(words) - 1)
        top.manager.read(count)

    def set_element(self, address: int, value: int, sends: bool) -> None:
        """One write: each write to a register that sends is an element."""
        if sends:
            self.top.manager.write(address, value)
        else:
            self.set(address, value)

    def partly_loaded(self) -> None:
        """Some elements of each table: the next reset makes an end of them."""
        for register in self.elements:
            for _ in range(self.top.rng.randint(1, 2)):
                self.junk(register["address"], 15)

    def rewrite(self) -> None:
        """What is written while idle, with what it holds: now it is taken."""
        registers = self.top.registers
        for address in self.stored[:6]:
            word = registers.at(address)
            if word is not None and word.access != "w":
                self.top.manager.write(address, registers.held(registers.index(address)))
