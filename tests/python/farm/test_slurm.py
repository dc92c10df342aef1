"""A real SLURM on this machine alone: runs where slurm-wlm and munge are installed, as root."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.python.farm.work import DRIVER, squares, table
from vit2rtl.farm.cluster import DaskCluster
from vit2rtl.farm.run import run
from vit2rtl.farm.store import DONE, Store

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "scancel", "squeue")
ROOT = Path(__file__).resolve().parents[3]
PATH = f"{os.environ['PATH']}:/usr/sbin"
pytestmark = [
    pytest.mark.skipif(not find_spec("dask_jobqueue"), reason="needs the extra [farm]"),
    pytest.mark.skipif(
        os.getuid() != 0 or not all(shutil.which(name, path=PATH) for name in PROGRAMS),
        reason="needs root and a SLURM: apt install slurm-wlm munge"),
    pytest.mark.filterwarnings("default"),  # of distributed's own, while clusters end
]
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=32000
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


def jobs():
    """Numbers of those that wait or run."""
    return subprocess.run(["squeue", "--noheader", "--format=%i", "--states=PD,R"], check=True,
                          capture_output=True, text=True).stdout.split()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """Daemons of their own, told apart from any other SLURM by files, ports and key."""
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    (folder / "slurm.conf").write_text(CONFIGURATION.format(
        host=socket.gethostname().partition(".")[0], folder=folder,
        ports=[free_port(), free_port()]))
    children = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", PATH)
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        for command in (
            ["munged", "--foreground", "--force", f"--key-file={key}",
             f"--socket={folder}/munge.socket", f"--pid-file={folder}/munged.pid",
             f"--seed-file={folder}/munge.seed", f"--log-file={folder}/munged.log"],
            ["slurmctld", "-D"], ["slurmd", "-D"],
        ):
            children.append(subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL))
            time.sleep(0.5)
        until(lambda: "idle" in subprocess.run(
            ["sinfo", "--noheader", "--format=%t"], capture_output=True, text=True).stdout, 30)
        yield folder
        subprocess.run(["scancel", "--user=root"], check=False)
        for child in reversed(children):
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(10)
            child.kill()
            child.wait()


def test_a_cancelled_job_is_replaced_and_the_results_are_those_of_a_serial_run(
    slurm, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    cancelled, at, tasks = [], [], squares(8, seconds=0.3)

    def cancel(ended, total):
        if ended == 2:
            cancelled.extend(jobs())
            subprocess.run(["scancel", *cancelled], check=True)
            at.append(time.monotonic())

    found = run(tasks, Store(tmp_path / "store"), DaskCluster("slurm", 1), cancel)
    assert len(cancelled) == 1 and [trial.status for trial in found] == 8 * [DONE]
    assert time.monotonic() - at[0] < 60
    assert table(tasks, tmp_path / "store") == table(squares(8), tmp_path / "serial")
    until(lambda: not jobs())


def test_no_job_is_left_of_a_killed_driver(slurm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "driver.py").write_text(DRIVER)
    child = subprocess.Popen([sys.executable, "driver.py", "store", "slurm"])
    until(lambda: [*Path("store").rglob("*.json")])
    child.kill()
    child.wait()
    assert len(jobs()) == 2
    until(lambda: not jobs())
    assert len([*Path("store").rglob("*.json")]) < 60
