"""Protocol benches of a unit: stalls on both sides, reset in mid-stream, one beat a cycle.

The job (records, their files, the seed) is the JSON file named by ``VIT2RTL_JOB``; each case adds
a line of JSON to the job's ``results``.
"""

import json
import os
import random
from itertools import chain, cycle, islice, repeat

import cocotb

from vit2rtl.sim.benches.axi_stream import AxiStream, Violation
from vit2rtl.sim.coverage.protocol import fills

BEATS_PER_CASE = 96
PACKET_BEATS = 24
SINGLES_FROM = 64  # where in the list of records the one-beat packets begin
STARTS = 400  # a case starts at one of the first so many beats of its record
PATTERNS = ("never", "alternate", "random", "bursts")
PAYLOADS = {"stream": 17, "packets": PACKET_BEATS, "singles": 1}  # beats from tlast to tlast


def job():
    with open(os.environ["VIT2RTL_JOB"], encoding="utf-8") as stream:
        return json.load(stream)


def pattern(name, seed):
    """Endless bools; True means idle, or not ready."""
    rng = random.Random(f"{name}{seed}")
    if name == "never":
        return repeat(False)
    if name == "alternate":
        return cycle((True, False))
    if name == "random":
        return iter(lambda: rng.random() < 0.5, None)
    return _bursts(rng)


def _bursts(rng):
    while True:
        yield from repeat(True, rng.randint(1, 40))
        yield from repeat(False, rng.randint(1, 12))


def inverted(bools):
    return (not b for b in bools)


def load(record, first, count):
    """Beats ``first`` and following of a record's files: (data, last, want, label, number)."""
    with open(record["stimulus"], encoding="ascii") as i, open(record["expected"]) as o:
        lines = islice(zip(i, o, strict=True), first, first + count)
        beats = [(int(data, 16), 0, int(want, 16)) for data, want in lines]
    return [(*beat, record["record"], first + n) for n, beat in enumerate(beats)]


def repeated(record, count):
    """The first beats of a record, again from the first where it has less of them."""
    return (load(record, 0, count) * count)[:count]


def with_last(beats, packet):
    """Marks the end of every ``packet`` beats, and of the whole."""
    ends = {len(beats) - 1, *range(packet - 1, len(beats), packet)}
    return [(d, int(n in ends), want, *rest) for n, (d, _, want, *rest) in enumerate(beats)]


