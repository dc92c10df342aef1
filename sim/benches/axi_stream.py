"""A unit's AXI4-Stream top in a bench: all its streams, cycle by cycle, and every breach noted."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

from vit2rtl.sim.benches.handshake import Checker, Driver, Monitor, Violation
from vit2rtl.sim.benches.stimuli import Beat, Job, Stimulus

CLOCK_NS = 10
RESET_CYCLES = 3
# Cycles a stream may stand still with both sides willing before it counts as dead.
PATIENCE = 200
# A unit whose output is blocked has filled up when it took nothing for so many cycles, and offers
# a beat; a slow one may still be at work on it.
FULL = 12

Bools = Mapping[str, Iterator[bool]]


class AxiStream:
    """Drivers, monitors and checkers of a top, by the names of its streams.

    ``violations`` collects dictionaries: ``problem``, and ``stream``, ``label``, ``beat``, ``got``
    and ``want`` where they apply.
    """

    def __init__(self, dut: Any, job: Job) -> None:
        self.clock, self.reset_n = dut.aclk, dut.aresetn
        self.edge = RisingEdge(dut.aclk)
        self.violations: list[dict[str, Any]] = []
        self.names = {job["axi"][name]: name for name in job["axi"]}
        self.tables, self.sources = (
            {name: Driver(dut, job["axi"][name], self.note) for name in job[side]}
            for side in ("tables", "sources")
        )
        self.sinks = {name: Monitor(dut, job["axi"][name], self.note) for name in job["sinks"]}
        self.drivers = [*self.tables.values(), *self.sources.values()]
        self.monitors = list(self.sinks.values())
        sources = list(self.sources.values())
        self.checkers = [Checker(monitor, sources, self.note) for monitor in self.monitors]
        self.settings = {name: getattr(dut, name) for name in job["configuration"]}

    @property
    def beats(self) -> int:
        """Beats that came out and were compared."""
        return sum(checker.compared for checker in self.checkers)

    async def start(self) -> None:
        Clock(self.clock, CLOCK_NS, unit="ns").start()
        for driver in self.drivers:
            driver.data.value = 0
            driver.last.value = 0
        self._block()
        await self.reset(RESET_CYCLES)

    async def reset(self, cycles: int) -> None:
        """Synchronous reset; every output must be silent from the second edge on."""
        self._block()
        self.reset_n.value = 0
        self._stop()
        await self.edge
        for _ in range(cycles):
            await self.edge
            for monitor in self.monitors:
                if monitor.valid_now():
                    self.note(f"{monitor.prefix}_tvalid is high in reset")
        self.reset_n.value = 1

    async def flush(self) -> None:
        """Reset for one clock edge, all sides willing: in that cycle nothing moves."""
        self.reset_n.value = 0
        for driver in self.drivers:
            driver.valid.value = 1
        self._accept(True)
        await FallingEdge(self.clock)
        for driver in self.drivers:
            if driver.ready_now():
                self.note(f"{driver.prefix}_tready is high in reset")
        for monitor in self.monitors:
            if monitor.valid_now():
                self.note(f"{monitor.prefix}_tvalid is high in reset")
        await self.edge
        self._stop()
        self._block()
        self.reset_n.value = 1

    async def fill(self, stimulus: Stimulus, idle: Iterable[bool]) -> int:
        """Offer beats to a unit whose outputs are blocked, until ``idle`` ends; how many it takes.

        The beats come again and again; ``idle`` says of each cycle whether to hold back the next.
        """
        waits = list(idle)
        for name, driver in self.sources.items():
            driver.begin(stimulus.sources[name] * len(waits), repeat(False))
        taken = 0
        for wait in waits:
            await self.edge
            taken += sum([driver.taken() for driver in self.sources.values()])
            for driver in self.sources.values():
                if not driver.valid_now:
                    driver.present(not wait)
        return taken

    async def configure(self, stimulus: Stimulus, idle: Bools | None = None) -> None:
        """Set the configuration inputs and send the tables; nothing may be in flight."""
        for name, value in stimulus.configuration.items():
            handle = self.settings[name]
            handle.value = value & ((1 << len(handle)) - 1)
        await self.edge
        if stimulus.tables:
            await self._load(stimulus.tables, idle or {})

    async def _load(self, tables: Mapping[str, list[Beat]], idle: Bools) -> None:
        for name, driver in self.tables.items():
            driver.begin(tables[name], idle.get(name, repeat(False)))
        quiet = 0
        while any(driver.pending or driver.valid_now for driver in self.tables.values()):
            await self.edge
            moved = sum([driver.taken() for driver in self.tables.values()])
            quiet = 0 if moved else quiet + 1
            if quiet > PATIENCE:
                self.note("stuck: a table is not taken")
                raise Violation("stuck")
            for driver in self.tables.values():
                driver.offer()
        await self.drain(2)

    async def transfer(
        self, stimulus: Stimulus, *, idle: Bools, ready: Bools, stop_after: int | None = None
    ) -> int:
        """Send beats and compare what comes out; returns the cycles it took.

        idle        stream -> bools: hold back the next beat in this cycle
        ready       stream -> bools: take a beat in this cycle
        stop_after  return as soon as that many beats were taken, the rest still in flight, or as
                    soon as the unit is full
        """
        for name, driver in self.sources.items():
            driver.begin(stimulus.sources[name], idle[name])
        for name, monitor in self.sinks.items():
            monitor.begin(stimulus.sinks[name], ready[name])
        cycles = quiet = 0
        while any(monitor.pending for monitor in self.monitors):
            await self.edge
            cycles, quiet = cycles + 1, quiet + 1
            if sum([driver.taken() for driver in self.sources.values()]):
                quiet = 0
            if stop_after and self._stops(stop_after, quiet):
                self._stop()
                return cycles
            if self._compare():
                quiet = 0
            if quiet > PATIENCE:
                raise self._stuck()
            for driver in self.sources.values():
                driver.offer()
            for monitor in self.monitors:
                monitor.decide()
        return cycles

    def _compare(self) -> bool:
        """Look at every output; whether a beat came out."""
        moved = False
        for monitor, checker in zip(self.monitors, self.checkers, strict=True):
            seen = monitor.sample()
            if seen is not None and monitor.accepting:
                checker.check(seen)
                moved = True
        return moved

    def _stops(self, stop_after: int, quiet: int) -> bool:
        """Whether enough was taken, or the unit is full: then it has to offer something."""
        if quiet == 0 and sum(driver.sent for driver in self.sources.values()) >= stop_after:
            return True
        if quiet <= FULL or any(monitor.accepting for monitor in self.monitors):
            return False
        offered = any([monitor.offered() is not None for monitor in self.monitors])
        late = quiet > PATIENCE
        if late and not offered:
            self.note(f"{self.monitors[0].prefix}_tvalid waits for "
                      f"{self.monitors[0].prefix}_tready")
        return late or offered

    def _stuck(self) -> Violation:
        sent, received = (
            sum(getattr(side, count) for side in sides)
            for sides, count in ((self.sources.values(), "sent"), (self.monitors, "received"))
        )
        monitor = next(monitor for monitor in self.monitors if monitor.pending)
        self.note(f"stuck: {sent} beats in, {received} out", monitor.expected, stream=monitor)
        return Violation("stuck")

    async def drain(self, cycles: int = 24) -> None:
        """Nothing more may come out."""
        self._stop()
        self._accept(True)
        for _ in range(cycles):
            await self.edge
            for monitor in self.monitors:
                seen = monitor.offered()
                if seen is not None:
                    self.note("a beat came out that never went in", None, seen, monitor)
                    raise Violation("a beat came out that never went in")
        self._block()
        await self.edge

    def _stop(self) -> None:
        for driver in self.drivers:
            driver.stop()

    def _block(self) -> None:
        self._accept(False)

    def _accept(self, wanted: bool) -> None:
        for monitor in self.monitors:
            monitor.accepting = wanted
            monitor.ready.value = int(wanted)

    def note(
        self,
        problem: str,
        beat: Beat | None = None,
        seen: tuple[int, int] | None = None,
        stream: Monitor | None = None,
    ) -> None:
        violation: dict[str, Any] = {"problem": problem}
        if stream is not None:
            violation["stream"] = self.names[stream.prefix]
        if beat is not None:
            violation |= {"want": beat.data, "label": beat.label, "beat": beat.number}
        if seen is not None:
            violation["got"] = seen[0]
        if beat is not None and seen is not None:
            violation |= {"want": beat.data & beat.mask, "got": seen[0] & beat.mask}
        self.violations.append(violation)
