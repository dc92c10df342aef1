"""Mutants of an AXI4-Lite top, one after the other in one simulation (cocotb).

The job's ``numbers`` say which; number 0, the circuit without one, comes first. Each adds a line of
JSON to the job's ``results``: the bench that fails for it, or nothing.
"""

import json
from typing import Any

import cocotb

from vit2rtl.sim.axi.bench import PACES, judged
from vit2rtl.sim.axi.top import Top
from vit2rtl.sim.benches.handshake import Violation
from vit2rtl.sim.benches.protocol import job


@cocotb.test
async def each(dut: Any) -> None:
    """A case that sees something wrong ends the mutant."""
    task = job()
    running = False
    for number in (0, *task["numbers"]):
        tables: dict[int, int] = {}
        healthy = Top(dut, task, f"tables {number}", tables)
        if not running:
            healthy.run_clock()
            running = True
        await known_tables(healthy)
        bench, problems = await first_failure(dut, task, number, tables)
        with open(task["results"], "a", encoding="utf-8") as out:
            out.write(json.dumps({"number": number, "bench": bench, "problems": problems}) + "\n")


async def known_tables(top: Top) -> None:
    """Every word of the channel tables written, by the circuit without a mutant."""
    try:
        await top.select(0)
        top.paced("never")
        for address in top.task["table_words"]:
            top.manager.write(address, top.rng.getrandbits(32))
        await top.settled()
    except Violation as violation:
        top.note_end(str(violation))


async def first_failure(
    dut: Any, task: dict[str, Any], number: int, tables: dict[int, int]
) -> tuple[str, list[dict[str, Any]]]:
    for pace in PACES:
        for bench in task["benches"]:
            top = Top(dut, task, f"{bench} {pace}", tables)
            await judged(top, bench, pace, number)
            if top.problems:
                return bench, top.problems[:2]
    return "", []
