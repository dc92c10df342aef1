import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap

ROOT = Path(bootstrap.__file__).resolve().parent.parent


class FakeMachine:
    """Answers the checks, records what would have been run, and can let a command fail."""

    def __init__(self, *, present=(), sudo=True, apt=True, failing="", gpu=False, online=False,
                 matching=True):
        self.present = set(present)
        self.sudo = sudo
        self.apt = apt
        self.failing = failing
        self.gpu, self.online, self.matching = gpu, online, matching
        self.calls = []

    def works(self, command):
        if command[0] == "apt-get":
            return self.apt
        if command[0] == "sudo":
            return self.sudo
        if command[0] == "nvidia-smi":
            return self.gpu
        if command[-1] == "import torchvision":
            return self.matching
        for tool in TOOLS:
            if command == tool.check:
                return tool.package in self.present
        return "python" in self.present  # of the virtual environment

    def call(self, command, **_):
        line = " ".join(str(part) for part in command)
        self.calls.append(line)
        if self.failing and self.failing in line:
            return 1
        if "venv" in command:
            Path(command[-1]).mkdir(exist_ok=True)
            self.present.add("python")
        if "install" in command and "apt-get" in command:
            self.present.update(command[command.index("--no-install-recommends") + 1 :])
        return 0


TOOLS = (*bootstrap.SYSTEM_TOOLS, *bootstrap.TEST_TOOLS, *bootstrap.CLUSTER_TOOLS,
         bootstrap.VENV_TOOL)
ALL = [tool.package for tool in TOOLS]


@pytest.fixture
def project(tmp_path):
    for name in bootstrap.INPUTS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def set_up(project, monkeypatch, capsys):
    """``set_up(machine, euid) -> lines printed``"""

    def set_up(machine, euid=1000):
        monkeypatch.setattr(bootstrap.os, "geteuid", lambda: euid)
        monkeypatch.setattr(bootstrap, "works", machine.works)
        monkeypatch.setattr(bootstrap, "reachable", lambda url: machine.online)
        monkeypatch.delenv(bootstrap.OPTION, raising=False)
        monkeypatch.setattr(bootstrap.subprocess, "call", machine.call)
        monkeypatch.setattr(shutil, "which", lambda name: machine.apt or None)
        machine.calls.clear()
        with open(project / "log", "a") as log:
            bootstrap.Setup(project, log).run()
        return capsys.readouterr().out.splitlines()

    return set_up


@pytest.mark.parametrize(("version", "found"), [((3, 10, 12), "3.10.12"), ((2, 7, 18), "2.7.18")])
def test_an_old_python_is_one_line(version, found):
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.check_python(version)
    assert str(error.value) == (
        f"Python 3.11 or later is needed, this is {found}: "
        "name a newer one, such as `make setup PYTHON=python3.12`"
    )


def test_python_3_11_and_later_will_do():
    bootstrap.check_python((3, 11, 0))
    bootstrap.check_python((4, 0, 0))


@pytest.mark.parametrize(
    ("euid", "apt", "sudo", "prefix"),
    [
        (0, True, False, []),
        (1000, True, True, ["sudo", "-n"]),
        (1000, True, False, None),
        (0, False, True, None),
    ],
)
def test_apt_is_used_only_where_it_may_be(euid, apt, sudo, prefix, monkeypatch):
    monkeypatch.setattr(bootstrap, "works", FakeMachine(apt=apt, sudo=sudo).works)
    assert bootstrap.apt_prefix(euid) == prefix


def test_lists_are_updated_before_anything_is_installed():
    update, together, *singles = bootstrap.apt_commands(["iverilog", "g++"], ["sudo", "-n"])
    start = "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120"
    install = f"{start} install -y --no-install-recommends"
    assert " ".join(update) == f"{start} update"
    assert " ".join(together) == f"{install} iverilog g++"
    assert [" ".join(single) for single in singles] == [f"{install} iverilog", f"{install} g++"]


def test_torch_comes_first_and_torchvision_without_its_dependencies():
    torch, torchvision, project = [command for _, command in bootstrap.pip_commands("python")]
    assert torch[-2:] == ["torch", "setuptools"]
    assert torchvision[-2:] == ["--no-deps", "torchvision"]
    assert project[-2:] == ["-e", ".[dev]"]
    assert all("constraints.txt" in command for command in (torch, torchvision, project))


@pytest.mark.parametrize(("euid", "there"), [(0, True), (1000, False)])
def test_a_cluster_is_for_root_alone(set_up, euid, there):
    machine = FakeMachine(sudo=True)
    set_up(machine, euid)
    assert "iverilog" in machine.present
    assert [tool.package in machine.present for tool in bootstrap.CLUSTER_TOOLS] == [there, there]


def test_a_bare_machine_gets_everything_and_the_second_run_does_nothing(set_up, project):
    machine = FakeMachine()
    assert set_up(machine, euid=0) == [
        f"setup: installing with apt-get: {' '.join([ALL[-1], *ALL[:-1]])}",
        f"setup: creating .venv with Python {bootstrap.PYTHON}",
        "setup: torch as pip's own index has it; downloads of 0.7 GB or, with CUDA, 3 GB",
        "setup: [1/3] installing torch",
        "setup: [2/3] installing torchvision",
        "setup: [3/3] installing the project and its tools",
        "setup: done",
    ]
    assert len(machine.calls) == 6  # apt-get twice, venv, pip three times
    assert set_up(machine, euid=0) == []
    assert machine.calls == []


