"""The comparisons in benchmarks/, in tiny configurations."""

import importlib
import json
import os
import statistics
import sys
from argparse import Namespace
from contextlib import chdir
from pathlib import Path

import pytest
import torch
from PIL import Image

import vit2rtl
from tests.every import long
from vit2rtl import cli
from vit2rtl.evaluation import Scores
from vit2rtl.golden.units import Instance
from vit2rtl.models.library import timm
from vit2rtl.quantization.settings import STEPS

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script():
    """``script(name)``: the module of a script; what these set for their process is put back."""
    threads = torch.get_num_threads()
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", {**os.environ})
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "") and BENCHMARKS in Path(
                sys.modules[name].__file__).parents:
            del sys.modules[name]
    torch.set_num_threads(threads)


@pytest.fixture
def run(script, monkeypatch, capsys):
    """``run(name, *arguments)``: what the script prints."""

    def run(name, *arguments):
        module = script(name)
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        module.main()
        return capsys.readouterr().out

    return run


def test_accuracy_has_the_figures_of_the_api(run):
    text = run("accuracy", "--only", "W4/A4 RepQ", "ridge", "--limit", 60, "--json")
    (rows,) = json.loads(text)
    assert [row["title"] for row in rows] == ["float32", "W4/A4 RepQ-ViT", "without ridge"]
    calibration = vit2rtl.embedded_images("train").sample(32, seed=0)
    images = vit2rtl.embedded_images().subset(range(60))
    recipes = [vit2rtl.Recipe(method="repq"), vit2rtl.Recipe(method="closed-form", without="ridge")]
    for row, recipe in zip(rows[1:], recipes, strict=True):
        quantized = vit2rtl.quantize("mnist_vit", calibration, recipe)
        scores = vit2rtl.evaluate(quantized, images, baseline=True)
        assert [row[name] for name in ("images", "top1", "sqnr", "kl")] == [
            60, scores.top1, scores.sqnr, scores.kl]
        assert row["standard_errors"] == scores.standard_errors
        assert row["seconds"] > 0


def test_accuracy_of_draws_is_a_table_of_means_and_deviations(run):
    title, head, float_row, row = run(
        "accuracy", "--method", "repq", "--only", "W8", "--limit", 20, "--draws", 2).splitlines()
    assert title == ("32 images calibrate, 20 others are measured; ± is the standard deviation of "
                     "2 draws of calibration images")
    assert head.split("  ")[-1].strip() == "CPU s" and "KL divergence" in head
    assert float_row.startswith("float32") and " ± 0.0 %" in float_row
    assert row.startswith("W8/A8 RepQ-ViT") and row.count("±") == 5


def test_a_row_over_draws(script):
    accuracy = script("accuracy")
    values = (70.0, 72.0, 77.0)
    rows = [accuracy.Row("t", n, Scores(9, top1, 90.0 + n, kl=top1 / 100))
            for n, top1 in enumerate(values, 1)]
    merged = accuracy.over_draws(rows)
    assert (merged.title, merged.seconds, merged.scores.images) == ("t", 2, 9)
    assert (merged.scores.top1, merged.scores.top5) == (73.0, 92.0)
    assert merged.scores.standard_errors == pytest.approx({
        "top1": statistics.stdev(values), "kl": statistics.stdev(values) / 100})


def test_every_step_is_left_out_once(script):
    settings = script("accuracy").closed_form()
    left_out = [arguments["without"] for arguments in settings.values() if "without" in arguments]
    assert left_out == list(STEPS)
    assert len(settings) == len(STEPS) + 15


def test_no_image_is_measured_that_calibrates(script, tmp_path, monkeypatch):
    accuracy = script("accuracy")
    monkeypatch.setattr(accuracy.deit_tiny, "model", lambda options: timm.create_model(
        "vit_tiny_patch16_224", depth=1))
    for n in range(40):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{n}.png")
    lines = "".join(f"{n}.png,0\n" for n in range(40))
    (tmp_path / "labels.csv").write_text(f"file,class_index\n{lines}")
    options = Namespace(images=tmp_path, draws=3, calibration_list=None)
    pairs = [(calibration.names, images.names)
             for calibration, images in accuracy.images_of(options)[1]]
    assert [(len(a), len(b), len({*a, *b})) for a, b in pairs] == [(32, 8, 40)] * 3
    assert len({frozenset(names) for names, _ in pairs}) == 3
    (tmp_path / "list.txt").write_text("3.png\n5.png\n")
    options = Namespace(images=tmp_path, draws=None, calibration_list=tmp_path / "list.txt")
    ((calibration, images),) = accuracy.images_of(options)[1]
    assert calibration.names == ["3.png", "5.png"] and len(images) == 38


def test_moved_images_are_near_and_other_ones_each_time(script):
    images = vit2rtl.embedded_images("train").subset(range(3))
    batch = images.batch(range(3))
    unmoved, first, again, other = (
        script("accuracy").moved(images, seed).batch(range(3)) for seed in (0, 1, 1, 2))
    assert unmoved.equal(batch) and first.equal(again) and not first.equal(other)
    assert (first - batch).std().item() == pytest.approx(4e-3, rel=0.1)
    assert not (first - batch)[0].equal((first - batch)[1])


