"""Benches of an AXI4-Lite top: its registers, data between accesses, reset at any moment (cocotb).

The job is the JSON file named by ``VIT2RTL_JOB``, see ``job.py``; each case adds a line of JSON to
the job's ``results``.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import cocotb

from vit2rtl.sim.axi.scenarios import registers, resets, traffic
from vit2rtl.sim.axi.top import Top
from vit2rtl.sim.benches.handshake import Violation
from vit2rtl.sim.benches.protocol import job

# Pauses of aw, w, b, ar, r, the sources and the sinks.
PACES: dict[str, tuple[str, ...]] = {
    "never": ("never",),
    "data first": ("alternate", "never", "random", "never", "alternate", "random", "never"),
    "address first": ("never", "alternate", "alternate", "random", "random", "never", "random"),
    "random": ("random",),
    "bursts": ("random", "random", "bursts", "never", "bursts", "never", "bursts"),
}
BODIES: dict[str, Callable[[Top, int], Awaitable[None]]] = {
    "registers": registers, "traffic": traffic, "reset": resets,
}
# What channel tables hold: reset leaves it, so that one case inherits it from the one before.
TABLES: dict[int, int] = {}
# What was wrong in the cases before.
FAILED: list[dict[str, Any]] = []


@cocotb.test
@cocotb.parametrize(bench=list(BODIES), pace=list(PACES))
async def cases(dut: Any, bench: str, pace: str) -> None:
    """Everything that a case sees at the ports agrees with the model."""
    top = Top(dut, job(), f"{bench} {pace}", TABLES)
    top.run_clock()
    if not (top.task["first"] and FAILED):
        await judged(top, bench, pace)
    FAILED.extend(top.problems)
    with open(top.task["results"], "a", encoding="utf-8") as out:
        out.write(json.dumps({
            "bench": bench, "case": pace, "beats": top.accesses + top.streams.given,
            "problems": top.problems, "hits": top.hits,
        }) + "\n")
    for seen in top.problems:
        dut._log.error("%s", seen)
    assert not top.problems, f"{len(top.problems)} problems"


async def judged(top: Top, bench: str, pace: str, mutant: int = 0) -> None:
    """Run a case from reset on; what is wrong is in ``top.problems``."""
    try:
        await top.select(mutant)
        top.paced(*PACES[pace])
        await BODIES[bench](top, list(PACES).index(pace))
    except Violation as violation:
        top.note_end(str(violation))
