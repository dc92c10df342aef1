"""Functions that tasks of the tests call, and a driver of them: python -m … STORE COUNT JOBS."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from vit2rtl.farm.pool import LocalPool
from vit2rtl.farm.run import results, run
from vit2rtl.farm.store import Store
from vit2rtl.farm.task import Task

NAME = "tests.python.farm.work"
# A script of half a minute on two jobs, which give up ten seconds after it: STORE CLUSTER.
DRIVER = """
import sys
from tests.python.farm.work import squares, table
from vit2rtl.farm.cluster import DaskCluster
if __name__ == "__main__":
    table(squares(60, seconds=0.5), sys.argv[1], cluster=DaskCluster(sys.argv[2], 2, 10))
"""


def square(spec, seconds=0.0, log=None):
    if log:
        with open(log, "a") as file:
            file.write(f"{spec['n']}\n")
    time.sleep(seconds)
    return {"square": spec["n"] ** 2}


def fails(spec):
    raise ValueError(f"no {spec['n']}")


MACHINE = {
    "disk": OSError(errno.ENOSPC, "No space left on device"), "memory": MemoryError("4 GB"),
    "package": ModuleNotFoundError("No module named 'torch'", name="torch")}


def lacks(spec):
    """What this machine has not, another may have."""
    raise MACHINE[spec["what"]]


def fails_once(spec, marker):
    if not Path(marker).exists():
        Path(marker).touch()
        raise ValueError("not yet")
    return {"n": spec["n"]}


def dies(spec, folder, times):
    """Its worker, so many times."""
    died = Path(folder, str(spec["n"]))
    count = int(died.read_text()) if died.exists() else 0
    if count < times:
        died.write_text(str(count + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    return {"n": spec["n"]}


def modules(spec):
    return {"torch": "torch" in sys.modules, "threads": os.environ.get("OMP_NUM_THREADS")}


def process(spec, folder):
    """Says which process it is, then takes long."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(60)
    return {}


def hangs(spec, folder, seconds=600):
    """Takes long where ``spec`` says so, as does what it starts."""
    child = subprocess.Popen(["sleep", str(seconds)]) if spec["hangs"] else None
    Path(folder, str(spec["n"])).write_text(f"{os.getpid()} {child.pid if child else 0}")
    if child:
        child.wait()
    return {"n": spec["n"]}


def squares(count, **inputs):
    return [Task(f"{NAME}:square", 1, {"n": n}, inputs) for n in range(count)]


def table(tasks, folder, **options):
    """The results as bytes of a table, as a command would write them."""
    return json.dumps(results(run(tasks, Store(folder), **options))).encode()


def alive(pid):
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    folder, count, jobs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.stdout.buffer.write(table(squares(count, seconds=0.05, log=f"{folder}.log"), folder,
                                  cluster=LocalPool(jobs)))