@pytest.mark.parametrize(("arguments", "message"), [
    (["--images", "x"], "--images and --weights go together: without both, the embedded model"),
    (["--calibration-list", "x"], "--calibration-list needs --images"),
    (["--images", "x", "--weights", "x", "--calibration-list", "x", "--draws", "2"],
     "--draws draws its own calibration images: leave out --calibration-list"),
    (["--draws", "1"], "--draws must be at least 2, not 1"),
    (["--draws", "2", "--jitter", "2"], "--draws and --jitter are two measurements: one at a time"),
])
def test_arguments_that_do_not_go_together(run, capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        run("accuracy", *arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"error: {message}")


def test_calibration_compares_with_the_float_model_and_repq(run, script, monkeypatch):
    calibration = script("calibration")
    small = {"img_size": 32, "patch_size": 8, "depth": 1, "embed_dim": 32, "num_heads": 2}
    monkeypatch.setattr(calibration.deit_tiny, "model", lambda options: timm.create_model(
        "vit_tiny_patch16_224", **small).eval())
    monkeypatch.setattr(calibration.deit_tiny, "images",
                        lambda options, network: torch.randn(4, 3, 32, 32))
    monkeypatch.setattr(calibration, "memory",
                        lambda options, recipe: (600, 300) if recipe.method == "closed-form"
                        else (400, 100))
    text = run("calibration", "--method", "closed-form", "--mirrors", "--repeats", 1, "--json")
    figures = json.loads(text)
    assert figures["calibration_over_forward"] == (
        figures["calibration_cpu_seconds"] / figures["float_forward_cpu_seconds"])
    assert (figures["peak_over_repq"], figures["added_over_repq"]) == (1.5, 3)
    peak, added = calibration._memory(Namespace(), vit2rtl.Recipe())
    assert peak > 100 and 0 <= added < 100


def test_beats_of_the_array_are_words_of_verilator(script):
    """Codes of 16 bits, weights of 20 in 24 bits of TDATA, accumulators of 40; a tile of each."""
    module = script("verilator_array")
    files, settings = module.stimuli(Instance.of("matmul_array", lanes=2, rows=4))
    tiles, k_tiles, tokens = module.TILES, settings["k_tiles"], settings["tokens"]
    assert k_tiles * 4 == module.INNER
    assert {name: len(content) for name, content in files.items()} == {
        "codes": tiles * k_tiles * tokens * 2,
        "weights": tiles * k_tiles * 2 * 4,
        "sums": tiles * tokens * 8,
    }


def test_detection_has_the_figures_of_evaluate(run, tmp_path, capsys):
    figures = json.loads(run("detection", "--canvases", 6, "--images", 2, "--json"))
    assert {*figures} == {f"{name}{kind}_ap" for kind in ("box", "mask")
                          for name in ("", "w6a6_", "w4a4_", "w4a4_backbone_")}
    for arguments in (
        ["canvases", "--count", "6", "--out", "canvases"],
        ["quantize", "digit_detector", "--bits", "w4a4", "--scope", "backbone",
         "--count", "2", "--out", "d"],
        ["evaluate", "d", "--coco", "canvases", "--baseline", "--json"],
    ):
        capsys.readouterr()
        with chdir(tmp_path), pytest.raises(SystemExit) as stopped:
            cli.main(arguments)
        assert stopped.value.code == 0
    measured = json.loads(capsys.readouterr().out)
    for prefix, name in (("", "float"), ("w4a4_backbone_", "quantized")):
        assert figures[f"{prefix}box_ap"] == measured[name]["box"]["ap"]
        assert figures[f"{prefix}mask_ap"] == measured[name]["mask"]["ap"]


@long
def test_explore_has_every_figure(run, script, monkeypatch):
    """Of a tiny space, without the search, which tests of `explore` have."""
    monkeypatch.setattr(script("explore"), "mixed", lambda *_: {"mixed_gain_db": 1.5})
    monkeypatch.setattr(script("explore"), "TASKS", 3)
    monkeypatch.setattr(script("explore"), "SPACE", """
model = "mnist_vit"
calibrate = 4
evaluate = {evaluate}
[recipe]
weights = {widths}
""")
    figures = json.loads(run("explore", "--evaluate", 4, "--widths", "4", "--json"))
    assert figures.pop("mixed_gain_db") == 1.5
    assert {*figures} == {"demo_cpu_seconds", "idle_cpu_seconds", "overhead_ms"}
    assert all(value > 0 for value in figures.values())


def test_the_gain_of_mixed_widths_has_its_error(run, script, monkeypatch):
    monkeypatch.setattr(script("mixed_precision"), "embedded_images",
                        lambda split: vit2rtl.embedded_images(split).subset(range(40)))
    arguments = "--widths", 4, "--cost", "bits", "--search", 8, "--json"
    same, figures = (json.loads(run("mixed_precision", *arguments, "--beside", beside))
                     for beside in ("w4a4", "w4a4+"))
    assert (same["gain_db"], same["gain_error_db"]) == (0, 0)
    assert (figures["chosen"], figures["source"], figures["evaluations"]) == ("w4a4", "uniform", 1)
    assert figures["chosen_cost"] < figures["budget"]
    assert figures["gain_db"] == pytest.approx(
        figures["unseen_db"] - figures["unseen_beside_db"])
    assert 0 < figures["gain_error_db"] < 2


def test_evaluations_of_a_search_are_timed_by_group(run):
    lines = dict(line.rsplit(None, 1) for line in run(
        "explore_evaluation", "--method", "repq", "--every", 11, "--search", 8).splitlines())
    least, mean, most = (float(lines[f"repq, {name}"]) for name in ("least", "mean", "most"))
    assert lines["repq, groups"] == "2"
    assert 0 < least <= mean <= most
    assert float(lines["repq, from the beginning"]) > 0
