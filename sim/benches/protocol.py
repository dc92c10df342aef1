"""Protocol benches of a unit: stalls on all sides, reset in mid-stream, one beat a cycle.

The job (records, their files, the seed) is the JSON file named by ``VIT2RTL_JOB``; each case adds
a line of JSON to the job's ``results``.
"""

import json
import os
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import Any

import cocotb
from cocotb.handle import SimHandleBase

from vit2rtl.sim.benches.axi_stream import AxiStream, Bools
from vit2rtl.sim.benches.handshake import Violation
from vit2rtl.sim.benches.stimuli import (
    PATTERNS,
    PAYLOADS,
    Cuts,
    Job,
    Stimulus,
    inverted,
    pattern,
)
from vit2rtl.sim.coverage.protocol import fills

# Cycles of beats before a reset of one edge; in the last of them a unit of unknown depth fills up.
FILLING = (1, 2, 3, 4, 5, 7, 9, 24)
HELD = 1100  # cycles for which a beat waits at a blocked output, and the unit for its next beat
LONG = 600  # beats without a reset

Body = Callable[["Bench"], Awaitable[None]]


def job() -> Job:
    with open(os.environ["VIT2RTL_JOB"], encoding="utf-8") as stream:
        return json.load(stream)


class Bench(AxiStream):
    """The top of a job's unit, and the stimuli that the job's records give."""

    def __init__(self, dut: SimHandleBase, task: Job) -> None:
        super().__init__(dut, task)
        self.task, self.cuts = task, Cuts(task)
        self.records, self.stages = task["records"], task["stages"]

    def idle(self, name: str, seed: str) -> Bools:
        """A pattern for each stream that enters."""
        return {s: pattern(name, f"{seed} {s}") for s in (*self.tables, *self.sources)}

    def ready(self, name: str, seed: str) -> Bools:
        """A pattern of back pressure for each stream that leaves."""
        return {s: inverted(pattern(name, f"{seed} {s}")) for s in self.sinks}

    def always(self, value: bool) -> Bools:
        return {s: repeat(value) for s in (*self.tables, *self.sources, *self.sinks)}

    async def flow(self, stimulus: Stimulus) -> int:
        """Send all of it with nothing in the way; the cycles that it took."""
        return await self.transfer(stimulus, idle=self.always(False), ready=self.always(True))


async def run(dut: SimHandleBase, name: str, case: str, body: Body) -> None:
    """Run one case and write down what it saw; a violation fails the cocotb test too."""
    task = job()
    bench = Bench(dut, task)
    try:
        await bench.start()
        await body(bench)
    except Violation as violation:
        dut._log.error("gave up: %s", violation)
    result = {"bench": name, "case": case, "beats": bench.beats, "problems": bench.violations}
    with open(task["results"], "a", encoding="utf-8") as out:
        out.write(json.dumps(result) + "\n")
    for seen in bench.violations[:10]:
        dut._log.error("%s", {k: hex(v) if k in ("got", "want") else v for k, v in seen.items()})
    assert not bench.violations, f"{len(bench.violations)} violations"


@cocotb.test
@cocotb.parametrize(idle=PATTERNS, pressure=PATTERNS, payload=list(PAYLOADS))
async def stalls(dut: Any, idle: str, pressure: str, payload: str) -> None:
    """Every record's beats come out in order, whole and unchanged, whoever waits for whom."""
    turn = PATTERNS.index(idle) * len(PATTERNS) + PATTERNS.index(pressure)
    case = f"idle={idle} pressure={pressure} payload={payload}"

    async def body(bench: Bench) -> None:
        seed = f"{bench.task['seed']} {case}"
        for number, stimulus in enumerate(bench.cuts.packets(payload, turn)):
            if number % 2 == 0:  # else it follows at once
                await bench.drain()
            waits = bench.idle(idle, seed)
            await bench.load(stimulus, waits)
            await bench.transfer(stimulus, idle=waits, ready=bench.ready(pressure, seed))
        await bench.drain()

    await run(dut, "stalls", case, body)


@cocotb.test
async def held(dut: Any) -> None:
    """A beat waits for as long as it must, and so does the unit for its next beat."""

    async def body(bench: Bench) -> None:
        stimulus = bench.cuts.repeated(bench.records[0], LONG, 7)
        await bench.load(stimulus)
        waits = {s: chain(repeat(False, 20), repeat(True, HELD), repeat(False))
                 for s in bench.sources}
        blocked = {s: chain(repeat(False, HELD), repeat(True)) for s in bench.sinks}
        await bench.transfer(stimulus, idle=waits, ready=blocked)
        await bench.drain()

    await run(dut, "stalls", f"for {HELD:,} cycles", body)


