"""The backbone's program equals its simulation, windows that are filled up included."""

import numpy as np
import pytest
import torch

from vit2rtl import comparison
from vit2rtl.detection import checkpoint
from vit2rtl.detection.backbone import windows_of
from vit2rtl.detection.fixed import FixedBackbone, preprocessing
from vit2rtl.detection.quantized import QuantizedDetector
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.lower import lower
from vit2rtl.lowering.tracing import trace
from vit2rtl.models.images import Images
from vit2rtl.quantization.recipe import Recipe

from .padded_detectors import image, small

BODY = "backbone.swin.body."
# 9 × 15 tokens, three a window: merged to 5 × 8, where height and width have no whole windows.
PADDED = (36, 60)


@pytest.fixture(scope="module")
def quantized():
    made = {}

    def quantized(bits, scope="all"):
        if (bits, scope) not in made:
            made[bits, scope] = QuantizedDetector(
                small(), Recipe(bits, bits, method="repq"), scope=scope).calibrate(
                    [image(torch.Generator().manual_seed(bits))])
        return made[bits, scope]

    return quantized


def lowered(quantized, size, images, variant="hardware"):
    backbone = FixedBackbone(quantized, *size)
    program = lower(backbone, variant=variant, model="detector",
                    preprocessing=preprocessing(quantized.config, *size), images=images)
    return backbone, program


def padded_ops(program):
    return [op.name.removeprefix(BODY) for op in program.ops if "pad" in op.tensors]


@pytest.mark.parametrize(("size", "padded"), [
    (PADDED, ["layers.1.downsample.merge", "layers.1.blocks.0.windows",
              "layers.1.blocks.1.windows"]),
    ((64, 64), [f"layers.{n}.blocks.{m}.windows" for n in range(2) for m in range(2)]),
    ((24, 48), []),
])
@pytest.mark.parametrize(("bits", "scope"), [(4, "all"), (8, "backbone")])
def test_every_op_equals_the_simulation(quantized, size, padded, bits, scope, generator):
    images = torch.randn(3, 3, *size, generator=generator)
    backbone, program = lowered(quantized(bits, scope), size, images)
    assert padded_ops(program) == padded
    found = comparison.compare(backbone, program, Images(list("abc"), None, images.__getitem__))
    assert [row for row in found["ops"] if row["mismatch"] or row["agreement"] < 1] == []
    assert found["sqnr"] > 100  # the features are float32 in the detector
    names = [op.output.name for op in program.ops if ".norms." in op.name]
    assert names == [f"backbone.swin.norms.{n}.output" for n in range(2)]
    assert program.logits.name == names[-1]


def test_features_are_those_of_the_whole_detector(quantized, generator):
    detector = quantized(4)
    pixels = torch.randint(0, 256, (3, *PADDED), generator=generator)
    _, program = lowered(detector, PADDED, None)
    codes = np.take_along_axis(program.pixel_codes, pixels.flatten(1).numpy(), 1)
    names = [f"backbone.swin.norms.{n}.output" for n in range(2)]
    outputs = execute(program, codes.reshape(1, 3, *PADDED), record=names)[1]
    with torch.inference_mode():
        normalized = detector.network.transform.normalize(pixels / 255)
        features = detector.network.backbone.swin(normalized[None])
    for name, level in zip(names, features.values(), strict=True):
        want = level[0].permute(1, 2, 0).flatten(0, 1).numpy()
        np.testing.assert_allclose(outputs[name][0], want, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("loaded", [False, True])
def test_a_row_of_pad_codes_a_block(quantized, loaded, tmp_path):
    detector = quantized(4)
    if loaded:
        checkpoint.save(tmp_path / "detector", detector, detector={"name": "x", "sha256": ""},
                        calibration={"images": [], "seed": None})
        detector, _ = checkpoint.load(tmp_path / "detector")
    _, program = lowered(detector, PADDED, None)
    for op in program.ops:
        if op.name.endswith("blocks.1.windows") and "pad" in op.tensors:
            block = detector.network.get_submodule(op.name.removesuffix(".windows"))
            quantizer = block.attn.qkv.input_quantizer
            tokens = windows_of(block, torch.zeros(1, 5, 8, block.dim), block.pad)
            codes = quantizer.codes(tokens).flatten(0, 1).numpy()
            filled = op.tensors["index"].flatten() == 40
            assert filled.sum() == 54 - 40
            assert (codes[filled] == op.tensors["pad"]).all()
            assert len(set(op.tensors["pad"].tolist())) > 2
            break
    else:
        pytest.fail("no block is filled up")


@pytest.mark.parametrize("pad", [0, 15])
def test_another_pad_is_found(quantized, generator, pad):
    images = torch.randn(1, 3, *PADDED, generator=generator)
    backbone, program = lowered(quantized(4), PADDED, images)
    for op in program.ops:
        if op.name.endswith(".windows") and "pad" in op.tensors:
            op.tensors["pad"] = np.full_like(op.tensors["pad"], pad)
    found = comparison.compare(backbone, program, Images(["a"], None, images.__getitem__))
    differing = [row["op"] for row in found["ops"] if row["mismatch"]]
    assert differing == [f"{BODY}layers.1.blocks.{n}.windows" for n in range(2)]


def test_the_integer_variant_is_near_and_python_integers_agree(quantized, generator, tmp_path):
    images = torch.randn(3, 3, *PADDED, generator=generator)
    backbone, program = lowered(quantized(8), PADDED, images, "integer")
    found = comparison.compare(backbone, program, Images(list("abc"), None, images.__getitem__))
    assert found["sqnr"] > 30
    assert not [op for op in program.ops if op.kind.endswith("_float")]
    codes = trace(backbone, images[:1])["image"].encode(program.image).astype(np.uint8)
    names = list(program.tensors())
    fast = execute(program, codes, record=names)[1]
    exact = execute(program, codes.astype(object), record=names)[1]
    assert all(exact[name].tolist() == fast[name].tolist() for name in names)
    program.save(tmp_path / "program")
    assert np.array_equal(execute(read_program(tmp_path / "program"), codes),
                          execute(program, codes))


@pytest.mark.parametrize("size", [(36, 62), (2, 60), (0, 4), (-4, 4)])
def test_sizes_of_whole_patches(quantized, size):
    with pytest.raises(ValueError, match=r"^Size must be multiples of 4 pixels, not "
                                         rf"{size[0]}x{size[1]}$"):
        FixedBackbone(quantized(4), *size)


def test_simulated_floats_are_not_lowered():
    detector = QuantizedDetector(small(), Recipe(4, 4, method="repq", profile="official"))
    detector.calibrate([image(torch.Generator().manual_seed(1))])
    with pytest.raises(ValueError, match=r"^Lowering needs integer arithmetic: profile hardware"):
        lowered(detector, PADDED, None)
