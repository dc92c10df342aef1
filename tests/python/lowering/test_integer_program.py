"""Variant integer: no float between image codes and logits, and next to no loss."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch
from torch import nn

from vit2rtl import comparison
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.program import Tensor
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.integer_ops import Ranges
from vit2rtl.lowering.lower import lower
from vit2rtl.models import embedded, images
from vit2rtl.models.activations import function_of
from vit2rtl.models.images import Images
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT


@pytest.fixture
def program_of(quantize, digits):
    """``program_of(*fields of a Recipe)``: the embedded model's program of variant integer."""
    preprocessing = images.preprocessing(embedded.create())

    def program_of(*fields):
        return lower(quantize(*fields), variant="integer", model="mnist_vit",
                     preprocessing=preprocessing, images=digits)

    return program_of


def image_codes(count):
    return np.random.default_rng(1).integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize("bits", [(4, 4), (8, 8), (3, 6)])
def test_python_integers_give_the_same_bits(program_of, bits):
    program = program_of(*bits)
    names = list(program.tensors())
    codes = image_codes(1)
    fast = execute(program, codes, record=names)[1]
    exact = execute(program, codes.astype(object), record=names)[1]
    for name in names:
        assert exact[name].dtype == object and fast[name].dtype.kind in "iu", name
        assert {type(element) for element in exact[name].flat} <= {int}, name
        assert exact[name].tolist() == fast[name].tolist(), name


@pytest.mark.parametrize("bits", [(4, 4), (8, 8)])
def test_logits_are_near_the_simulation(quantize, program_of, bits):
    pixels, labels = embedded.images("held_out")
    chosen = Images([str(n) for n in range(40)], labels[:40], pixels.__getitem__)
    found = comparison.compare(quantize(*bits), program_of(*bits), chosen)
    # Measured on 100 images: 19.9 dB and 35.7 dB, no top-1 changed.
    assert found["sqnr"] > {4: 15, 8: 30}[bits[0]]
    assert found["top1_agreement"] >= 97.5
    mismatch = {}
    for row in found["ops"]:
        mismatch[row["kind"]] = max(mismatch.get(row["kind"], 0), row["mismatch"])
    assert mismatch["attention_value"] <= 2e-4
    assert mismatch["patches"] == mismatch["select"] == 0
    # With 8 bits the codes of probabilities near 2**-16 differ: they have no bits left in the
    # simulation's 16, and more in an exponential not yet divided by its sum.
    assert 0 < mismatch["softmax"] < {4: 0.01, 8: 0.2}[bits[0]]


def test_scales_leave_the_room_that_they_should(program_of):
    """On the images that the ranges come from: half for streams, a fifth for logits, which is one
    part of 1.25; hidden values from near the least code to near the largest. Calibration rounds
    by the kernels of the CPU: the margins are twice what that moves."""
    program = program_of(4, 4, "hardware")
    pixels = embedded.images("train")[0][:16].numpy() / program.image.scale
    codes = np.clip(np.rint(pixels) + program.image.zero_point, 0, 255).astype(np.uint8)
    outputs = {op.output.name: op for op in program.ops if op.output.bits > 8}
    _, seen = execute(program, codes, record=list(outputs))
    used: dict[str, list[float]] = {}
    for name, op in outputs.items():
        reach = np.abs(seen[name].astype(np.int64)).max() / op.output.limits()[1]
        hidden = op.kind == "linear" and not op.output.signed
        used.setdefault("hidden" if hidden else op.kind, []).append(float(reach))
        if hidden:
            assert seen[name].min() < 0.15 * op.output.limits()[1]
    assert 0.47 < max(used["add"]) < 0.53
    assert 0.72 < min(used["query_key"]) and max(used["query_key"]) < 0.82
    assert 0.78 < used["average"][0] < 0.82
    assert 0.7 < min(used["hidden"]) and max(used["hidden"]) < 0.9


