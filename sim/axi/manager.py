"""An AXI4-Lite manager in a bench: each of its five channels pauses by itself, answers are judged.

An answer is right if the registers could have given it at some moment from the acceptance of the
request to the answer. So nothing is asked of when, within that time, a write takes effect.
"""

import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from vit2rtl.sim.axi import bins
from vit2rtl.sim.axi.channels import Receiver, Sender, Wires
from vit2rtl.sim.axi.model import OKAY, SLVERR, Answer, Registers, Write
from vit2rtl.sim.benches.handshake import Violation

PATIENCE = 400  # cycles without a handshake, while a request is open, that end the bench


@dataclass
class Transfer:
    """A :class:`Write`, or a read of an address.

    ``answers`` are those allowed, ``changes`` what a write may change.
    """

    request: Any
    answers: set = field(default_factory=set)
    changes: dict = field(default_factory=dict)
    answer: Answer | int | None = None
    done: bool = False


class Manager:
    """Drives ``aw``, ``w``, ``b``, ``ar`` and ``r`` of a top beside a model of its registers."""

    def __init__(
        self, wires: Wires, registers: Registers, rng: random.Random, hits: Counter[str]
    ) -> None:
        self.wires, self.registers, self.hits = wires, registers, hits
        self.aw, self.w, self.ar = (Sender(wires, name, rng) for name in ("aw", "w", "ar"))
        self.b, self.r = Receiver(wires, "b"), Receiver(wires, "r")
        self.channels = {c.name: c for c in (self.aw, self.w, self.b, self.ar, self.r)}
        self.answered = 0
        self.inside = 0  # beats in the data streams' part, for coverage
        self.clear()

    def clear(self) -> None:
        """As after reset: nothing is open."""
        for channel in self.channels.values():
            channel.clear()
        self.writes: deque[Transfer] = deque()  # those not answered
        self.reads: deque[Transfer] = deque()
        self.addresses: deque[int] = deque()  # taken without their data, and the reverse
        self.datas: deque[int] = deque()
        self.pending: deque[Transfer] = deque()  # taken, no answer seen
        self.reading: deque[Transfer] = deque()
        self.quiet = 0

    def write(self, address: int, data: int, strobes: int = 15) -> Transfer:
        self.aw.queue.append(address)
        self.w.queue.append(data | strobes << 32)
        self.writes.append(Transfer(Write(address, data, strobes)))
        return self.writes[-1]

    def read(self, address: int) -> Transfer:
        self.ar.queue.append(address)
        self.reads.append(Transfer(address))
        return self.reads[-1]

    @property
    def open(self) -> bool:
        return bool(self.writes or self.reads)

    @property
    def enables(self) -> set[bool]:
        """What ``CONTROL.enable`` may be: a write to it may or may not have happened."""
        control = self.registers.control
        values = {self.registers.enable}
        return values | {bool(p.changes[control] & 1) for p in self.pending if control in p.changes}

    def sample(self, seen: int) -> None:
        """Look at the channels, and judge what is answered in this cycle for the first time."""
        offered = [s.offered is not None for s in (self.aw, self.w, self.ar)]
        for channel in self.channels.values():
            channel.sample(seen)
        bins.axi_lite(self.hits, self, *offered)
        if self.b.fresh is not None:
            self._written(self.b.fresh)
        if self.r.fresh is not None:
            self._read(Answer(self.r.fresh & 0xFFFFFFFF, self.r.fresh >> 32))
        if self.b.moved is not None:
            self.writes.popleft().done = True
            self.answered += 1
        if self.r.moved is not None:
            self.reads.popleft().done = True
            self.answered += 1
        moves = any(channel.moved is not None for channel in self.channels.values())
        self.quiet = 0 if moves or not self.open else self.quiet + 1
        if self.quiet > PATIENCE:
            self.wires.note(f"stuck: no request is taken or answered for {PATIENCE} cycles")
            raise Violation("stuck")

    def _written(self, response: int) -> None:
        if not self.pending:
            self.wires.note("b: an answer to no write")
            raise Violation("answer")
        transfer = self.pending.popleft()
        write = transfer.request
        if response not in transfer.answers:
            self.wires.note(f"write of {write.data:#x}, strobes {write.strobes:04b}, to "
                            f"{write.address:#x} is answered", got=response,
                            want=min(transfer.answers))
        transfer.answer = response
        bins.written(self.hits, self.registers, write, response)
        if response == OKAY:
            self.registers.apply(transfer.changes)

    def _read(self, answer: Answer) -> None:
        if not self.reading:
            self.wires.note("r: an answer to no read")
            raise Violation("answer")
        transfer = self.reading.popleft()
        if answer not in transfer.answers:
            want = min(transfer.answers)
            self.wires.note(f"read of {transfer.request:#x} gives (response, data)",
                            got=answer.response << 32 | answer.data,
                            want=want.response << 32 | want.data)
        transfer.answer = answer
        bins.read(self.hits, self.registers, transfer.request, answer, self.inside)

    def accept(self, busy: set[bool]) -> None:
        """Requests taken at this edge; ``busy`` is what it may have been in this cycle."""
        if self.aw.moved is not None:
            self.addresses.append(self.aw.moved)
        if self.w.moved is not None:
            self.datas.append(self.w.moved)
        if self.addresses and self.datas:
            address, data = self.addresses.popleft(), self.datas.popleft()
            if self.pending or self.b.held is not None:
                self.wires.note("a second write is taken before the first is answered")
            waiting = self.writes[len(self.pending) + (self.b.held is not None)]
            waiting.request = Write(address, data & 0xFFFFFFFF, data >> 32)
            self.pending.append(waiting)
        if self.ar.moved is not None:
            if self.reading or self.r.held is not None:
                self.wires.note("a second read is taken before the first is answered")
            self.reading.append(self.reads[len(self.reading) + (self.r.held is not None)])
        for transfer in self.pending:
            self._may_be_answered(transfer, busy)
        for transfer in self.reading:
            for value in busy:
                for changes in (None, *(p.changes for p in self.pending)):
                    transfer.answers.add(self.registers.read(transfer.request, value, changes))

    def _may_be_answered(self, transfer: Transfer, busy: set[bool]) -> None:
        for enabled in self.enables:
            for value in busy:
                response, changes = self.registers.write(
                    transfer.request, idle=not enabled and not value)
                transfer.answers.add(response)
                transfer.changes = changes or transfer.changes

    def drive(self) -> None:
        for channel in self.channels.values():
            channel.drive()


def refused(transfer: Transfer) -> bool:
    return transfer.answer == SLVERR