@cocotb.test
@cocotb.parametrize(sent=[1, 2, 9], pressure=["never", "bursts", "always"], gap=[0, 24])
async def reset(dut: Any, sent: int, pressure: str, gap: int) -> None:
    """Reset in mid-stream: what was in flight is gone, what comes after is right."""
    case = f"sent={sent} pressure={pressure} gap={gap}"

    async def body(bench: Bench) -> None:
        records = bench.records
        before, after = records[sent % len(records)], records[(sent + 1 + gap) % len(records)]
        blocked = bench.always(False)
        if pressure != "always":
            blocked = {s: inverted(pattern(pressure, case)) for s in bench.sinks}
        stimulus = bench.cuts.repeated(before, 40, 5)
        await bench.load(stimulus)
        await bench.transfer(stimulus, idle=bench.always(False), ready=blocked, stop_after=sent)
        await bench.reset(2)
        if gap:
            await bench.drain(gap)
        stimulus = bench.cuts.ending(after, 32)
        await bench.load(stimulus)
        waits = bench.idle("random", case), bench.ready("alternate", case)
        await bench.transfer(stimulus, idle=waits[0], ready=waits[1])
        await bench.drain()

    await run(dut, "reset", case, body)


@cocotb.test
@cocotb.parametrize(accepting=[False, True], willing=[False, True])
async def edge(dut: Any, accepting: bool, willing: bool) -> None:
    """One clock edge in reset empties the unit, however full; what comes next is right."""
    case = f"one edge of reset accepting={accepting} willing={willing}"

    async def body(bench: Bench) -> None:
        for turn, cycles in enumerate(FILLING):
            before, after = (
                bench.records[(2 * turn + n) % len(bench.records)] for n in range(2)
            )
            stimulus = bench.cuts.repeated(before, cycles, 5)
            await bench.load(stimulus)
            await bench.fill(stimulus, [False] * cycles, accepting=accepting)
            await bench.reset(1, willing=willing)
            stimulus = bench.cuts.repeated(after, 6, 3)
            await bench.load(stimulus)
            await bench.flow(stimulus)
            await bench.drain(8)

    await run(dut, "reset", case, body)


@cocotb.test
@cocotb.parametrize(then=["stalls", "reset"])
async def fill(dut: Any, then: str) -> None:
    """The pipeline is brought into every state of its stages, and stalled or reset there."""

    async def body(bench: Bench) -> None:
        record = bench.records[-1]
        await bench.load(bench.cuts.repeated(record, 1, 1))
        for state in fills(bench.stages):
            if then == "stalls":
                await fill_and_stall(bench, state)
            else:
                await fill_and_reset(bench, state)

    await run(dut, then, "each state of the pipeline", body)


def filling(bench: Bench, state: int) -> tuple[Stimulus | None, Bools]:
    """Beats and pauses that lead to a state: the first beat in is in the last stage that has one.

    No beats for the empty state.
    """
    slots = f"{state:b}".rstrip("0")
    count = slots.count("1")
    stimulus = bench.cuts.repeated(bench.records[-1], count, 2) if count else None
    return stimulus, {s: (slot == "0" for slot in slots) for s in bench.sources}


async def fill_and_stall(bench: Bench, state: int) -> None:
    stages = bench.stages
    stimulus, idle = filling(bench, state)
    if stimulus:
        ready = {s: chain(repeat(False, 2 * stages + 2), repeat(True)) for s in bench.sinks}
        await bench.transfer(stimulus, idle=idle, ready=ready)
    await bench.drain(stages)


async def fill_and_reset(bench: Bench, state: int) -> None:
    stimulus, idle = filling(bench, state)
    if stimulus:
        sent = stimulus.beats
        await bench.transfer(stimulus, idle=idle, ready=bench.always(False), stop_after=sent)
        slots = f"{state:b}"
        for _ in range(len(slots) - len(slots.rstrip("0"))):
            await bench.edge
    await bench.reset(1)
    after = bench.cuts.repeated(bench.records[-1], 2, 2)
    await bench.load(after)
    await bench.flow(after)
    await bench.drain(bench.stages + 2)


@cocotb.test
async def throughput(dut: Any) -> None:
    """Left alone, the unit takes and gives one beat in every cycle."""

    async def body(bench: Bench) -> None:
        if not bench.task["throughput"]:
            return
        cuts = bench.cuts
        record = max(bench.records, key=lambda record: (cuts.row(record), cuts.length(record)))
        stimulus = bench.cuts.repeated(record, 256, 256)
        await bench.load(stimulus)
        cycles = await bench.flow(stimulus)
        latency = bench.task["latency"] + bench.cuts.row(record)
        if cycles > stimulus.beats * bench.task["interval"] + latency:
            bench.note(f"{stimulus.beats} beats took {cycles} cycles")
        await bench.drain()

    await run(dut, "throughput", "", body)


@cocotb.test
async def capacity(dut: Any) -> None:
    """A blocked unit closes every gap and holds a beat in each stage; one edge of reset empties."""

    async def body(bench: Bench) -> None:
        stages = bench.stages
        if not bench.task["throughput"] or not stages:
            return
        stimulus = bench.cuts.repeated(bench.records[-1], stages, stages + 1)
        for state in fills(stages):
            gaps = [slot == "0" for slot in f"{state:b}"]
            taken = await bench.fill(stimulus, [*gaps, *[False] * (2 * stages + 2)])
            if taken != stages:
                bench.note(f"{taken} beats fit into {stages} stages")
            await bench.reset(1, willing=True)
            await bench.drain(stages + 2)

    await run(dut, "throughput", "blocked and in reset", body)
