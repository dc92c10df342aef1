"""The tour, made short: one setting, one image, one simulator, no protocol benches."""

import json
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from vit2rtl import ablation, demo
from vit2rtl.cli import main
from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.golden.engine.compiler import compile
from vit2rtl.golden.engine.compiler.cycles import cycles
from vit2rtl.golden.program.reader import read_program
from vit2rtl.golden.vectors.bundle import read_bundle

EXPLORED = """
model = "mnist_vit"
calibrate = 4
evaluate = 20
[hardware]
device = "LFE5U-85F"
"""


@pytest.fixture
def short(monkeypatch):
    settings = {ablation.DEFAULT: ablation.SETTINGS[ablation.DEFAULT],
                "  Softmax uniform": {"softmax": "uniform"}}
    monkeypatch.setattr(ablation.compare, "__kwdefaults__", {"settings": settings, "keep": None})
    monkeypatch.setattr(demo, "VECTOR_IMAGES", 1)
    monkeypatch.setattr(demo, "PROGRAM_IMAGES", 4)
    monkeypatch.setattr(demo, "ENGINE_IMAGES", 2)
    monkeypatch.setattr(demo, "CANVASES", 6)
    monkeypatch.setattr(demo, "EXPLORED", EXPLORED)
    classify = demo.classify
    # Icarus takes minutes for an image of this size.
    monkeypatch.setattr(demo, "classify", lambda out, simulator: classify(out, "verilator"))
    monkeypatch.setattr(demo, "run_regression", partial(demo.run_regression, protocol=False))
    held_out = demo.embedded_images("held_out")
    few = {"train": demo.embedded_images("train"), "held_out": held_out.sample(100, seed=0)}
    monkeypatch.setattr(demo, "embedded_images", few.__getitem__)


def run(arguments):
    with pytest.raises(SystemExit) as end:
        main(["demo", *arguments])
    return end.value.code


def test_everything_is_written_and_told(short, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = Path("tour")
    assert run(["--out", str(out), "--simulator", "icarus"]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert [row["title"] for row in summary["accuracy"]] == [
        "float32", "W4/A4 closed form", "Softmax uniform"
    ]
    assert summary["accuracy"][1]["top1"] > 90
    assert summary["images"] == {"calibration": 32, "evaluation": 100}
    hardware, integer = (summary["programs"][v] for v in ("hardware", "integer"))
    assert hardware["differ"] == 0 and hardware["sqnr"] is None
    assert 0 < integer["differ"] < 0.1 * integer["elements"]
    assert read_program(out / "program.integer").variant == "integer"
    benches = summary["simulation"]
    assert {b["simulator"] for b in benches} == {"icarus"}
    assert all(b["passed"] and b["mismatches"] == 0 for b in benches)
    replayed = sum(b["beats"] for b in benches if b["bench"] == "replay")
    assert replayed == summary["vectors"]["beats"] > 40_000
    bundle = read_bundle(out / "vectors")
    assert len({b["unit"] for b in benches}) == len(bundle.entries) == 4
    engine = summary["engine"]
    assert engine.pop("right") >= 1
    # The compiler times its schedule as the hardware runs it, but for 1 %, and each kind of op, but
    # for 5 %.
    image = compile(read_program(out / "program.integer"), CONFIGURATIONS["small"])
    assert engine.pop("cycles") == pytest.approx(cycles(image).total, rel=0.01)
    kinds = engine.pop("kinds")
    assert {*kinds} == {"linear", "query_key", "load", "layernorm", "softmax", "attention_value"}
    for kind in kinds.values():
        assert kind["expected"] == pytest.approx(kind["simulated"], rel=0.05)
    assert engine == {"engine": "small", "simulator": "verilator", "images": 2,
                      "elements": 455_304, "differences": []}
    detection = summary["detection"]
    assert detection["canvases"] == 6 and detection["digits"] >= 12
    assert all(detection[title]["box"]["ap"] > 40 for title in ("float", "W4/A4"))
    with Image.open(out / "detection.png") as picture:
        assert picture.height > 3 * 336  # three canvases, twice as large
    assert (summary["exploration"]["rows"], summary["exploration"]["front"]) == (1, 1)
    assert {path.name for path in (out / "exploration").iterdir()} >= {
        "space.toml", "results.csv", "results.json", "front.png", "report.html"}
    assert (out / "report.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in (out / "verilog").iterdir()} == set(summary["verilog"])
    printed = capsys.readouterr()
    for word in ("float32", "W4/A4 closed form", f"{summary['vectors']['beats']:,} beats",
                 "report.png", "mismatches", "The engine: 2 digits classified", "0 differences.",
                 "logits equal, top-1 agrees on 100.0 %", "detection.png",
                 "An exploration: 1 choices", "The fewest cycles within one point of float: w4a4 ",
                 "A detector: digits found by Mask R-CNN with Swin on 6 canvases"):
        assert word in printed.out
    assert "9/9" in printed.err


def test_a_mismatch_is_exit_code_1(short, monkeypatch, tmp_path, capsys):
    from vit2rtl.sim.run.results import BenchResult

    failed = BenchResult("icarus", "replay", "requantizer_l4", beats=10, mismatches=1, seconds=1)
    monkeypatch.setattr(demo, "run_regression", lambda *args, **kwargs: [failed])
    monkeypatch.setattr(demo, "classify", lambda out, simulator: {
        "engine": "small", "simulator": "verilator", "images": 1, "right": 1, "cycles": 1,
        "elements": 1, "differences": []})
    nothing = {"box": {"ap": 0.0}, "mask": {"ap": 0.0}}
    monkeypatch.setattr(demo, "detect", lambda out: {
        "canvases": 1, "digits": 1, "float": nothing, "W4/A4": nothing})
    monkeypatch.setattr(demo, "explore", lambda out: {"rows": 1, "front": 1, "best": ""})
    assert run(["--out", str(tmp_path / "tour"), "--simulator", "icarus"]) == 1
    assert "1 of 1 benches failed" in capsys.readouterr().err
