"""ONNX files of programs made by hand: ties, and what cannot be exported."""

import numpy as np
import pytest
import torch

from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.program import IntegerProgram, Op, Tensor
from vit2rtl.onnx import check as onnx_check
from vit2rtl.onnx import export as onnx_export
from vit2rtl.onnx.converter import Converter
from vit2rtl.onnx.graph import to_bytes


def ties():
    """A program whose requantizer meets a tie at every other accumulator."""
    image = Tensor("image", (1, 1, 8), 8, scale=0.0123, zero_point=3)
    patches = Tensor("patches", (1, 8), 8, scale=0.0123, zero_point=3)
    head = Tensor("head", (1, 4), 8, scale=0.37, zero_point=101)
    generator = np.random.default_rng(4)
    weight = generator.integers(0, 16, (4, 8), dtype=np.uint8)
    constants = {
        "weight": weight, "weight_zero_point": np.array([7, 8, 0, 5], np.int32),
        "bias": np.array([12, -7, 5, 3]), "multiplier": np.int32([1 << 15, 1 << 15, 1 << 15, 0]),
        "shift": np.array([16, 17, 20, 19], np.uint8),
    }
    ops = [
        Op("patches", "patches", ("image",), patches, {"patch": [1, 8]}),
        Op("head", "linear", ("patches",), head, {
            "weight_bits": 4, "accumulator_bound": 1 << 20, "input_zero_point": 3,
            "input_top": 255}, constants),
        Op("logits", "average_float", ("head",), Tensor("logits", (4,), 64, True, "float64"),
           {"scales": [0.37], "zero_points": [101]}),
    ]
    pixels = np.arange(256, dtype=np.uint8)[np.newaxis]
    config = {"mean": [0.0], "std": [1 / 255 / 0.0123]}
    codes = np.clip(np.rint(np.arange(256, dtype=np.float32) / np.float32(255)
                            / np.float32(config["std"][0]) / 0.0123) + 3, 0, 255)
    return IntegerProgram("hardware", image, codes.astype(pixels.dtype)[np.newaxis], ops, config,
                          "ties", {})


def ties_differ(path):
    """How many of the logits of random images differ from the program's."""
    program = ties()
    path.write_bytes(to_bytes(onnx_export.convert(program)))
    codes = np.random.default_rng(5).integers(0, 256, (500, 1, 1, 8), dtype=np.uint8)
    images = ((codes.astype(np.float64) - 3) * 0.0123).astype(np.float32)
    found = onnx_check.run(onnx_check.open_session(path), torch.from_numpy(images)).numpy()
    return int((found != execute(program, codes).astype(np.float32)).sum())


def test_ties_round_up_as_the_requantizer_rounds_them(tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    assert ties_differ(path) == 0
    monkeypatch.setattr(Converter, "half_up", lambda self, output, shift: 0.0)
    assert ties_differ(path) > 10


def test_weights_that_float32_does_not_tell_apart_are_refused():
    program = ties()
    op = program.ops[1]
    op.tensors["weight_zero_point"] = op.tensors["weight_zero_point"] + (1 << 26)
    with pytest.raises(ValueError) as raised:
        onnx_export.convert(program)
    assert str(raised.value) == ("head has weights so far from zero that float32 does not tell "
                                 "their codes apart")


def test_variant_integer_is_refused():
    program = ties()
    program.variant = "integer"
    with pytest.raises(ValueError) as raised:
        onnx_export.convert(program)
    assert str(raised.value) == "Export to ONNX needs a program of variant hardware, not integer"
