"""Drives and watches an AXI4-Stream unit cycle by cycle; notes every breach of the protocol."""

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

CLOCK_NS = 10
RESET_CYCLES = 3
# Cycles a stream may stand still with both sides willing before it counts as dead.
PATIENCE = 200
# A unit whose output is blocked has filled up when it took nothing for so many cycles, and offers
# a beat; a slow one may still be at work on it.
FULL = 12


class Violation(Exception):
    """The unit did what no correct one does; the bench cannot go on."""


class AxiStream:
    """The handles of a unit's AXI4-Stream top, and the checks made in every cycle.

    ``violations`` collects dictionaries: ``problem``, and ``label``, ``beat``, ``got``, ``want``
    where they apply. ``beats`` counts what came out and was compared.
    """

    def __init__(self, dut, configuration=()):
        self.clock = dut.aclk
        self.reset_n = dut.aresetn
        self.i_data, self.i_last = dut.s_axis_tdata, dut.s_axis_tlast
        self.i_valid, self.i_ready = dut.s_axis_tvalid, dut.s_axis_tready
        self.o_data, self.o_last = dut.m_axis_tdata, dut.m_axis_tlast
        self.o_valid, self.o_ready = dut.m_axis_tvalid, dut.m_axis_tready
        self.settings = {name: getattr(dut, name) for name in configuration}
        self.junk = (1 << len(dut.s_axis_tdata)) - 1
        self.edge = RisingEdge(dut.aclk)
        self.beats = 0
        self.violations = []

    async def start(self):
        Clock(self.clock, CLOCK_NS, unit="ns").start()
        self.i_data.value = 0
        self.i_last.value = 0
        self.o_ready.value = 0
        await self.reset(RESET_CYCLES)

    async def reset(self, cycles):
        """Synchronous reset; the output must be silent from the second edge on."""
        self.reset_n.value = 0
        self.i_valid.value = 0
        await self.edge
        for _ in range(cycles):
            await self.edge
            if self._bit(self.o_valid, "m_axis_tvalid"):
                self.note("m_axis_tvalid is high in reset")
        self.reset_n.value = 1

    async def flush(self):
        """Reset for one clock edge, both sides willing: in that cycle nothing moves."""
        self.reset_n.value = 0
        self.i_valid.value = 1
        self.o_ready.value = 1
        await FallingEdge(self.clock)
        for handle, name in ((self.i_ready, "s_axis_tready"), (self.o_valid, "m_axis_tvalid")):
            if self._bit(handle, name):
                self.note(f"{name} is high in reset")
        await self.edge
        self.i_valid.value = 0
        self.o_ready.value = 0
        self.reset_n.value = 1

    async def fill(self, beats, idle):
        """Offer beats to a unit whose output is blocked, until ``idle`` ends; how many it takes."""
        taken, valid = 0, False
        for wait in idle:
            await self.edge
            if valid and self._bit(self.i_ready, "s_axis_tready"):
                taken, valid = taken + 1, False
            if not valid and not wait:
                self._drive(*beats[taken % len(beats)][:2])
                valid = True
            self.i_valid.value = int(valid)
        return taken

    async def configure(self, configuration):
        """Set the configuration inputs; nothing may be in flight."""
        for name, value in configuration.items():
            handle = self.settings[name]
            handle.value = value & ((1 << len(handle)) - 1)
        await self.edge

    async def transfer(self, beats, *, idle, ready, stop_after=None):
        """Send beats and compare what comes out; returns the cycles it took.

        beats       list of (data, last, want, label, number)
        idle        iterator of bools: hold back the next beat in this cycle
        ready       iterator of bools: m_axis_tready in this cycle
        stop_after  return as soon as that many beats were accepted, the rest still in flight, or
                    as soon as the unit is full
        """
        sent = received = cycles = quiet = 0
        valid = accepting = False
        held = None
        while received < len(beats):
            await self.edge
            cycles += 1
            quiet += 1
            if valid and self._bit(self.i_ready, "s_axis_tready"):
                sent, valid, quiet = sent + 1, False, 0
                if sent == stop_after:
                    self.i_valid.value = 0
                    return cycles
            if stop_after and quiet > FULL and not accepting:
                offered, late = self._output() is not None, quiet > PATIENCE
                if late and not offered:
                    self.note("m_axis_tvalid waits for m_axis_tready")
                if late or offered:
                    self.i_valid.value = 0
                    return cycles
            seen = self._output()
            if held is not None and seen != held:
                self.note("payload changed or went away while stalled", beats[received], seen)
            held = seen if seen is not None and not accepting else None
            if seen is not None and accepting:
                if received >= sent:
                    raise self._fatal("a beat came out that never went in", seen)
                self._compare(seen, beats[received])
                received, quiet = received + 1, 0
            if quiet > PATIENCE:
                raise self._fatal(f"stuck: {sent} beats in, {received} out", beats[received])
            if not valid:
                valid = sent < len(beats) and not next(idle)
                self._drive(*beats[sent][:2] if valid else (self.junk, 1))
                self.i_valid.value = int(valid)
            wanted = next(ready)
            if wanted != accepting:
                accepting = wanted
                self.o_ready.value = int(accepting)
        return cycles

    async def drain(self, cycles=24):
        """Nothing more may come out."""
        self.i_valid.value = 0
        self.o_ready.value = 1
        for _ in range(cycles):
            await self.edge
            seen = self._output()
            if seen is not None:
                raise self._fatal("a beat came out that never went in", seen)
        self.o_ready.value = 0
        await self.edge

    def note(self, problem, beat=None, seen=None):
        violation = {"problem": problem}
        if beat is not None:
            violation |= {"want": beat[2], "label": beat[3], "beat": beat[4]}
        if seen is not None:
            violation["got"] = seen[0]
        self.violations.append(violation)

    def _fatal(self, problem, context):
        if len(context) == 2:
            self.note(problem, seen=context)
        else:
            self.note(problem, context)
        return Violation(problem)

    def _compare(self, seen, beat):
        data, last = seen
        self.beats += 1
        if data != beat[2]:
            self.note("wrong value", beat, seen)
        elif last != beat[1]:
            self.note(f"m_axis_tlast is {last}, not {beat[1]}", beat, seen)

    def _drive(self, data, last):
        self.i_data.value = data
        self.i_last.value = last

    def _output(self):
        """The beat on offer as (data, last), or None."""
        if not self._bit(self.o_valid, "m_axis_tvalid"):
            return None
        try:
            return int(self.o_data.value), int(self.o_last.value)
        except ValueError:
            self.note("a valid beat has unknown bits")
            raise Violation("unknown bits") from None

    def _bit(self, handle, name):
        try:
            return int(handle.value)
        except ValueError:
            self.note(f"{name} is {handle.value}")
            raise Violation(name) from None
