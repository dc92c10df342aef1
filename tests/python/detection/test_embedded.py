"""The embedded detector, quantized: its backbone's program equals the simulation on canvases."""

import pytest
import torch

from vit2rtl import comparison
from vit2rtl.detection import folder
from vit2rtl.detection.canvases import canvases
from vit2rtl.detection.fixed import FixedBackbone, preprocessing
from vit2rtl.detection.quantized import QuantizedDetector
from vit2rtl.detection.scores import as_input
from vit2rtl.lowering.lower import lower
from vit2rtl.models.images import Images
from vit2rtl.quantization.recipe import Recipe


def drawn(split, count):
    return [as_input(canvas.image) for canvas in canvases(split, count, seed=6)]


@pytest.fixture(scope="module")
def quantized():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield QuantizedDetector(folder.load("digit_detector"), Recipe(4, 4, method="repq")).calibrate(
        drawn("train", 2))
    torch.set_num_threads(before)


# As the detector resizes canvases, all windows whole; and in full, where the last stage's 11 × 11
# tokens are filled up.
@pytest.mark.parametrize(("side", "padded"), [(112, 0), (168, 2)])
def test_no_code_differs(quantized, side, padded):
    batch = torch.stack(drawn("held_out", 3))
    if side == 112:
        batch = quantized.network.transform([*batch])[0].tensors
    config = preprocessing(quantized.config, side, side)
    program = lower(FixedBackbone(quantized, side, side), variant="hardware", model="digits",
                    preprocessing=config)
    windows = [op for op in program.ops if op.name.endswith(".windows") and "pad" in op.tensors]
    assert len(windows) == padded
    found = comparison.compare(FixedBackbone(quantized, side, side), program,
                               Images(list("abc"), None, batch.__getitem__))
    elements = sum(op["elements"] for op in found["ops"])
    assert elements > 1_000_000
    assert [op["op"] for op in found["ops"] if op["mismatch"]] == []
