"""Symmetric weights: the search against a slow one, and the whole way to programs."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from vit2rtl import checkpoint, comparison
from vit2rtl.golden.files import documents
from vit2rtl.golden.program.inspection import summary
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded, images
from vit2rtl.models.images import Images
from vit2rtl.quantization import calibration
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.recipe import Recipe

from ..oracle import near_tie, uniform


def best_scale(row, levels):
    """The range of least squared error among the percentiles, as far below zero as above."""
    errors = {}
    for percentile in calibration.PERCENTILES:
        ends = [torch.quantile(row, q) for q in (1 - percentile, percentile)]
        reach = max(abs(float(end)) for end in ends)
        scale = float(np.float32(np.float32(2 * reach) / np.float32(levels - 1)))
        codes = np.clip(np.rint(row.numpy() / np.float32(scale)), -(levels // 2), levels // 2 - 1)
        errors[scale] = float(((codes * scale - row.double().numpy()) ** 2).mean())
    return min(errors, key=errors.get)


@pytest.mark.parametrize("bits", range(2, 9))
def test_the_search_is_the_slow_one(bits, generator):
    rows = torch.randn(7, 900, generator=generator) * torch.arange(1, 8)[:, None] / 5
    rows[1] += 4
    rows[2] = torch.relu(rows[2])
    rows[3, 10] = 90
    scale, zero_point, constant = calibration.best_uniform(rows, 1 << bits, symmetric=True)
    assert zero_point.tolist() == [1 << (bits - 1)] * 7
    assert not constant.any()
    for row, found in zip(rows, scale.tolist(), strict=True):
        assert found == best_scale(row, 1 << bits)


def test_codes_are_those_of_the_equation(generator):
    quantizer = UniformQuantizer(4, axis=0, symmetric=True)
    weight = torch.randn(3, 40, generator=generator)
    quantizer.calibrate(weight)
    for row, codes, scale in zip(weight.tolist(), quantizer.codes(weight).tolist(),
                                 quantizer.scale.tolist(), strict=True):
        for x, code in zip(row, codes, strict=True):
            assert code == uniform(x, scale, 8, 4) or near_tie(x, scale)


def test_constant_rows_are_exact():
    rows = torch.tensor([[0.3] * 9, [-0.7] * 9, [0.0] * 9])
    quantizer = UniformQuantizer(4, axis=0, symmetric=True)
    quantizer.calibrate(rows)
    assert quantizer.zero_point.tolist() == [8] * 3
    assert quantizer(rows).equal(rows)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_every_zero_point_is_in_the_middle(quantize, bits):
    quantized = quantize(bits, 4, symmetric_weights=True)
    for name, layer in quantized.layers():
        assert (layer.weight_quantizer.zero_point == 1 << (bits - 1)).all(), name
        assert int(layer.weight_codes.max()) < 1 << bits
    asymmetric = quantize(bits, 4)
    assert not all((layer.weight_quantizer.zero_point == 1 << (bits - 1)).all()
                   for _, layer in asymmetric.layers())


def test_a_row_made_coarse_for_its_bias_keeps_its_zero_point():
    quantizer = UniformQuantizer(4, axis=0, symmetric=True)
    quantizer.set(torch.tensor([0.5, 4.0]), torch.tensor([8.0, 1.0]))
    assert quantizer.zero_point.tolist() == [8, 8]


@pytest.mark.parametrize("variant", ["hardware", "integer"])
@pytest.mark.parametrize("bits", [(4, 4), (8, 8)])
def test_programs_equal_the_simulation(quantize, digits, variant, bits):
    quantized = quantize(*bits, symmetric_weights=True)
    program = lower(quantized, variant=variant, model="mnist_vit", images=digits,
                    preprocessing=images.preprocessing(embedded.create()))
    pixels, labels = embedded.images("held_out")
    found = comparison.compare(
        quantized, program, Images(list("abcd"), labels[:4], pixels.__getitem__))
    for op, row in zip(program.ops, found["ops"], strict=True):
        if op.kind == "linear":
            assert (op.tensors["weight_zero_point"] == 1 << (bits[0] - 1)).all()
            if variant == "hardware":
                assert row["mismatch"] == 0, row
    assert found["sqnr"] is None or found["sqnr"] > 15


def test_zero_points_that_are_all_one_count_once(quantize, digits):
    preprocessing = images.preprocessing(embedded.create())
    rows = {
        symmetric: summary(lower(
            quantize(4, 4, symmetric_weights=symmetric), variant="hardware", model="mnist_vit",
            preprocessing=preprocessing))["ops"][1]
        for symmetric in (False, True)
    }
    assert rows[True]["name"] == rows[False]["name"] == "patch_embed.proj"
    assert rows[True]["parameter_bits"] < rows[False]["parameter_bits"] - 63 * 3


def test_a_checkpoint_keeps_it_and_older_ones_have_none(quantize, tmp_path):
    for symmetric in (True, False):
        checkpoint.save(
            tmp_path / str(symmetric), quantize(4, 4, symmetric_weights=symmetric),
            model={"name": "mnist_vit", "arguments": {}, "weights": {"source": "embedded"}},
            preprocessing=images.preprocessing(embedded.create()), calibration={"images": []},
        )
        assert checkpoint.load(tmp_path / str(symmetric))[0].recipe.symmetric_weights is symmetric
    made = tmp_path / "False"
    description = json.loads((made / checkpoint.DESCRIPTION).read_text())
    del description["recipe"]["symmetric_weights"]
    state = safetensors.torch.load_file(made / checkpoint.TENSORS)
    safetensors.torch.save_file(
        state, made / checkpoint.TENSORS, {"recipe": json.dumps(description["recipe"])})
    digest = documents.sha256(made / checkpoint.TENSORS)
    description["tensors"]["sha256"] = digest
    (made / checkpoint.DESCRIPTION).write_text(json.dumps(description))
    assert checkpoint.load(made)[0].recipe == Recipe()


@pytest.mark.parametrize("value", [1, "yes", None])
def test_only_true_and_false_are_taken(value):
    with pytest.raises(ValueError) as raised:
        Recipe(symmetric_weights=value)
    assert str(raised.value) == f"Symmetric weights must be true or false, not {value!r}"
