"""ONNX files equal the simulation they stand for, and hold the integer program's numbers."""

import json
from fractions import Fraction

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from vit2rtl import __version__
from vit2rtl.lowering.lower import lower
from vit2rtl.onnx import check as onnx_check
from vit2rtl.onnx import export as onnx_export
from vit2rtl.onnx.graph import to_bytes
from vit2rtl.quantization.recipe import Recipe

from ..random_models import random_model

MNIST = {"input_size": [1, 28, 28], "mean": [0.1307], "std": [0.3081]}
VIT = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3,
       "num_classes": 5}
MODELS = {
    "vit_tiny_patch16_224": [
        {}, {"global_pool": "avg", "class_token": False, "pre_norm": True},
        {"global_pool": "avg", "fc_norm": False, "img_size": (37, 50), "patch_size": (8, 16),
         "reg_tokens": 2, "init_values": 0.3, "act_layer": "quick_gelu"},
    ],
    "deit_tiny_distilled_patch16_224": [{}],
}
SWIN = {"img_size": 32, "window_size": 4, "embed_dim": 12, "depths": (2, 2), "num_heads": (2, 3),
        "num_classes": 5}
SMALL = [(name, VIT | chosen) for name, more in MODELS.items() for chosen in more] + [
    ("swin_tiny_patch4_window7_224", SWIN)]


def small(name, arguments, recipe):
    """(QuantizedViT, images, preprocessing) of a small model with random weights."""
    return random_model(name, arguments, recipe, seed=3, count=6)


