"""vit2rtl explore: a space run once, interrupted, failed, searched; the recipe that it leads to."""

import csv
import json
import re
import shutil
import subprocess
import sys

import pytest

from vit2rtl.explore import accuracy
from vit2rtl.explore.area import composition
from vit2rtl.explore.results import RESULTS, TABLE
from vit2rtl.farm.store import TRIALS
from vit2rtl.farm.task import Task
from vit2rtl.rtl.synthesis import components

from ..every import long

SPACE = """
model = "mnist_vit"
calibrate = 8
evaluate = 40
[recipe]
weights = [3, 4]
activations = 4
method = {methods}
[hardware]
array = {arrays}
groups = [1, 2]
device = "LFE5U-85F"
"""
MIXED = """
[mixed]
widths = [4, 8]
budgets = [0.3]
search = 4
judge = 6
"""


@pytest.fixture
def explore(command, tmp_path, single_thread):
    """``explore(text, *options) -> (exit code, stdout, stderr)`` of a space, into ``out``."""
    def run(text, *arguments, out="out"):
        (tmp_path / "space.toml").write_text(text)
        return command("explore", tmp_path / "space.toml", "--out", tmp_path / out, "--jobs", 1,
                       *arguments)

    return run


def space(methods=("repq",), arrays=("8x8",)):
    return SPACE.format(methods=json.dumps(methods), arrays=json.dumps(arrays))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def rows(folder):
    return [*csv.DictReader((folder / TABLE).read_text().splitlines())]


@pytest.fixture(scope="session")
def explored(tmp_path_factory, single_thread):
    """The folder of a space that was explored, with its space.toml beside it."""
    from vit2rtl.cli import main

    folder = tmp_path_factory.mktemp("explored")
    (folder / "space.toml").write_text(space())
    with pytest.raises(SystemExit) as stopped:
        main(["explore", str(folder / "space.toml"), "--out", str(folder / "out"), "--jobs", "1"])
    assert stopped.value.code == 0
    return folder


def test_a_row_for_each_recipe_on_each_hardware(explored):
    found = rows(explored / "out")
    assert [(row["name"], row["groups"]) for row in found] == [
        ("w3a4 repq", "1"), ("w3a4 repq", "2"), ("w4a4 repq", "1"), ("w4a4 repq", "2")]
    assert len({row["sqnr_db"] for row in found}) == len({row["cycles"] for row in found}) == 2
    assert {row["status"] for row in found} == {"done"}
    assert all(len(row["utilization"].partition(".")[2]) <= 6 for row in found)
    assert 15 < float(found[0]["sqnr_db"]) < float(found[2]["sqnr_db"]) < 25
    assert float(found[0]["top1_low"]) < float(found[0]["top1"]) <= float(found[0]["top1_high"])
    kept = json.loads((explored / "out" / RESULTS).read_text())
    assert kept["bits"]["w3a4 repq"]["blocks.0.attn.qkv"] == [3, 4]
    assert (kept["provenance"]["images"], kept["provenance"]["calibration"]) == (40, 8)
    assert kept["rows"][0]["cells"]["COMB"] == int(found[0]["logic"])
    assert {*files(explored / "out")} >= {"space.toml", "front.png", RESULTS, TABLE}


