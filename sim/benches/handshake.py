"""The two sides of AXI4-Streams in a bench: a driver, and a monitor that hands on what it sees."""

from collections.abc import Callable, Iterator, Sequence

from cocotb.handle import LogicArrayObject, SimHandleBase

from vit2rtl.sim.benches.stimuli import Beat

Note = Callable[..., None]


class Violation(Exception):
    """The unit did what no correct one does; the bench cannot go on."""


class Signals:
    """Handles of one stream of a top, by the prefix of its ports; values with unknown bits end."""

    def __init__(self, dut: SimHandleBase, prefix: str, note: Note) -> None:
        self.prefix, self.note = prefix, note
        self.data, self.last, self.valid, self.ready = (
            getattr(dut, f"{prefix}_{port}") for port in ("tdata", "tlast", "tvalid", "tready")
        )

    def bit(self, handle: LogicArrayObject, port: str) -> bool:
        try:
            return bool(int(handle.value))
        except ValueError:
            self.note(f"{self.prefix}_{port} is {handle.value}")
            raise Violation(port) from None


class Driver(Signals):
    """Offers beats of ``bits`` to a stream that the unit takes; junk while it offers none.

    The padding above is junk with every other beat.
    """

    def __init__(self, dut: SimHandleBase, prefix: str, note: Note, bits: int) -> None:
        super().__init__(dut, prefix, note)
        self.junk = (1 << len(self.data)) - 1
        self.padding = self.junk >> bits << bits
        self.valid_now = False
        self.begin((), iter(()))

    def begin(self, beats: Sequence[Beat], idle: Iterator[bool]) -> None:
        """Beats to come; ``idle`` is asked in every cycle whether to hold back the next."""
        self.beats, self.idle, self.sent = beats, idle, 0

    @property
    def pending(self) -> bool:
        return self.sent < len(self.beats)

    def taken(self) -> bool:
        """Whether the beat on offer has been taken at this edge."""
        if not self.valid_now or not self.ready_now():
            return False
        self.sent, self.valid_now = self.sent + 1, False
        return True

    def ready_now(self) -> bool:
        return self.bit(self.ready, "tready")

    def offer(self) -> None:
        """Offer the next beat in the cycle that begins, unless one is on offer already."""
        if not self.valid_now:
            self.present(self.pending and not next(self.idle))

    def present(self, wanted: bool) -> None:
        """The next beat, or none and junk."""
        self.valid_now = wanted
        data, last = self.beats[self.sent][:2] if wanted else (self.junk, 1)
        self.data.value = data | self.padding * (self.sent % 2)
        self.last.value = last
        self.valid.value = int(wanted)

    def stop(self) -> None:
        self.valid_now = False
        self.valid.value = 0


class Monitor(Signals):
    """Watches a stream that the unit gives: stalled beats must stay, and says what was taken."""

    def __init__(self, dut: SimHandleBase, prefix: str, note: Note) -> None:
        super().__init__(dut, prefix, note)
        self.accepting = False
        self.begin((), iter(()))

    def begin(self, beats: Sequence[Beat], ready: Iterator[bool]) -> None:
        """Beats to be expected; ``ready`` is asked in every cycle whether to take one."""
        self.beats, self.ready_in, self.received = beats, ready, 0
        self.held: tuple[int, int] | None = None

    @property
    def pending(self) -> bool:
        return self.received < len(self.beats)

    @property
    def expected(self) -> Beat | None:
        """The next beat, where there is one."""
        return self.beats[self.received] if self.pending else None

    def sample(self) -> tuple[int, int] | None:
        """The beat on offer as (data, last), or None; one held back must be as it was."""
        seen = self.offered()
        if self.held is not None and seen != self.held:
            self.note("payload changed or went away while stalled", self.expected, seen, self)
        self.held = seen if seen is not None and not self.accepting else None
        return seen

    def offered(self) -> tuple[int, int] | None:
        if not self.valid_now():
            return None
        try:
            return int(self.data.value), int(self.last.value)
        except ValueError:
            self.note("a valid beat has unknown bits", stream=self)
            raise Violation("unknown bits") from None

    def valid_now(self) -> bool:
        return self.bit(self.valid, "tvalid")

    def decide(self) -> None:
        """Whether to take a beat in the cycle that begins."""
        self.accept(next(self.ready_in))

    def accept(self, wanted: bool) -> None:
        if wanted != self.accepting:
            self.accepting = wanted
            self.ready.value = int(wanted)


class Checker:
    """Compares what a monitor has taken with what was expected; notes what is wrong."""

    def __init__(self, monitor: Monitor, drivers: Sequence[Driver], note: Note) -> None:
        self.monitor, self.drivers, self.note = monitor, drivers, note
        self.compared = 0

    def check(self, seen: tuple[int, int]) -> None:
        beat = self.monitor.expected
        sent = [driver.sent for driver in self.drivers]
        if beat is None or any(n < m for n, m in zip(sent, beat.after, strict=True)):
            self.note("a beat came out that never went in", None, seen, self.monitor)
            raise Violation("a beat came out that never went in")
        data, last = seen
        self.compared += 1
        if (data ^ beat.data) & beat.mask:
            self.note("wrong value", beat, seen, self.monitor)
        elif last != beat.last:
            self.note(f"{self.monitor.prefix}_tlast is {last}, not {beat.last}", beat, seen,
                      self.monitor)
        self.monitor.received += 1