def test_it_has_no_float_and_reads_back(program_of, tmp_path):
    program = program_of(4, 4)
    assert not [op.name for op in program.ops if op.kind.endswith("_float")]
    assert {array.dtype.kind for op in program.ops for array in op.tensors.values()} <= set("iu")
    program.save(tmp_path / "program")
    again = read_program(tmp_path / "program")
    codes = image_codes(2)
    assert np.array_equal(execute(program, codes), execute(again, codes))


def test_two_heads_share_a_scale(generator):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = timm.create_model("deit_tiny_distilled_patch16_224", img_size=32, patch_size=8,
                                  embed_dim=24, depth=1, num_heads=3, num_classes=5)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    batch = torch.randn(6, 3, 32, 32, generator=generator)
    quantized = QuantizedViT(model.eval(), Recipe(8, 8)).calibrate(batch)
    program = lower(quantized, variant="integer", model="distilled", images=batch,
                    preprocessing={"mean": [0.5] * 3, "std": [0.5] * 3})
    assert program.logits.bits == 13
    found = comparison.compare(quantized, program, Images(list("abcdef"), None, batch.__getitem__))
    assert found["sqnr"] > 25


def test_ranges_cover_all_images(quantize, digits):
    quantized = quantize(4, 4)
    whole = Ranges.of(quantized, digits)
    parts = [Ranges.of(quantized, part) for part in digits.split(8)]
    for name, reach in whole.streams.items():
        assert reach == pytest.approx(max(part.streams[name] for part in parts))
    for name, reach in whole.logits.items():
        assert reach == pytest.approx(max(part.logits[name] for part in parts))


def test_images_are_needed(quantize):
    with pytest.raises(ValueError) as raised:
        lower(quantize(4, 4), variant="integer", model="mnist_vit", preprocessing={})
    assert str(raised.value) == (
        "Variant integer needs images, for the range of the residual stream")


def test_unknown_variants_are_refused(quantize):
    with pytest.raises(ValueError) as raised:
        lower(quantize(4, 4), variant="float", model="mnist_vit", preprocessing={})
    assert str(raised.value) == "Variant must be one of hardware, integer, not 'float'"


@pytest.mark.parametrize("activation", [
    torch.nn.GELU(), torch.nn.GELU(approximate="tanh"), torch.nn.ReLU()])
def test_tables_are_the_activation_in_double_precision_rounded_half_up(activation):
    source = Tensor("hidden", (1,), 12, scale=0.003, zero_point=2000)
    target = Tensor("codes", (1,), 6, scale=0.07, zero_point=3)
    reals = torch.from_numpy(source.real(np.arange(4096)))
    step, half = Fraction(target.scale), Fraction(1, 2)
    want = [floor(Fraction(y) / step + half) + 3 for y in activation(reals).tolist()]
    quantizer = UniformQuantizer(target.bits)
    quantizer.set(torch.tensor(target.scale), torch.tensor(float(target.zero_point)))
    table = quantizer.table_of(
        function_of(activation), source.scale, source.zero_point, source.bits)
    assert table.tolist() == np.clip(want, 0, 63).tolist()


def test_the_embedded_model_has_the_tables_that_half_to_even_gives(program_of, quantize):
    for bits in ((4, 4), (8, 8)):
        program = program_of(*bits)
        tensors = program.tensors()
        tables = [op for op in program.ops if op.kind == "table"]
        assert len(tables) == 4
        for op in tables:
            source, target = tensors[op.inputs[0]], op.output
            reals = torch.from_numpy(source.real(np.arange(1 << source.bits)))
            even = (nn.functional.gelu(reals) / target.scale).round() + target.zero_point
            assert op.tensors["table"].tolist() == even.clamp(*target.limits()).tolist()
        for block in quantize(*bits).structure.blocks:
            act, fc2 = block.mlp.activation, block.mlp.last.module
            hidden = block.mlp.normed.linear.outputs[0]
            reals = (torch.arange(1 << 16) - float(hidden.zero_point)).double()
            reals = nn.functional.gelu(reals * float(hidden.scale))
            codes = fc2.input_quantizer.centered(reals)
            x = torch.arange(1 << 16).double() - float(hidden.zero_point)
            assert fc2.input_quantizer.centered(act(x)).tolist() == codes.tolist()