def test_without_a_gpu_torch_comes_without_cuda_where_its_index_answers(set_up):
    machine = FakeMachine(present=ALL, online=True)
    lines = set_up(machine)
    assert lines[1:3] == [
        f"setup: torch without CUDA from {bootstrap.CPU_INDEX} "
        "(VIT2RTL_TORCH=default takes PyPI's build)",
        "setup: downloads of about 0.7 GB, 2.3 GB in .venv",
    ]
    indexed = [f"--extra-index-url {bootstrap.CPU_INDEX}" in call for call in machine.calls]
    assert indexed == [False, True, True, False]  # venv, torch, torchvision, the project


@pytest.mark.parametrize(
    ("gpu", "online", "option", "index"),
    [
        (False, True, "", bootstrap.CPU_INDEX),
        (True, True, "", None),
        (False, False, "", None),
        (False, True, "default", None),
    ],
)
def test_the_index_of_cpu_builds_is_taken_only_where_it_helps(
    gpu, online, option, index, monkeypatch
):
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "works", FakeMachine(gpu=gpu).works)
    monkeypatch.setattr(bootstrap, "reachable", lambda url: online)
    assert bootstrap.cpu_index({bootstrap.OPTION: option}) == index


def test_what_does_not_answer_is_not_reachable():
    assert not bootstrap.reachable("http://127.0.0.1:9/none/")
    assert not bootstrap.reachable("nonsense")


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt", "tools/bootstrap.py"])
def test_a_changed_file_installs_the_packages_again(changed, set_up, project):
    machine = FakeMachine(present=ALL)
    set_up(machine)
    (project / changed).write_text("changed")
    assert "setup: done" in set_up(machine)
    assert [call.split()[2:4] for call in machine.calls] == [["pip", "install"]] * 3


def test_without_rights_what_is_missing_is_named_in_one_line(set_up):
    machine = FakeMachine(present=set(ALL) - {"iverilog", "g++"}, sudo=False)
    line = "setup: simulators or tests lack packages: sudo apt-get install iverilog g++"
    assert set_up(machine)[-1] == line
    assert set_up(machine) == [line]
    assert machine.calls == []


def test_without_apt_the_packages_are_named_all_the_same(set_up):
    machine = FakeMachine(present=set(ALL) - {"iverilog"}, apt=False)
    line = "setup: simulators or tests lack packages: install what Debian calls iverilog"
    assert set_up(machine, euid=0)[-1] == line


def test_an_unknown_package_does_not_keep_the_others_away(set_up):
    machine = FakeMachine(present=set(ALL) - {"iverilog", "perl"}, failing="perl")
    line = "setup: simulators or tests lack packages: sudo apt-get install perl"
    assert set_up(machine)[-1] == line
    assert "iverilog" in machine.present


def test_without_venv_and_rights_there_is_one_line_and_no_virtual_environment(set_up, project):
    machine = FakeMachine(present=set(ALL) - {ALL[-1]}, sudo=False)
    with pytest.raises(bootstrap.SetupError) as error:
        set_up(machine)
    hint = f"sudo apt-get install python{bootstrap.PYTHON}-venv"
    assert str(error.value) == f"Python's venv module is incomplete: {hint}"
    assert not (project / ".venv").exists()


def test_a_pip_that_fails_names_the_log_and_is_tried_again(set_up, project):
    machine = FakeMachine(present=ALL, failing="--no-deps torchvision")
    with pytest.raises(bootstrap.SetupError) as error:
        set_up(machine)
    assert str(error.value) == f"pip could not install torchvision: see {project / 'log'}"
    machine.failing = ""
    assert set_up(machine)[-1] == "setup: done"


def test_a_second_set_up_waits_for_the_first(tmp_path, capsys, monkeypatch):
    asked = []

    def flock(file, operation):
        asked.append(operation)
        if operation & bootstrap.fcntl.LOCK_NB:
            raise BlockingIOError

    monkeypatch.setattr(bootstrap.fcntl, "flock", flock)
    with open(tmp_path / "log", "a") as log:
        bootstrap.lock(log)
    assert capsys.readouterr().out == "setup: waiting for another set-up of this checkout to end\n"
    assert asked[-1] == bootstrap.fcntl.LOCK_EX


def test_the_script_runs_on_the_standard_library_alone():
    script = f"import sys; sys.path.append({str(ROOT)!r}); import tools.bootstrap"
    subprocess.run([sys.executable, "-I", "-S", "-c", script], check=True)


def test_a_torchvision_of_another_build_gets_its_operators_declared(project, set_up):
    packages = project / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    set_up(FakeMachine(present=["python", *ALL]))
    assert not list(packages.iterdir())
    (project / ".venv" / "setup.stamp").unlink()
    lines = set_up(FakeMachine(present=["python", *ALL], matching=False))
    assert any("its operators are declared for timm" in line for line in lines)
    module = bootstrap.HOOK_MODULE
    assert (packages / f"{module}.py").read_text() == (project / bootstrap.HOOK).read_text()
    assert (packages / f"{module}.pth").read_text() == f"import {module}; {module}.install()\n"


def test_timm_can_be_imported_in_a_script_of_ones_own():
    """Whether torchvision's own operators load here or not."""
    pytest.importorskip("timm")
    hook = "from tools import torchvision_hook; torchvision_hook.install(); "
    script = hook + "import timm; print(timm.create_model('test_vit') is not None)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