def test_the_second_time_nothing_runs_and_no_torch_is_loaded(explored, tmp_path):
    shutil.copytree(explored, tmp_path / "again")
    before = files(tmp_path / "again" / "out")
    script = ("import sys\nfrom vit2rtl.cli import main\ntry:\n    main(sys.argv[1:])\n"
              "finally:\n    sys.exit(3 if 'torch' in sys.modules else 0)\n")
    done = subprocess.run(
        [sys.executable, "-c", script, "explore", "space.toml", "--out", "out"],
        cwd=tmp_path / "again", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("4 rows: 4 done; ")
    assert files(tmp_path / "again" / "out") == before


@long
@pytest.mark.parametrize("jobs", [2, 4])
def test_workers_change_no_byte(explored, explore, tmp_path, jobs):
    assert explore(space(), "--jobs", jobs)[0] == 0
    there, here = files(explored / "out"), files(tmp_path / "out")
    assert [here[name] == there[name] for name in (TABLE, RESULTS)] == [True, True]


def test_an_interrupt_keeps_what_is_done(explored, explore, tmp_path, monkeypatch):
    measure, calls = accuracy.accuracy, []

    def second(spec, **files):
        if calls:
            raise KeyboardInterrupt
        calls.append(spec)
        return measure(spec, **files)

    with monkeypatch.context() as patch:
        patch.setattr(accuracy, "accuracy", second)
        code, out, err = explore(space())
    assert (code, out) == (130, "")
    kept = len([*(tmp_path / "out" / TRIALS).glob("*/*.json")])
    assert kept < 6
    assert err == (f"vit2rtl: interrupted: {tmp_path / 'out'} has {kept} of 5 trials; the same "
                   "command goes on\n")
    assert not (tmp_path / "out" / TABLE).exists()
    ran, call = [], Task.call
    monkeypatch.setattr(Task, "call", lambda task: ran.append(task.function) or call(task))
    assert explore(space())[0] == 0
    assert len(ran) == 5 - kept
    assert "vit2rtl.explore.accuracy:accuracy" in ran
    assert files(tmp_path / "out")[TABLE] == files(explored / "out")[TABLE]


def test_a_failure_is_a_row_and_is_not_run_again(explored, explore, tmp_path, monkeypatch):
    shutil.copytree(explored / "out", tmp_path / "out")
    measure, asked = accuracy.accuracy, []

    def refused(spec, **files):
        asked.append(spec["recipe"]["weight_bits"])
        if spec["recipe"]["weight_bits"] == 3:
            raise ValueError("too few")
        return measure(spec, **files)

    monkeypatch.setattr(accuracy, "accuracy", refused)
    text = space().replace("[hardware]", 'softmax = "uniform"\n[hardware]')
    for expected in ([3, 4], []):
        asked.clear()
        code, _, err = explore(text)
        assert (code, sorted(asked)) == (1, expected)
        assert err == ("vit2rtl: 1 of 5 trials failed or were lost; the first: w3a4 repq: "
                       "ValueError: too few\n")
    found = {row["name"]: row for row in rows(tmp_path / "out")}
    failed = found["w3a4 repq softmax=uniform"]
    assert (failed["status"], failed["error"], failed["sqnr_db"]) == (
        "failed", "w3a4 repq: ValueError: too few", "")
    assert found["w4a4 repq softmax=uniform"]["status"] == "done"
    monkeypatch.setattr(accuracy, "accuracy", measure)
    assert explore(text, "--retry-failed")[0] == 0
    assert {row["status"] for row in rows(tmp_path / "out")} == {"done"}


def test_a_dry_run_says_what_would_run_and_what_is_refused(explored, explore, tmp_path):
    shutil.copytree(explored / "out", tmp_path / "out")
    before = files(tmp_path / "out")
    text = space(["repq", "closed-form"], ["8x8", "32x32"])
    text = text.replace('"LFE5U-85F"', '["LFE5U-25F", "LFE5U-85F"]')
    code, out, err = explore(text, "--dry-run")
    assert (code, err) == (0, "")
    first, second, *rejected = out.splitlines()
    assert first.startswith("32 rows from ")
    assert ", 4 of them stored" in first
    assert " CPU seconds, 0.00 CPU hours, as the stored ones took" in second
    assert all(line.startswith("rejected, ") and "does not fit LFE5U-" in line
               for line in rejected)
    assert any("array 32x32 with its memories does not fit LFE5U-25F" in line
               for line in rejected)
    assert files(tmp_path / "out") == before


def test_a_dry_run_bounds_the_search(explored, explore, tmp_path):
    shutil.copytree(explored / "out", tmp_path / "out")
    code, out, err = explore(space(["repq", "closed-form"]) + MIXED, "--dry-run")
    assert (code, err) == (0, "")
    # Of a method: two anchors, 22 groups moved from each, 12 assignments; these are judged with
    # the uniform settings and presets within the budget.
    line, = (line for line in out.splitlines() if line.startswith("and a search"))
    assert re.fullmatch(
        r"and a search for mixed widths by bops within 0\.3: \d+ settings at most, \d+ CPU "
        r"seconds, 0\.0\d CPU hours if each began anew and none was stored", line)
    code, out, err = explore(space() + MIXED.replace("0.3", "0.1"), "--dry-run")
    assert (code, out) == (2, "")
    assert err == ("vit2rtl: Budget 0.1 of cost bops is below 0.251, which w4a4 costs: give more, "
                   "or widths below 4\n")


def test_a_table_that_lacks_a_row_is_said_in_a_line(explored, explore, tmp_path, monkeypatch):
    shutil.copytree(explored / "out", tmp_path / "out")
    monkeypatch.setattr(composition, "_rows", composition._rows.__wrapped__)
    rows = components.committed()[:-1]
    monkeypatch.setattr(components, "committed", lambda: rows)
    code, out, err = explore(space(), "--dry-run")
    assert (code, out) == (2, "")
    assert err.startswith("vit2rtl: Table components.json has no row of engine case held_twelve ")


def test_a_package_that_is_missing_is_named_with_its_extra(explore, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert explore(space()) == (
        2, "", "vit2rtl: torch is not installed: pip install 'vit2rtl[explore]'\n")
    assert [*(tmp_path / "out").glob("trials/*/*")] == []


@long
def test_mixed_widths_are_searched_and_measured(explored, explore, tmp_path):
    shutil.copytree(explored / "out", tmp_path / "out")
    code, _, err = explore(space() + MIXED)
    assert code == 0, err
    kept = json.loads((tmp_path / "out" / RESULTS).read_text())
    mixed = [row for row in kept["rows"] if row["mixed"]]
    assert [row["mixed"] for row in mixed] == ["bops 0.3"] * 2
    assert all(row["status"] == "done" and row["bops"] <= 0.3 < 2 * row["bops"] for row in mixed)
    assert all(row["sqnr_db"] > 15 for row in mixed)
    assert {row["group"] for row in kept["sensitivity"]} >= {"blocks.0.attn.qkv", "blocks.0.attn"}
    assert kept["provenance"]["search"] == 4


def test_the_best_recipe_is_quantized_to_the_same_figures(explored, command, tmp_path):
    code, out, err = command("explore", "best", explored / "out", "--top1-drop", 10, "--device",
                             "LFE5U-85F", "--by", "weight_bytes")
    assert code == 0
    assert json.loads(out) == {"method": "repq", "weight_bits": 3, "activation_bits": 4,
                               "bits_of": []}
    assert "w3a4 repq: top-1 " in err
    calibration = err.splitlines()[-1].removeprefix("calibrated on the images in ").partition(":")
    (tmp_path / "recipe.json").write_text(out)
    code, _, err = command("quantize", "mnist_vit", "--recipe", tmp_path / "recipe.json", "--list",
                           calibration[0], "--out", tmp_path / "model")
    assert code == 0, err
    (measured,) = (explored / "out" / "images").glob("evaluation-*.txt")
    code, out, _ = command("evaluate", tmp_path / "model", "--list", measured, "--json")
    assert code == 0
    figures = json.loads(out)["quantized"]
    row = rows(explored / "out")[0]
    assert figures["mean_sqnr"] == pytest.approx(float(row["sqnr_db"]), abs=1e-5)
    assert figures["top1"] == pytest.approx(float(row["top1"]))


@pytest.mark.parametrize(("arguments", "problem"), [
    (["report"], "Missing argument 'DIR'."),
    (["report", "none"], "none is not a folder of an exploration: it has no results.json"),
    (["best", "none"], "none is not a folder of an exploration: it has no results.json"),
    (["none.toml", "--out", "out"], "Space none.toml does not exist"),
    (["none.toml"], "Missing option '--out'."),
])
def test_what_is_not_there(command, tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    code, out, err = command("explore", *arguments)
    assert (code, out, err.splitlines()[-1]) == (2, "", f"vit2rtl: {problem}")
    assert [*tmp_path.iterdir()] == []


def test_too_few_images_are_said_before_anything_runs(explore, tmp_path):
    code, _, err = explore(space().replace("evaluate = 40", "evaluate = 2000"))
    assert (code, err) == (
        2, "vit2rtl: Images are too few: 2000 are asked for, and there are 1000\n")


def test_the_report_is_written_again(explored, command, tmp_path):
    shutil.copytree(explored / "out", tmp_path / "out")
    (tmp_path / "out" / "front.png").unlink()
    code, out, _ = command("explore", "report", tmp_path / "out")
    assert (code, (tmp_path / "out" / "front.png").is_file()) == (0, True)
    assert str(tmp_path / "out" / "front.png") in out
