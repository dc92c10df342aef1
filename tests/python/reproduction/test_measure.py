"""A bench measures each line as quantize and evaluate do, on images that calibrate nothing."""

import numpy as np
import pytest
import torch

from vit2rtl import evaluation
from vit2rtl.models import embedded
from vit2rtl.models.images import Images, embedded_images
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.reproduction.measure import Bench, Source, evenly
from vit2rtl.reproduction.published import EMBEDDED, TABLES


def line(table, title, bits="w4a4"):
    return next(one for one in TABLES[table].lines if (one.title, one.bits) == (title, bits))


@pytest.fixture(scope="module")
def bench():
    return Bench(EMBEDDED, Source(count=60))


def test_a_recipe_has_the_figures_of_quantize_and_evaluate(bench):
    result = bench.measure(line("table3", "layer-wise"))
    calibration = embedded_images("train").sample(32, 0)
    quantized = QuantizedViT(
        embedded.create(), Recipe(4, 4, "official", "layer-wise", method="repq")
    ).calibrate(calibration.batch(range(32)))
    images = bench.measured
    due = evaluation.scores(evaluation.logits(quantized, images), images.labels,
                            evaluation.logits(embedded.create(), images))
    for name in ("top1", "top5", "agreement", "sqnr", "mean_sqnr"):
        assert result[name] == pytest.approx(getattr(due, name), rel=1e-6)
    assert (result["images"], result["calibration_images"]) == (60, 32)
    assert result["calibration_cpu_seconds"] > 0 < result["forward_cpu_seconds"]


def test_the_float_network_and_a_method_without_a_result(bench):
    real = bench.measure(line("table1", "Full precision", ""))
    assert set(real) == {"top1", "top5", "images"} and real["top1"] > 90
    refused = bench.measure(line("table1", "FQ-ViT"))
    assert (refused["top1"], refused["images"]) == (10, 60)
    assert refused["refused"].startswith("Attention blocks.2.attn: Log-Int-Softmax needs logits")


def test_images_are_taken_evenly_over_the_classes_by_name():
    names = [f"{n:03}.png" for n in np.random.default_rng(1).permutation(40)]
    labels = torch.tensor([0] * 25 + [1] * 10 + [2] * 5)
    images = Images(names, labels, lambda index: torch.tensor(index))
    for count in (1, 3, 9, 17, 40):
        chosen = evenly(images, count)
        counts = [int((chosen.labels == label).sum()) for label in range(3)]
        least = [n for n, most in zip(counts, (25, 10, 5), strict=True) if n < most]
        assert sum(counts) == count and (not least or max(counts) - min(least) <= 1)
        for label in range(3):
            own = sorted(name for name, one in zip(names, labels, strict=True) if one == label)
            taken = [name for name, one in zip(chosen.names, chosen.labels, strict=True)
                     if one == label]
            assert sorted(taken) == own[:counts[label]]
    with pytest.raises(ValueError, match=r"^41 images are asked for, but there are only 40$"):
        evenly(images, 41)


def test_weights_are_files_by_timm_s_names(tmp_path):
    missing = Bench("deit_tiny", Source(weights=str(tmp_path), images=str(tmp_path)))
    with pytest.raises(ValueError) as error:
        _ = missing.setup
    assert str(error.value) == (
        f"Weights file {tmp_path / 'deit_tiny_patch16_224.safetensors'} does not exist")
