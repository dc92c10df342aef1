"""A file that differs from the simulation is found out."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from vit2rtl.models.images import Images
from vit2rtl.onnx import check as onnx_check
from vit2rtl.onnx import export as onnx_export
from vit2rtl.onnx.graph import to_bytes

MNIST = {"input_size": [1, 28, 28], "mean": [0.1307], "std": [0.3081]}


@pytest.fixture(scope="module")
def made(quantize):
    """(simulation, its ONNX model) of the embedded model at 4 bits."""
    from vit2rtl.lowering.lower import lower

    quantized = quantize(4, 4)
    program = lower(quantized, variant="hardware", model="mnist_vit", preprocessing=MNIST)
    return quantized, onnx_export.convert(program)


@pytest.fixture
def check(made, digits, tmp_path):
    """``check(model) -> result`` of an ONNX model against the simulation."""
    def check(model):
        path = tmp_path / "model.onnx"
        path.write_bytes(to_bytes(model))
        counted = []
        images = Images([str(n) for n in range(len(digits))], None, digits.__getitem__)
        result = onnx_check.compare(path, made[0], images, progress=counted.append)
        assert sum(counted) == result["images"] == 16
        return result

    return check


def seeded(model, change):
    """A copy in which ``change(name, array)`` gave some constants another value."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    changed = 0
    for tensor in copy.graph.initializer:
        array = change(tensor.name, numpy_helper.to_array(tensor))
        if array is not None:
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(array), tensor.name))
            changed += 1
    assert changed == 1
    return copy


def test_the_right_file_has_no_noise(made, check):
    assert check(made[1]) == {"images": 16, "precision": "float64", "equal": 100.0,
                              "top1_agreement": 100.0, "sqnr": None}


@pytest.mark.parametrize("name", [
    "blocks.0.norm1/zeropt", "blocks.1.attn.attention_value/zeropt", "blocks.2.mlp.act/zeropt",
    "blocks.3.norm2/zeropt", "head.norm/zeropt",
])
def test_a_wrong_zero_point_in_one_node_is_found(made, check, name):
    result = check(seeded(made[1], lambda n, array: array + 1 if n == name else None))
    assert result["equal"] < 99


@pytest.mark.parametrize(("name", "change"), [
    ("blocks.1.mlp.fc1/weight_zeropt", lambda a: a + (np.arange(a.size) == 3)),
    ("blocks.2.attn.softmax/log_sqrt2_offset", lambda a: a + 0.1),
    ("blocks.0.attn.attention_value/factors", lambda a: a[::-1]),
    ("blocks.3.mlp.act/table", lambda a: np.roll(a, 64)),
    ("blocks.2.attn.proj/bias", lambda a: a * 1.01),
    ("embed/constants", lambda a: a[:, ::-1]),
    ("patch_embed.proj/scale", lambda a: a * 1.001),
])
def test_other_wrong_numbers_are_found(made, check, name, change):
    result = check(seeded(made[1], lambda n, array: change(array) if n == name else None))
    assert result["equal"] < 99
    assert result["sqnr"] < 60


def refusal(check, model):
    with pytest.raises(ValueError) as raised:
        check(model)
    return str(raised.value)


def graph(inputs, outputs, nodes, constants=()):
    values = [[helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
               for name, shape in named.items()] for named in (inputs, outputs)]
    made = helper.make_graph(nodes, "g", *values, list(constants))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_files_of_something_else_are_refused(check, tmp_path):
    path = tmp_path / "model.onnx"
    identity = helper.make_node("Identity", ["x"], ["y"])
    assert refusal(check, graph({"x": ["n", 4]}, {"y": ["n", 4]}, [identity])) == (
        f'{path} must take images and give logits, not [["x"], ["y"]]')
    sums = helper.make_node("ReduceMean", ["images"], ["logits"], axes=[2, 3], keepdims=0)
    ends = {"logits": ["n", "c"]}
    assert refusal(check, graph({"images": ["n", "c", "h", "w"]}, ends, [sums])) == (
        f"{path} gives 1 logits, the checkpoint 10")
    message = refusal(check, graph({"images": ["n", 3, 28, 28]}, ends, [sums]))
    assert message.startswith(f"{path} does not take these images ([ONNXRuntimeError] : 2 : ")
    assert "\n" not in message
    path.write_bytes(b"no protobuf")
    with pytest.raises(ValueError) as raised:
        onnx_check.open_session(path)
    assert str(raised.value).startswith(f"{path} cannot be run by ONNX Runtime ([ONNXRuntimeError]")
