"""Frameworks are imported once a command's options are checked: help and refusals are quick."""

import json
import subprocess
import sys

from vit2rtl.cli import COMMANDS

# Whatever takes longer to import than all else that a refusal needs.
HEAVY = ["torch", "torchvision", "timm", "matplotlib", "amaranth", "cocotb", "onnx", "onnxruntime"]
SCRIPT = """
import json, sys
from vit2rtl import cli
heavy, *calls = json.loads(sys.argv[1])
for arguments, code in calls:
    try:
        cli.main(arguments)
    except SystemExit as stop:
        assert stop.code == code, (arguments, stop.code)
    loaded = sorted({*heavy} & {*sys.modules})
    assert not loaded, (arguments, loaded)
"""


def run_without(heavy, calls, cwd):
    return subprocess.run([sys.executable, "-c", SCRIPT, json.dumps([heavy, *calls])],
                          capture_output=True, text=True, cwd=cwd)


def test_help_imports_no_framework(tmp_path):
    done = run_without(HEAVY, [([name, "--help"], 0) for name in COMMANDS], tmp_path)
    assert done.returncode == 0, done.stderr


REFUSED = [
    "quantise deit_tiny_patch16_224",
    "quantize mnist_vit --bits 4 --out m",
    "quantize mnist_vit --bits w9a4 --out m",
    "quantize mnist_vit --bits-of head.*=9 --out m",
    "quantize mnist_vit --bits-of @nowhere --out m",
    "quantize mnist_vit --profile integer --out m",
    "quantize mnist_vit --model-arg img_size --out m",
    "quantize mnist_vit --plots report.pdf --out m",
    "quantize mnist_vit --out full",
    "quantize vit_tiny_patch16_224 --images nowhere --out m",
    "quantize vit_tiny_patch16_224 --images pictures --weights nowhere --out m",
    "evaluate nowhere",
    "evaluate full --seed 1",
    "compare nowhere nowhere",
    "lower nowhere --out p",
    "lower nowhere --variant float --out p",
    "lower nowhere --out full",
    "run nowhere --images pictures",
    "inspect nowhere",
    "export nowhere --onnx m.pb",
    "export nowhere --onnx m.onnx --form onnx",
    "export nowhere --onnx m.onnx",
    "vectors nowhere --out v",
    "vectors nowhere --check --out v",
    "verilog reqantizer --out v",
    "verilog requantizer --bits 99 --out v",
    "package requantizer --bits 99 --out p",
    "simulate nowhere --simulator modelsim",
    "synthesize requantizer --device ecp6",
    "prove requantizer --timeout 0",
    "mutate requantizer --count 0",
    "demo --simulator modelsim",
    "doctor --part rest",
]


def test_refusals_import_no_framework(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").touch()
    done = run_without(HEAVY, [(line.split(), 2) for line in REFUSED], tmp_path)
    assert done.returncode == 0, done.stderr
    refusals = [line for line in done.stderr.splitlines() if line.startswith("vit2rtl: ")]
    assert len(refusals) == len(REFUSED)
    assert done.stdout == ""


def test_an_import_is_noticed(tmp_path):
    done = run_without(["numpy"], [(["inspect", "--help"], 0)], tmp_path)
    assert (done.returncode, "['numpy']" in done.stderr) == (1, True)
