"""The data streams of a top in a bench: items go in, what they make must come out, in order.

An item is a beat of a lane-wise unit, a row of others: beats for each source, and for each row of
the channel tables at which it may begin the beats that each sink then owes.
"""

import random
from collections import Counter, deque
from typing import Any

from vit2rtl.sim.axi import bins
from vit2rtl.sim.axi.channels import Channel, Receiver, Sender, Wires
from vit2rtl.sim.axi.model import Registers
from vit2rtl.sim.benches.handshake import Violation

PATIENCE = 400


class Streams:
    """Sources and sinks of a top, and what is inside.

    ``row`` is that of the channel tables which the next beat meets; ``packet`` says that the last
    beat in had no ``tlast``; ``given`` counts beats out.
    """

    def __init__(
        self, wires: Wires, task: dict[str, Any], registers: Registers, rng: random.Random,
        hits: Counter[str],
    ) -> None:
        self.wires, self.registers, self.hits = wires, registers, hits
        self.task = task
        self.tabled = registers.map["table"] is not None
        self.row_beats = registers.index_of("ROW_BEATS") if self.tabled else 0
        self.rows = task["map"]["rows"]
        self.last_bit = {s["name"]: s["width"] for s in (*task["sources"], *task["sinks"])}
        self.senders = {s["name"]: Sender(wires, s["name"], rng) for s in task["sources"]}
        self.receivers = {s["name"]: Receiver(wires, s["name"]) for s in task["sinks"]}
        self.channels: dict[str, Channel] = {**self.senders, **self.receivers}
        self.given = 0
        self.clear()

    def clear(self) -> None:
        for channel in self.channels.values():
            channel.clear()
        self.coming: dict[str, deque] = {name: deque() for name in self.senders}
        self.owed: dict[str, deque] = {name: deque() for name in self.receivers}
        self.begun: list[dict[str, Any]] = []
        self.row = self.inside = self.quiet = 0
        self.packet = False

    def send(self, item: dict[str, Any], last: bool = True) -> None:
        """Queue an item; ``last`` ends a packet, where the stream has no rows."""
        entry: dict[str, Any] = {"item": item, "left": {}, "owed": None, "rows": 0}
        for name, beats in item["beats"].items():
            ends = [n == len(beats) - 1 and last for n in range(len(beats))]
            entry["left"][name] = len(beats)
            for beat, end in zip(beats, ends, strict=True):
                self.senders[name].queue.append(beat | end << self.last_bit[name])
                self.coming[name].append(entry)

    @property
    def busy(self) -> bool:
        return self.inside > 0

    @property
    def pending(self) -> bool:
        return any(sender.waiting for sender in self.senders.values()) or self.busy

    def sample(self, seen: int, enables: set[bool]) -> None:
        """What moved at this edge, with ``enable`` one of these: checked, compared, counted."""
        before = self.inside
        if enables == {False}:
            self.row = 0
        for channel in self.channels.values():
            channel.sample(seen)
        for name, receiver in self.receivers.items():
            if receiver.moved is not None:
                self._given(name, receiver.moved)
        for name, sender in self.senders.items():
            if sender.moved is not None:
                if True not in enables:
                    self.wires.note(f"{name}: a beat is taken while the top is stopped")
                self._taken(name, sender.moved)
        moves = any(channel.moved is not None for channel in self.channels.values())
        willing = enables == {True} and self.pending
        self.quiet = 0 if moves or not willing else self.quiet + 1
        if self.quiet > PATIENCE:
            self.wires.note(f"stuck: no beat moves for {PATIENCE} cycles, {self.inside} inside")
            raise Violation("stuck")
        bins.streams(self.hits, self, before, enables)

    def _taken(self, name: str, beat: int) -> None:
        entry = self.coming[name].popleft()
        last = beat >> self.last_bit[name] & 1
        self.packet = not last
        if entry["owed"] is None:
            results = entry["item"]["results"]
            entry["owed"] = owed = results[self.row % len(results)]
            self.inside += 1
            for sink, beats in owed.items():
                entry["rows"] += len(beats)
                end = [n == len(beats) - 1 for n in range(len(beats))]
                self.owed[sink] += [
                    (data, mask, ends if self.task["rowwise"] else last, ends, entry)
                    for (data, mask), ends in zip(beats, end, strict=True)
                ]
        entry["left"][name] -= 1
        if self.tabled:
            self._next_row(bool(last))

    def _next_row(self, last: bool) -> None:
        beats = self.registers.words[self.row_beats]
        bins.row(self.hits, self.row, self.rows, beats, last)
        ends = last or self.row + 1 in (beats, self.rows)
        self.row = 0 if ends else self.row + 1

    def _given(self, name: str, beat: int) -> None:
        if not self.owed[name]:
            self.wires.note(f"{name}: a beat came out that never went in", got=beat)
            raise Violation("beat")
        data, mask, last, ends, entry = self.owed[name].popleft()
        got, got_last = beat & (1 << self.last_bit[name]) - 1, beat >> self.last_bit[name]
        self.given += 1
        if got & mask != data & mask:
            self.wires.note(f"{name}: wrong value of beat {self.given}", got=got & mask,
                            want=data & mask)
        if got_last != last:
            self.wires.note(f"{name}: tlast of beat {self.given}", got=got_last, want=last)
        if ends and any(entry["left"].values()):
            self.wires.note(f"{name}: a row ends that has not gone in")
        entry["rows"] -= 1
        if not entry["rows"]:
            self.inside -= 1

    def drive(self) -> None:
        for channel in self.channels.values():
            channel.drive()
