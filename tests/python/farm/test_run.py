"""Runs through the local pool: any number of workers, and every way to be disturbed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.python.farm.work import MACHINE, NAME, alive, squares, table
from vit2rtl.farm.pool import LocalPool
from vit2rtl.farm.run import results, run
from vit2rtl.farm.store import DONE, FAILED, LOST, Store
from vit2rtl.farm.task import Task

ROOT = Path(__file__).resolve().parents[3]


def driver(folder, count=12, jobs=2):
    return subprocess.Popen([sys.executable, "-m", NAME, str(folder), str(count), str(jobs)],
                            cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)


def calls(folder):
    return len(Path(f"{folder}.log").read_text().split())


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def trials(folder):
    return [*Path(folder).rglob("*.json")]


def test_one_two_and_four_workers_give_the_same_bytes(tmp_path):
    tables = [table(squares(9), tmp_path / str(jobs), cluster=LocalPool(jobs))
              for jobs in (1, 2, 4)]
    assert tables[0] == tables[1] == tables[2]
    assert tables[0].startswith(b'[{"square": 0}, {"square": 1}, {"square": 4}')


def test_what_is_stored_is_not_run_again_and_a_task_named_twice_runs_once(tmp_path):
    store, log, seen = Store(tmp_path / "store"), tmp_path / "log", []
    tasks = squares(4, log=str(log))
    run([*tasks, *tasks], store)
    assert [trial.result for trial in run(tasks[::-1], store, None, lambda *at: seen.append(at))
            ] == [{"square": n * n} for n in (3, 2, 1, 0)]
    assert seen == [(4, 4)] and sorted(log.read_text().split()) == list("0123")


def test_a_failure_is_a_result_that_is_run_again_on_request_only(tmp_path):
    task = Task(f"{NAME}:fails_once", 1, {"n": 1}, {"marker": str(tmp_path / "marker")})
    store = Store(tmp_path / "store")
    (first,) = run([task], store, LocalPool(2))
    assert first.status == FAILED and first.error is not None
    assert first.error["type"] == "ValueError" and first.error["message"] == "not yet"
    assert first.error["traceback"].endswith("ValueError: not yet")
    assert run([task], store) == [first]
    with pytest.raises(RuntimeError) as error:
        results([first, *run(squares(1), store)])
    assert str(error.value) == ("1 of 2 tasks failed or were lost; the first: ValueError: not yet")
    (second,) = run([task], store, retry_failed=True)
    assert (second.status, second.result) == (DONE, {"n": 1})


@pytest.mark.parametrize("what", MACHINE)
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_the_machine_lacks_is_no_result(jobs, what, tmp_path):
    task = Task(f"{NAME}:lacks", 1, {"what": what})
    with pytest.raises(type(MACHINE[what])) as error:
        run([task], Store(tmp_path), LocalPool(jobs))
    assert str(error.value) == str(MACHINE[what])
    assert getattr(error.value, "name", None) == getattr(MACHINE[what], "name", None)
    assert trials(tmp_path) == []


@pytest.mark.parametrize(("times", "status"), [(2, DONE), (3, LOST)])
def test_a_worker_that_dies_is_replaced_until_a_task_has_cost_three(times, status, tmp_path):
    deadly = Task(f"{NAME}:dies", 1, {"n": 1}, {"folder": str(tmp_path), "times": times})
    found = run([deadly, *squares(4)], Store(tmp_path / "store"), LocalPool(2))
    assert [trial.status for trial in found] == [status] + 4 * [DONE]
    if status == LOST:  # nothing of it is kept: the next start runs it
        assert run([deadly], Store(tmp_path / "store"), LocalPool(2))[0].result == {"n": 1}


def test_workers_import_no_torch_and_compute_in_one_thread(tmp_path):
    tasks = [Task(f"{NAME}:modules", 1, {"n": n}) for n in range(2)]
    assert results(run(tasks, Store(tmp_path), LocalPool(2))) == 2 * [
        {"torch": False, "threads": "1"}]


def test_a_killed_driver_leaves_no_worker_and_the_next_one_goes_on(tmp_path):
    undisturbed = table(squares(12), tmp_path / "undisturbed")
    folder = tmp_path / "store"
    child = driver(folder)
    until(lambda: len(trials(folder)) >= 3)
    workers = [pid for pid in os.listdir("/proc") if pid.isdigit() and _parent(pid) == child.pid]
    child.kill()
    child.communicate()
    until(lambda: not any(alive(pid) for pid in workers))
    kept, before = len(trials(folder)), calls(folder)
    assert workers and 3 <= kept < 12
    again = driver(folder)
    assert again.communicate()[0] == undisturbed
    assert calls(folder) - before == 12 - kept


def test_two_drivers_on_one_store(tmp_path):
    both = [driver(tmp_path / "store") for _ in range(2)]
    undisturbed = table(squares(12), tmp_path / "undisturbed")
    assert [child.communicate()[0] for child in both] == 2 * [undisturbed]
    assert len(trials(tmp_path / "store")) == 12


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_that_takes_too_long_has_failed_and_leaves_nothing(jobs, tmp_path):
    tasks = [Task(f"{NAME}:hangs", 1, {"n": n, "hangs": n == 1}, {"folder": str(tmp_path)})
             for n in range(3)]
    found = run(tasks, Store(tmp_path / "store"), LocalPool(jobs, limit=3))
    assert [trial.status for trial in found] == [DONE, FAILED, DONE]
    assert found[1].error["type"] == "TimeLimit"
    assert found[1].error["message"] == "stopped after 3 s"
    started = [int(pid) for pid in (tmp_path / "1").read_text().split()]
    until(lambda: not any(alive(pid) for pid in started))


def test_an_interrupt_ends_the_workers(tmp_path):
    tasks = [Task(f"{NAME}:process", 1, {"n": n}, {"folder": str(tmp_path)}) for n in range(2)]
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)

    def pids():
        return [path.name for path in tmp_path.iterdir() if path.name.isdigit()]

    def interrupt():
        until(lambda: len(pids()) == 2)
        os.kill(os.getpid(), signal.SIGALRM)

    threading.Thread(target=interrupt).start()
    try:
        with pytest.raises(KeyboardInterrupt) as stop:
            run(tasks, Store(tmp_path / "store"), LocalPool(2))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert str(stop.value) == (
        f"{tmp_path / 'store'} has 0 of 2 results; the same command goes on")
    assert not any(alive(pid) for pid in pids())


def _parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