def packets(records, payload, turn):
    """(configuration, beats) of one case; over all turns every record has its own."""
    share = BEATS_PER_CASE if payload == "stream" else PACKET_BEATS
    turns = turn * (BEATS_PER_CASE // share) + (SINGLES_FROM if payload == "singles" else 0)
    left = BEATS_PER_CASE
    while left > 0:  # records shorter than their share leave room for more of them
        record = records[turns % len(records)]
        span = min(max(record["beats"] - share, 0), STARTS)
        beats = load(record, turns * 61 % (span + 1), share)
        yield record["configuration"], with_last(beats, PAYLOADS[payload])
        left -= len(beats)
        turns += 1


async def bench(dut, name, case, body):
    """Run one case and write down what it saw; a violation fails the cocotb test too."""
    task = job()
    stream = AxiStream(dut, task["configuration"])
    try:
        await stream.start()
        await body(stream, task)
    except Violation as violation:
        dut._log.error("gave up: %s", violation)
    result = {"bench": name, "case": case, "beats": stream.beats, "problems": stream.violations}
    with open(task["results"], "a", encoding="utf-8") as out:
        out.write(json.dumps(result) + "\n")
    for seen in stream.violations[:10]:
        dut._log.error("%s", {k: hex(v) if k in "got want" else v for k, v in seen.items()})
    assert not stream.violations, f"{len(stream.violations)} violations"


@cocotb.test
@cocotb.parametrize(idle=PATTERNS, pressure=PATTERNS, payload=list(PAYLOADS))
async def stalls(dut, idle, pressure, payload):
    """Every record's beats come out in order, whole and unchanged, whoever waits for whom."""
    turn = PATTERNS.index(idle) * len(PATTERNS) + PATTERNS.index(pressure)
    case = f"idle={idle} pressure={pressure} payload={payload}"

    async def body(stream, task):
        seed = f"{task['seed']} {case}"
        for configuration, beats in packets(task["records"], payload, turn):
            await stream.configure(configuration)
            waits = pattern(idle, f"{seed} i"), pattern(pressure, f"{seed} o")
            await stream.transfer(beats, idle=waits[0], ready=inverted(waits[1]))
            await stream.drain()

    await bench(dut, "stalls", case, body)


@cocotb.test
@cocotb.parametrize(sent=[1, 2, 9], pressure=["never", "bursts", "always"], gap=[0, 24])
async def reset(dut, sent, pressure, gap):
    """Reset in mid-stream: what was in flight is gone, what comes after is right."""
    case = f"sent={sent} pressure={pressure} gap={gap}"

    async def body(stream, task):
        records = task["records"]
        before, after = records[sent % len(records)], records[(sent + 1 + gap) % len(records)]
        blocked = repeat(True) if pressure == "always" else pattern(pressure, case)
        await stream.configure(before["configuration"])
        beats = with_last(repeated(before, 40), 5)
        await stream.transfer(
            beats, idle=repeat(False), ready=inverted(blocked), stop_after=sent
        )
        stream.o_ready.value = 0
        await stream.reset(1)
        await stream.configure(after["configuration"])
        if gap:
            await stream.drain(gap)
        beats = with_last(load(after, max(after["beats"] - 32, 0), 32), 32)
        waits = pattern("random", f"{case} i"), pattern("alternate", case)
        await stream.transfer(beats, idle=waits[0], ready=inverted(waits[1]))
        await stream.drain()

    await bench(dut, "reset", case, body)


@cocotb.test
@cocotb.parametrize(then=["stalls", "reset"])
async def fill(dut, then):
    """The pipeline is brought into every state of its stages, and stalled or reset there."""

    async def body(stream, task):
        stages = task["stages"]
        record = task["records"][-1]
        await stream.configure(record["configuration"])
        for state in fills(stages):
            # The beat that goes in first is to be in the last of the stages that hold one.
            slots = f"{state:b}".rstrip("0")
            beats = with_last(repeated(record, slots.count("1")), 2)
            idle = (slot == "0" for slot in slots)
            if then == "stalls":
                ready = chain(repeat(False, 2 * stages + 2), repeat(True))
                await stream.transfer(beats, idle=idle, ready=ready)
                await stream.drain(stages)
                continue
            blocked = repeat(False)
            await stream.transfer(beats, idle=idle, ready=blocked, stop_after=len(beats))
            for _ in range(f"{state:b}".count("0", len(slots)) if state else 0):
                await stream.edge
            await stream.reset(1)
            after = with_last(repeated(record, 2), 2)
            await stream.transfer(after, idle=repeat(False), ready=repeat(True))
            await stream.drain(stages + 2)

    await bench(dut, then, "each state of the pipeline", body)


@cocotb.test
async def throughput(dut):
    """Left alone, the unit takes and gives one beat in every cycle."""

    async def body(stream, task):
        if not task["throughput"]:
            return
        record = max(task["records"], key=lambda record: record["beats"])
        await stream.configure(record["configuration"])
        beats = with_last(repeated(record, 256), 256)
        cycles = await stream.transfer(beats, idle=repeat(False), ready=repeat(True))
        if cycles > len(beats) + task["latency"]:
            stream.note(f"{len(beats)} beats took {cycles} cycles")
        await stream.drain()

    await bench(dut, "throughput", "", body)


@cocotb.test
async def capacity(dut):
    """A blocked unit closes every gap and holds a beat in each stage; one edge of reset empties."""

    async def body(stream, task):
        if not task["throughput"]:
            return
        stages = task["stages"]
        record = task["records"][-1]
        await stream.configure(record["configuration"])
        beats = repeated(record, stages)
        for state in fills(stages):
            gaps = [slot == "0" for slot in f"{state:b}"]
            taken = await stream.fill(beats, [*gaps, *[False] * (2 * stages + 2)])
            if taken != stages:
                stream.note(f"{taken} beats fit into {stages} stages")
            await stream.flush()
            await stream.drain(stages + 2)

    await bench(dut, "throughput", "blocked and in reset", body)
