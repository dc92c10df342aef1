"""A unit's AXI4-Stream top in a bench: all its streams, cycle by cycle, and every breach noted."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, repeat
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

from vit2rtl.sim.benches.handshake import Checker, Driver, Monitor, Violation
from vit2rtl.sim.benches.stimuli import Beat, Job, Stimulus

CLOCK_NS = 10
RESET_CYCLES = 3
# Cycles beyond the unit's latency for which a stream may stand still with both sides willing before
# it counts as dead.
PATIENCE = 200
# Cycles of a table in which there are pauses; the rest of a long one goes without.
PAUSED = 256
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
            {name: Driver(dut, job["axi"][name], self.note, job["bits"][name])
             for name in job[side]}
            for side in ("tables", "sources")
        )
        self.sinks = {name: Monitor(dut, job["axi"][name], self.note) for name in job["sinks"]}
        self.drivers = [*self.tables.values(), *self.sources.values()]
        self.monitors = list(self.sinks.values())
        sources = list(self.sources.values())
        self.checkers = [Checker(monitor, sources, self.note) for monitor in self.monitors]
        self.settings = {name: getattr(dut, name) for name in job["configuration"]}
        self.configurations = [record["configuration"] for record in job["records"]]
        self.configuration: dict[str, int] = {}
        self.in_force: dict[str, list[int]] = {}
        self.patience = PATIENCE + job["latency"]
        self._after_reset = False

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

    async def reset(self, cycles: int, *, willing: bool = False) -> None:
        """Synchronous reset for so many clock edges, in which nothing moves.

        willing  all sides offer and take, else none does
        """
        self.reset_n.value = 0
        self._stop()
        for driver in self.drivers:
            driver.valid.value = int(willing)
        self._accept(willing)
        for _ in range(cycles):
            await FallingEdge(self.clock)
            self._silent()
            await self.edge
        self._stop()
        self._block()
        self.reset_n.value = 1
        self.in_force = {}
        self._after_reset = True

    def _silent(self) -> None:
        for driver in self.drivers:
            if driver.ready_now():
                self.note(f"{driver.prefix}_tready is high in reset")
        for monitor in self.monitors:
            if monitor.valid_now():
                self.note(f"{monitor.prefix}_tvalid is high in reset")

    async def fill(
        self, stimulus: Stimulus, idle: Iterable[bool], *, accepting: bool = False
    ) -> int:
        """Offer beats in each cycle of ``idle``, which says whether to hold back the next.

        The beats come again and again; what comes out is not looked at. Returns how many the unit
        takes.

        accepting   take what comes out, else the outputs are blocked
        """
        waits = list(idle)
        self._set(stimulus.configuration)
        self._accept(accepting)
        for name, driver in self.sources.items():
            driver.begin(stimulus.sources[name] * len(waits), repeat(False))
        taken = 0
        for wait in waits:
            await self.edge
            self._after_reset = False
            taken += sum([driver.taken() for driver in self.sources.values()])
            for driver in self.sources.values():
                if not driver.valid_now:
                    driver.present(not wait)
        return taken

    async def load(self, stimulus: Stimulus, idle: Bools | None = None) -> None:
        """Send the tables that are not in force, under the stimulus' configuration.

        Nothing may be in flight.
        """
        contents = {name: [beat.data for beat in beats] for name, beats in stimulus.tables.items()}
        if contents != self.in_force:
            self._set(stimulus.configuration)
            await self.edge
            await self._load(stimulus.tables, idle or {})
            self.in_force = contents

    def _set(self, configuration: Mapping[str, int]) -> None:
        """Configuration inputs, in the cycle that begins."""
        self.configuration = dict(configuration)
        for name, value in configuration.items():
            handle = self.settings[name]
            handle.value = value & ((1 << len(handle)) - 1)

    def _set_another(self) -> None:
        """The configuration of a record that has most of it different; nothing is in flight."""
        current = self.configuration
        self._set(max(
            self.configurations,
            key=lambda other: sum(other[name] != current.get(name) for name in other),
        ))

    async def _load(self, tables: Mapping[str, list[Beat]], idle: Bools) -> None:
        for name, driver in self.tables.items():
            pauses = islice(idle.get(name, repeat(False)), PAUSED)
            driver.begin(tables[name], chain(pauses, repeat(False)))
        quiet = 0
        while any(driver.pending or driver.valid_now for driver in self.tables.values()):
            await self.edge
            moved = sum([driver.taken() for driver in self.tables.values()])
            quiet = 0 if moved else quiet + 1
            if quiet > self.patience:
                self.note("stuck: a table is not taken")
                raise Violation("stuck")
            for driver in self.tables.values():
                driver.offer()
        self._stop()
        await self._nothing(2)

    async def transfer(
        self, stimulus: Stimulus, *, idle: Bools, ready: Bools, stop_after: int | None = None
    ) -> int:
        """Send beats and compare what comes out; returns the cycles it took.

        The first beats are on offer in the cycle that begins, and so is their configuration.

        idle        stream -> bools: hold back the next beat in this cycle
        ready       stream -> bools: take a beat in this cycle
        stop_after  return as soon as that many beats were taken, the rest still in flight, or as
                    soon as the unit is full
        """
        self._set(stimulus.configuration)
        for name, driver in self.sources.items():
            driver.begin(stimulus.sources[name], idle[name])
        for name, monitor in self.sinks.items():
            monitor.begin(stimulus.sinks[name], ready[name])
        self._go_on()
        cycles = still = stuck = 0
        while any(monitor.pending for monitor in self.monitors):
            willing = self._willing
            await self.edge
            taken = sum([driver.taken() for driver in self.sources.values()]) > 0
            cycles, still = cycles + 1, 0 if taken else still + 1
            if stop_after and self._stops(stop_after, still):
                self._stop()
                return cycles
            moved = self._compare() or taken
            still, stuck = (0, 0) if moved else (still, stuck + willing)
            if stuck > self.patience:
                raise self._stuck()
            self._go_on()
        return cycles

    @property
    def _willing(self) -> bool:
        """Whether nothing but the unit keeps beats from moving."""
        return all(monitor.accepting or not monitor.pending for monitor in self.monitors) and all(
            driver.valid_now or not driver.pending for driver in self.sources.values()
        )

    def _go_on(self) -> None:
        """What is offered and taken in the cycle that begins.

        No beat in the first one after reset: AXI4-Stream sends none before a clock edge without.
        """
        for driver in self.sources.values():
            if not self._after_reset:
                driver.offer()
        for monitor in self.monitors:
            monitor.decide()
        self._after_reset = False

    def _compare(self) -> bool:
        """Look at every output; whether a beat came out."""
        moved = False
        for monitor, checker in zip(self.monitors, self.checkers, strict=True):
            seen = monitor.sample()
            if seen is not None and monitor.accepting:
                checker.check(seen)
                moved = True
        return moved

    def _stops(self, stop_after: int, still: int) -> bool:
        """Whether enough was taken, or the unit is full: then it has to offer something."""
        if still == 0 and sum(driver.sent for driver in self.sources.values()) >= stop_after:
            return True
        if still <= FULL or any(monitor.accepting for monitor in self.monitors):
            return False
        offered = any([monitor.offered() is not None for monitor in self.monitors])
        late = still > self.patience
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
        """Nothing more may come out, under another configuration or not."""
        self._stop()
        self._set_another()
        await self._nothing(cycles)

    async def _nothing(self, cycles: int) -> None:
        self._after_reset = False
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
