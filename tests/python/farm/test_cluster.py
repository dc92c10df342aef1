"""Clusters: a scheduler at an address, stubs of SLURM and LSF, and names that are none."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.every import long
from tests.python.farm.work import DRIVER, NAME, alive, squares, table
from vit2rtl.farm import batches
from vit2rtl.farm.cluster import DaskCluster, cluster_of
from vit2rtl.farm.pool import LocalPool
from vit2rtl.farm.run import run
from vit2rtl.farm.store import DONE, FAILED, LOST, Store
from vit2rtl.farm.task import Task
from vit2rtl.farm.worker import versions

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [
    pytest.mark.skipif(not (find_spec("distributed") and find_spec("dask_jobqueue")),
                       reason="needs the extra [farm]"),
    pytest.mark.filterwarnings("default"),  # of distributed's own, while clusters end
]


def python(*arguments):
    return subprocess.Popen([sys.executable, "-m", *map(str, arguments)], cwd=ROOT,
                            stderr=subprocess.DEVNULL, env={
                                **os.environ, "PYTHONPATH": str(ROOT),
                                "DASK_DISTRIBUTED__WORKER__DAEMON": "False"})


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A scheduler with two workers, each with a nanny that replaces it."""
    file = tmp_path_factory.mktemp("dask") / "scheduler.json"
    children = [python("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                       "--no-dashboard", "--scheduler-file", file)]
    until(file.exists)
    children += [python("distributed.cli.dask_worker", "--scheduler-file", file, "--nthreads", "1",
                        "--no-dashboard", "--local-directory", file.parent) for _ in range(2)]
    yield json.loads(file.read_text())["address"]
    for child in reversed(children):
        child.terminate()
    for child in children:
        child.wait()


def test_a_scheduler_at_an_address_gives_the_bytes_of_the_serial_run(address, tmp_path):
    cluster = cluster_of(address, 1)
    assert table(squares(12), tmp_path / "cluster", cluster=cluster) == table(
        squares(12), tmp_path / "serial")


def test_a_worker_that_dies_is_replaced(address, tmp_path):
    deadly = Task(f"{NAME}:dies", 1, {"n": 1}, {"folder": str(tmp_path), "times": 2})
    found = run([deadly, *squares(4)], Store(tmp_path / "store"), cluster_of(address, 1))
    assert [trial.status for trial in found] == 5 * [DONE]


@long
def test_what_kills_workers_is_lost_and_nothing_that_travels_with_it(address, tmp_path):
    deadly = Task(f"{NAME}:dies", 1, {"n": 1}, {"folder": str(tmp_path), "times": 99})
    first, last = squares(60)[:40], squares(60)[40:]  # by then several go together
    found = run([*first, deadly, *last], Store(tmp_path / "store"), cluster_of(address, 1))
    assert [trial.status for trial in found] == 40 * [DONE] + [LOST] + 20 * [DONE]


def test_a_worker_of_another_version_is_refused(tmp_path):
    mine = versions()
    assert batches.run(squares(1), Store(tmp_path), False, None, mine) == [DONE]
    with pytest.raises(ValueError, match=r"^A worker has .*, and this process .*: install the sa"):
        batches.run(squares(1), Store(tmp_path), False, None, mine | {"vit2rtl": "0"})


def test_a_time_limit(address, tmp_path):
    tasks = [Task(f"{NAME}:hangs", 1, {"n": n, "hangs": n == 1}, {"folder": str(tmp_path)})
             for n in range(3)]
    found = run(tasks, Store(tmp_path / "store"), cluster_of(address, 1, 3))
    assert [trial.status for trial in found] == [DONE, FAILED, DONE]
    assert found[1].error["type"] == "TimeLimit"


@pytest.mark.parametrize("name", ["local:2", "pbs", "", "http://host:1"])
def test_a_name_that_is_no_cluster(name):
    with pytest.raises(ValueError) as error:
        cluster_of(name, 1)
    assert str(error.value) == (
        f"Cluster must be local, slurm, lsf, tcp://HOST:PORT or a scheduler's file NAME.json, not "
        f"{name!r}")


def test_a_scheduler_s_file(tmp_path):
    file = tmp_path / "scheduler.json"
    file.write_text('{"address": "tcp://10.0.0.1:8786"}')
    assert cluster_of(str(file), 2) == DaskCluster("tcp://10.0.0.1:8786", 2)
    for text in ("", "[]", "{}"):
        file.write_text(text)
        with pytest.raises(ValueError, match=r"scheduler\.json is not the file of a dask"):
            cluster_of(str(file), 2)


def test_local_needs_no_dask():
    assert cluster_of("local", 3) == LocalPool(3)


def test_dask_that_is_not_installed(monkeypatch):
    monkeypatch.setattr("vit2rtl.farm.cluster.find_spec", lambda name: None)
    with pytest.raises(ValueError) as error:
        cluster_of("slurm", 2)
    assert str(error.value) == "Cluster slurm needs dask: pip install 'vit2rtl[farm]'"


@pytest.mark.parametrize(("name", "submit"), [("slurm", "sbatch"), ("lsf", "bsub")])
def test_a_host_that_submits_no_jobs(name, submit, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError) as error:
        cluster_of(name, 2)
    assert str(error.value) == (f"Cluster {name} needs {submit}, which is not on PATH: run this on "
                                "a host that submits jobs")
    (tmp_path / submit).touch(0o755)
    assert cluster_of(name, 2) == DaskCluster(name, 2)


def test_an_address_where_nothing_answers(tmp_path):
    cluster = DaskCluster("tcp://127.0.0.1:9", 1, death_timeout=1)
    with pytest.raises(ValueError) as error:
        run(squares(1), Store(tmp_path), cluster)
    assert str(error.value) == "No dask scheduler answers at tcp://127.0.0.1:9"


SUBMIT = """#!/bin/sh
# The script is deleted after submission: a copy runs, as a queue would.
script="$(mktemp "$JOBS/script.XXXXXX")"
if [ "$#" -gt 0 ]; then cat "$1" > "$script"; else cat > "$script"; fi
setsid sh "$script" > "$script.log" 2>&1 &
echo $! > "$JOBS/$!.job"
echo "{answer}"
"""
KILL = """#!/bin/sh
for job in "$@"; do kill -9 "-$job"; done
"""


@contextmanager
def queue(kind, folder, monkeypatch):
    """Stubs of a queue's commands on PATH; yields a function that gives its running jobs."""
    bin, jobs = folder / "bin", folder / "jobs"
    bin.mkdir()
    jobs.mkdir()
    submit, kill, answer = {"slurm": ("sbatch", "scancel", "Submitted batch job $!"),
                            "lsf": ("bsub", "bkill", "Job <$!> is submitted to queue <q>."),
                            }[kind]
    for name, text in ((submit, SUBMIT.replace("{answer}", answer)), (kill, KILL)):
        (bin / name).write_text(text)
        (bin / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JOBS", str(jobs))
    monkeypatch.setenv("DASK_JOBQUEUE__LSF__LSF_UNITS", "mb")
    monkeypatch.setenv("DASK_JOBQUEUE__LSF__USE_STDIN", "True")
    monkeypatch.chdir(folder)

    def running():
        return [int(file.stem) for file in jobs.glob("*.job") if alive(int(file.stem))]

    yield running
    for job in running():
        os.killpg(job, signal.SIGKILL)


@pytest.mark.parametrize("kind", ["slurm", "lsf"])
def test_a_queue_of_jobs(kind, tmp_path, monkeypatch):
    with queue(kind, tmp_path, monkeypatch) as running:
        tasks = squares(6)
        assert table(tasks, tmp_path / "cluster", cluster=DaskCluster(kind, 1)) == table(
            tasks, tmp_path / "serial")
        until(lambda: not running())


@long  # as test_slurm.py on a real one
def test_a_cancelled_job_is_replaced(tmp_path, monkeypatch):
    with queue("slurm", tmp_path, monkeypatch) as running:
        killed = []

        def cancel(ended, total):
            if ended == 2:
                killed.extend(running())
                subprocess.run(["scancel", *map(str, killed)], check=True)

        tasks = squares(8, seconds=0.3)
        found = run(tasks, Store(tmp_path / "store"), DaskCluster("slurm", 1), cancel)
        assert killed and [trial.status for trial in found] == 8 * [DONE]


@long  # as test_slurm.py on a real one
def test_no_job_is_left_of_a_killed_driver(tmp_path, monkeypatch):
    with queue("slurm", tmp_path, monkeypatch) as running:
        (tmp_path / "driver.py").write_text(DRIVER)
        child = subprocess.Popen([sys.executable, "driver.py", "store", "slurm"])
        until(lambda: [*Path("store").rglob("*.json")])
        child.kill()
        child.wait()
        assert running()
        until(lambda: not running())
        assert len([*Path("store").rglob("*.json")]) < 60


def test_ctrl_c_ends_the_jobs_and_says_what_is_done(tmp_path, monkeypatch):
    with queue("slurm", tmp_path, monkeypatch) as running:
        (tmp_path / "driver.py").write_text(DRIVER)
        child = subprocess.Popen([sys.executable, "driver.py", "store", "slurm"],
                                 stderr=subprocess.PIPE, text=True)
        until(lambda: [*Path("store").rglob("*.json")])
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
        assert child.returncode == -signal.SIGINT
        said = r"^KeyboardInterrupt: .* has \d+ of 60 results; "
        assert re.search(said, errors, re.MULTILINE), errors
        until(lambda: not running())


def test_the_script_of_a_job(monkeypatch):
    script = DaskCluster("slurm", 2).job_script()
    for line in ("#!/usr/bin/env bash", "#SBATCH -n 1", "export OMP_NUM_THREADS=1",
                 "export DASK_DISTRIBUTED__WORKER__DAEMON=False"):
        assert line in script.splitlines()
    assert "--lifetime 1500s --lifetime-stagger 60s" in script and "--death-timeout 60" in script
    with pytest.raises(ValueError) as error:
        DaskCluster("tcp://host:1", 2).job_script()
    assert str(error.value) == "Cluster tcp://host:1 has no job script: slurm and lsf have"
