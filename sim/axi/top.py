"""An AXI4-Lite top in a bench: manager, data streams and model, a clock cycle at a time."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from vit2rtl.sim.axi import bins
from vit2rtl.sim.axi.channels import Wires
from vit2rtl.sim.axi.manager import Manager, Transfer
from vit2rtl.sim.axi.model import Registers
from vit2rtl.sim.axi.pins import MUTANT
from vit2rtl.sim.axi.streams import Streams
from vit2rtl.sim.benches.axi_stream import CLOCK_NS
from vit2rtl.sim.benches.handshake import Violation
from vit2rtl.sim.benches.stimuli import pattern

MOST_PROBLEMS = 8
LONGEST = 2000  # cycles of a wait
LOADING = 80  # cycles that a unit may take for a table's beat: meanwhile it may be busy
FLOWS = ("aw", "w", "b", "ar", "r", "sources", "sinks")

Job = dict[str, Any]
# Called in every cycle, before anything new is offered.
Noise = Callable[[], None]


class Top:
    """``problems`` collects what was wrong, ``hits`` the bins that were seen.

    Each channel has a pattern of pauses of its own, see :meth:`paced`.
    """

    def __init__(
        self, dut: Any, task: Job, name: str, tables: dict[int, int]
    ) -> None:
        self.task, self.seed = task, f"{task['seed']} {name}"
        self.rng = random.Random(self.seed)
        self.clock, self.edge = dut.aclk, RisingEdge(dut.aclk)
        self.problems: list[dict[str, Any]] = []
        self.hits: Counter[str] = Counter()
        self.wires = Wires(dut, task["driven"], task["observed"], self.note)
        self.registers = Registers(task["map"], tables)
        self.manager = Manager(self.wires, self.registers, self.rng, self.hits)
        self.streams = Streams(self.wires, task, self.registers, self.rng, self.hits)
        self.noise: Noise = lambda: None
        self.cycle = self.loading_until = 0

    def note(self, problem: str, got: int | None = None, want: int | None = None) -> None:
        where = f"{problem} (cycle {self.cycle})"
        self.problems.append({"problem": where, "got": got, "want": want})
        if len(self.problems) >= MOST_PROBLEMS:
            raise Violation("enough")

    def note_end(self, why: str) -> None:
        """A bench that gave up has found something."""
        if not self.problems:
            self.problems.append({"problem": f"gave up: {why}", "got": None, "want": None})

    @property
    def accesses(self) -> int:
        """Reads and writes that were answered."""
        return self.manager.answered

    def run_clock(self) -> None:
        Clock(self.clock, CLOCK_NS, unit="ns").start(start_high=False)

    async def select(self, mutant: int) -> None:
        """From reset on, with that mutant switched on, where there are some."""
        if MUTANT in self.wires.driven:
            self.wires.put(MUTANT, mutant)
        await self.reset(2)

    def paced(self, *patterns: str) -> None:
        """Pauses of aw, w, b, ar, r, the sources and the sinks; a short list repeats its last."""
        chosen = dict(zip(FLOWS, (*patterns, *patterns[-1:] * len(FLOWS)), strict=False))
        for name, channel in self.manager.channels.items():
            channel.pauses = pattern(chosen[name], f"{self.seed} {name}")
        for name, stream in self.streams.channels.items():
            side = "sources" if name in self.streams.senders else "sinks"
            stream.pauses = pattern(chosen[side], f"{self.seed} {name}")

    async def step(self) -> None:
        """One clock cycle."""
        await self.edge
        self.cycle += 1
        seen = self.wires.read()
        busy = {self.streams.busy}
        if self.cycle < self.loading_until:
            busy.add(True)
        manager, before = self.manager, self.registers.enable
        manager.inside = self.streams.inside
        manager.sample(seen)
        now = self.registers.enable
        if now != before:
            bins.enabled(self.hits, self.streams, before, now)
        enables = manager.enables
        self.streams.sample(seen, enables)
        manager.accept(busy)
        if any(isinstance(key, str) for p in manager.pending for key in p.changes):
            self.loading_until = self.cycle + LOADING
        self.noise()
        manager.drive()
        self.streams.drive()
        self.wires.write()

    async def steps(self, cycles: int) -> None:
        for _ in range(cycles):
            await self.step()

    async def until(self, done: Callable[[], bool], limit: int = LONGEST) -> None:
        """Cycles until something is so, which no correct top keeps waiting for so long."""
        for _ in range(limit):
            if done():
                return
            await self.step()
        self.note(f"stuck: nothing comes of {limit} cycles")
        raise Violation("stuck")

    async def settled(self) -> None:
        """Until every request is answered."""
        requests = len(self.manager.writes) + len(self.manager.reads)
        await self.until(lambda: not self.manager.open, LONGEST + LONGEST // 20 * requests)

    async def write(self, address: int, data: int, strobes: int = 15) -> Transfer:
        transfer = self.manager.write(address, data, strobes)
        await self.until(lambda: transfer.done)
        return transfer

    async def read(self, address: int) -> Transfer:
        transfer = self.manager.read(address)
        await self.until(lambda: transfer.done)
        return transfer

    def drop(self) -> None:
        """Everybody forgets what was under way, as after reset."""
        bins.reset(self.hits, self.manager, self.streams)
        for transfer in self.manager.pending:  # a table keeps what was written to it
            self.registers.apply(transfer.changes)
        self.manager.clear()
        self.streams.clear()
        self.registers.reset()
        self.loading_until = 0

    async def reset(self, edges: int, willing: bool = True) -> None:
        """Reset for so many clock edges: nothing is taken, nothing offered.

        willing  meanwhile the bench offers and takes on every channel, else on none
        """
        self.drop()
        wires = self.wires
        mutant = wires.value & wires.place(MUTANT)
        wires.value = mutant
        for group, (_, mask) in wires.driven.items():
            if willing and group not in (MUTANT, "reset"):
                bits = mask.bit_length() - 1
                wires.put(group, (self.rng.getrandbits(bits) if bits else 0) << 1 | 1)
        wires.write()
        for _ in range(edges):
            await self.edge
            self.cycle += 1
            seen = wires.read()
            for name, (low, mask) in wires.observed.items():
                if seen >> low & mask:
                    self.note(f"{name}: something is taken or offered in reset")
        wires.value = mutant
        wires.put("reset", 1)
        wires.write()