def exported(quantized, path, config=None, **options):
    """The model read back from the file."""
    onnx_export.export(quantized, path, model="small", preprocessing=config or MNIST, **options)
    return onnx.load(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.mark.parametrize("bits", [(4, 4), (2, 3), (3, 8), (6, 6), (8, 8)])
def test_logits_are_the_simulations(quantize, digits, path, bits):
    quantized = quantize(*bits)
    exported(quantized, path)
    session = onnx_check.open_session(path)
    for batch in (digits, digits[:1]):
        assert onnx_check.run(session, batch).equal(quantized(batch))


@pytest.mark.parametrize("bits", [(4, 4), (8, 8)])
@pytest.mark.parametrize("model", SMALL, ids=lambda model: f"{model[0]} {len(model[1])}")
def test_every_kind_of_model_gives_the_simulations_logits(model, bits, path):
    quantized, images, config = small(*model, Recipe(*bits))
    exported(quantized, path, config)
    session = onnx_check.open_session(path)
    want = quantized(images)
    for batch in (slice(0, 1), slice(0, 6)):
        assert onnx_check.run(session, images[batch]).equal(want[batch])


@pytest.mark.parametrize("options", [{"float32": True}, {"form": "qdq"}])
def test_float32_is_near(quantize, digits, path, options):
    quantized = quantize(8, 8)
    made = exported(quantized, path, **options)
    types = {tensor.data_type for tensor in made.graph.initializer}
    assert onnx.TensorProto.DOUBLE not in types
    logits, want = onnx_check.run(onnx_check.open_session(path), digits), quantized(digits)
    assert logits.argmax(1).equal(want.argmax(1))
    torch.testing.assert_close(logits, want, rtol=0, atol=0.1 * float(want.abs().max()))


def quant_nodes(model):
    """{output: (input, scale, zero point, bits, signed)} of every Quant node."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    sources = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    found = {}
    for node in model.graph.node:
        if node.op_type == "Quant":
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            assert (attributes["narrow"], attributes["rounding_mode"]) == (0, b"ROUND")
            x, *parameters = node.input
            x = constants.get(sources.get(x, x), x)
            found[node.output[0]] = (x, *(constants[p] for p in parameters), attributes["signed"])
    return found


@pytest.mark.parametrize("bits", [(4, 4), (8, 6)])
def test_quant_nodes_hold_the_programs_codes_and_scales(quantize, path, bits):
    quantized = quantize(*bits)
    nodes = quant_nodes(exported(quantized, path))
    program = lower(quantized, variant="hardware", model="small", preprocessing=MNIST)
    tensors = program.tensors()
    coded = [tensor for tensor in tensors.values() if tensor.encoding == "uniform"]
    weights = 0
    for tensor in coded:
        if tensor.name == "patches":
            continue
        _, scale, zero_point, width, signed = nodes[tensor.name]
        moved = (1 << tensor.bits - 1) if signed else 0
        assert scale == tensor.scale
        assert (zero_point + moved, width) == (tensor.zero_point, tensor.bits)
        assert scale.dtype == zero_point.dtype == np.float64
    for op in program.ops:
        if op.kind != "linear":
            continue
        weight, scale, zero_point, width, signed = nodes[f"{op.name}/quant_weight"]
        assert (width, signed) == (op.attributes["weight_bits"], 0)
        codes = np.round(weight / scale + zero_point)
        assert np.array_equal(codes.T, op.tensors["weight"])
        assert np.array_equal(zero_point[0], op.tensors["weight_zero_point"])
        # What the requantizer does is in the scale: s_w = s_y M / (2^n s_x), to the last bit or so.
        source, target = (Fraction(t.scale) for t in (tensors[op.inputs[0]], op.output))
        for got, m, n in zip(scale[0], op.tensors["multiplier"], op.tensors["shift"], strict=True):
            want = target * int(m) / source / 2 ** int(n)
            assert abs(Fraction(float(got)) / want - 1) < Fraction(1, 2**51)
        weights += 1
    assert len(nodes) == weights + len(coded) - 1


def test_qdq_holds_the_codes_as_bytes(quantize, path):
    quantized = quantize(8, 8)
    made = exported(quantized, path, form="qdq")
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    program = lower(quantized, variant="hardware", model="small", preprocessing=MNIST)
    linear = [op for op in program.ops if op.kind == "linear"]
    for op in linear:
        weight = constants[f"{op.name}/weight"]
        assert weight.dtype == np.uint8
        assert np.array_equal(weight.T, op.tensors["weight"])
        assert np.array_equal(constants[f"{op.name}/weight_zero_point"],
                              op.tensors["weight_zero_point"])
    kinds = [node.op_type for node in made.graph.node]
    assert kinds.count("DequantizeLinear") == kinds.count("QuantizeLinear") + len(linear)
    assert not made.functions


def test_the_file_is_checked_and_says_every_shape(quantize, path):
    made = exported(quantize(4, 4), path)
    onnx.checker.check_model(made, full_check=True)
    assert made.functions[0].name == "Quant"
    described = {value.name: value.type.tensor_type for value in made.graph.value_info}
    values = {name for node in made.graph.node for name in node.output} - {"logits"}
    assert values <= set(described)
    for name in values:
        batch, *rest = described[name].shape.dim
        constant = name.endswith(("/quant_weight", "/weight/Cast")) or name.endswith("/Cast")
        assert batch.dim_param == "batch" or constant, name
        assert all(dimension.dim_value > 0 for dimension in rest), name


def test_the_same_model_gives_the_same_bytes_and_names_no_place(quantize, tmp_path):
    for name in ("one", "two"):
        exported(quantize(4, 4), tmp_path / name)
    data = (tmp_path / "one").read_bytes()
    assert data == (tmp_path / "two").read_bytes()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["one", "two"]
    assert b".py" not in data
    assert str(tmp_path).encode() not in data
    made = onnx.load(tmp_path / "one")
    assert not any(node.doc_string for node in made.graph.node)
    assert (made.producer_name, made.producer_version) == ("vit2rtl", __version__)
    metadata = {entry.key: entry.value for entry in made.metadata_props}
    assert json.loads(metadata.pop("vit2rtl.recipe")) == Recipe(4, 4).as_dict()
    assert json.loads(metadata.pop("vit2rtl.preprocessing")) == MNIST
    assert metadata == {"vit2rtl.model": "small", "vit2rtl.form": "qonnx",
                        "vit2rtl.precision": "float64"}


@pytest.mark.parametrize("options", [{}, {"float32": True}])
def test_pixels_at_ties_get_the_simulations_codes(path, options):
    """Of pixels from -1 to 1 and 256 levels every quotient is a tie, or a rounding error off it."""
    quantized, _, config = small("vit_tiny_patch16_224", VIT, Recipe(8, 8))
    quantizer = quantized.network.patch_embed.proj.input_quantizer
    quantizer.set(torch.tensor(2 / 255), torch.tensor(128.0))
    pixels = torch.arange(256, dtype=torch.float32).div(255).sub(0.5).div(0.5)
    quotients = (pixels / quantizer.scale).double()
    assert ((quotients - quotients.round()).abs() > 0.4999).all()
    made = exported(quantized.freeze(), path, config, **options)
    made.graph.output.append(onnx.helper.make_empty_tensor_value_info("image"))
    session = onnxruntime.InferenceSession(to_bytes(made), providers=["CPUExecutionProvider"])
    images = pixels.repeat(12).view(1, 3, 32, 32)
    found, = session.run(["image"], {"images": images.numpy()})
    codes = np.rint(found / float(quantizer.scale)) + 128
    assert np.array_equal(codes, quantizer.codes(images).numpy())


@pytest.mark.parametrize(("recipe", "options", "text"), [
    (Recipe(profile="paper"), {},
     "Export to ONNX needs integer arithmetic: profile hardware, layernorm reparam or layer-wise, "
     "softmax log-sqrt2; this checkpoint has profile paper, layernorm reparam, softmax log-sqrt2"),
    (Recipe(8, 8), {"form": "qcdq"}, "Form must be one of qonnx, qdq, not 'qcdq'"),
    (Recipe(4, 8), {"form": "qdq"},
     "Form qdq needs 8-bit weights and activations; patch_embed.proj has 4 bits"),
    (Recipe(8, 6), {"form": "qdq"},
     "Form qdq needs 8-bit weights and activations; blocks.0.norm1 has 6 bits"),
])
def test_what_has_no_such_form_is_refused(quantize, path, recipe, options, text):
    path.write_text("before")
    with pytest.raises(ValueError) as raised:
        exported(quantize(**recipe.as_dict()), path, **options)
    assert str(raised.value) == text
    assert path.read_text() == "before"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_zero_point_outside_a_byte_has_no_qdq_form(path):
    quantized, _, config = small("vit_tiny_patch16_224", VIT, Recipe(8, 8))
    program = lower(quantized, variant="hardware", model="small", preprocessing=config)
    op = next(op for op in program.ops if op.name == "blocks.1.mlp.fc2")
    op.tensors["weight_zero_point"][3] = 260
    with pytest.raises(ValueError) as raised:
        onnx_export.convert(program, form="qdq")
    assert str(raised.value) == ("Form qdq needs zero points of 0 to 255; blocks.1.mlp.fc2 has one "
                                 "outside, and form qonnx can hold it")
    path.write_bytes(to_bytes(onnx_export.convert(program)))
    onnx_check.open_session(path)
