"""What a task costs in the farm, beside what it computes: nothing, here.

CPU seconds of all processes for so many empty tasks, by a task: in this process, in the local pool
of two, and through dask with a scheduler and two workers of its own, and the scheduler's memory.
With --commands: CPU seconds of `simulate` and of `mutate` here and through those workers, once
all is compiled and imported.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from vit2rtl.farm.cluster import DaskCluster
from vit2rtl.farm.pool import LocalPool
from vit2rtl.farm.run import Cluster, results, run
from vit2rtl.farm.store import Store
from vit2rtl.farm.task import Task

TASKS, MANY = 1_000, 10_000
WORKERS = 2
EMPTY = "builtins:dict"  # its result is the spec


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Of processes and of their children that have ended."""
    return sum(sum(process.cpu_times()[:4]) for process in processes)


def overhead(count: int, cluster: Cluster, others: list[psutil.Process]) -> float:
    """CPU seconds of so many tasks, in this process and others."""
    processes = [psutil.Process(), *others]
    with tempfile.TemporaryDirectory() as folder:
        before = cpu_seconds(processes)
        tasks = [Task(EMPTY, 1, {"n": n}) for n in range(count)]
        results(run(tasks, Store(folder), cluster))
        return cpu_seconds(processes) - before


@contextmanager
def dask() -> Iterator[tuple[str, list[psutil.Process]]]:
    """Address of a scheduler with workers, and the processes, the scheduler's first."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        children = [_started("dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                             "--no-dashboard", "--scheduler-file", str(file))]
        while not file.exists():
            time.sleep(0.1)
        children += [_started("dask_worker", "--scheduler-file", str(file), "--nthreads", "1",
                              "--no-nanny", "--no-dashboard", "--local-directory", folder)
                     for _ in range(WORKERS)]
        try:
            address = json.loads(file.read_text())["address"]
            overhead(4 * WORKERS, DaskCluster(address, 1), [])  # all are there
            yield address, [psutil.Process(child.pid) for child in children]
        finally:
            for child in reversed(children):
                child.terminate()
                child.wait()


def _started(program: str, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
        stderr=subprocess.DEVNULL)


def commands(address: str, others: list[psutil.Process]) -> dict[str, dict[str, float]]:
    """CPU seconds of commands in the local pool and through dask."""
    with tempfile.TemporaryDirectory() as folder:
        model, vectors = Path(folder, "model"), Path(folder, "vectors")
        _vit2rtl("quantize", "mnist_vit", "--out", model)
        _vit2rtl("vectors", model, "--out", vectors)
        found = {}
        for name, *request in (
            ("simulate", "simulate", vectors, "--simulator", "icarus"),
            ("mutate", "mutate", "log2_dequantizer", "requantizer", "--count", "150"),
        ):
            where = {"local": [], "dask": ["--cluster", address]}
            found[name] = {}
            for kind, options in where.items():
                for turn in range(2):  # the first compiles and imports
                    before = cpu_seconds([psutil.Process(), *others])
                    _vit2rtl(*request, "--jobs", WORKERS, *options, "--out", f"{folder}/{name}",
                             "--store", f"{folder}/{name}-{kind}-{turn}")
                    found[name][kind] = cpu_seconds([psutil.Process(), *others]) - before
        return found


def _vit2rtl(*arguments: object) -> None:
    program = Path(sys.executable).with_name("vit2rtl")
    subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", action="store_true", help="time simulate and mutate, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = {
        "in_process_overhead_ms": 1e3 * overhead(TASKS, LocalPool(1), []) / TASKS,
        "overhead_ms": 1e3 * overhead(TASKS, LocalPool(WORKERS), []) / TASKS,
    }
    os.environ["OMP_NUM_THREADS"] = "1"
    with dask() as (address, processes):
        cluster = DaskCluster(address, 1)
        found["dask_overhead_ms"] = 1e3 * overhead(TASKS, cluster, processes) / TASKS
        found["ten_thousand_cpu_seconds"] = overhead(MANY, cluster, processes)
        found["scheduler_mb"] = processes[0].memory_info().rss / 1e6
        if options.commands:
            found["commands_cpu_seconds"] = commands(address, processes)
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name}: {value if isinstance(value, dict) else round(value, 2)}")


if __name__ == "__main__":
    main()
