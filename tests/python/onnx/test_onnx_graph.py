"""What stands in the graph, against definitions of its own: Quant, and the log√2 quantizer."""

import numpy as np
import onnxruntime
import pytest

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import Tensor
from vit2rtl.onnx.graph import Graph, to_bytes
from vit2rtl.onnx.kinds import NODES
from vit2rtl.onnx.kinds.softmax_float import log_sqrt2_code
from vit2rtl.onnx.quantizers import QuantNodes


def run(graph, x, name, dtype, functions=()):
    """What the graph makes of the input ``x``: the value ``name``."""
    model = graph.model({"x": (("n",), graph.dtype)}, {name: (("n",), dtype)}, {},
                        functions=functions)
    session = onnxruntime.InferenceSession(to_bytes(model), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def quant(x, scale, zeropt, bits, signed):
    """QONNX's definition, in its order: scale, zero point, clamp, round half to even."""
    low, high = (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    code = np.round(np.clip(x / scale + zeropt, low, high).astype(x.dtype))
    return ((code - zeropt) * scale).astype(x.dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("bits", "signed", "zero_point"), [
    (2, False, 1), (4, False, 0), (4, False, 5), (4, True, 0), (8, False, 300), (8, True, -7),
    (8, False, 128), (16, False, 32768), (16, True, 0),
])
def test_the_function_is_the_operator(bits, signed, zero_point, dtype):
    graph = Graph(dtype)
    graph.scope = "op"
    nodes = QuantNodes(graph)
    nodes.activation("x", Tensor("y", (1,), bits, signed, "uniform", 0.25, zero_point))
    codes = np.random.default_rng(bits).uniform(-(2**bits), 2 ** (bits + 1), 4000) - zero_point
    # With ties, and both ends of the range.
    x = np.concatenate([codes, np.round(2 * codes) / 2]).astype(dtype) * dtype(0.25)
    made = run(graph, x, "y", dtype, nodes.functions())
    assert made.dtype == dtype
    assert np.array_equal(made, quant(x, dtype(0.25), dtype(zero_point), bits, signed))
    assert len(np.unique(made)) > min(2**bits // 4, 1000)


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("scale", [1.0, 0.9370000958442688, 0.3, 0.011])
def test_log_sqrt2_codes_are_the_integer_ones_for_every_probability(bits, scale):
    scale = float(np.float32(scale))
    probabilities = np.arange(1 << 16)
    want = log_sqrt2.quantize(probabilities, *log_sqrt2.thresholds(scale), bits=bits)
    graph = Graph(np.float64)
    graph.scope = "softmax"
    output = Tensor("codes", (1,), bits, False, "log_sqrt2", scale)
    log_sqrt2_code(graph, "x", output, "top")
    assert np.array_equal(run(graph, probabilities.astype(np.float64), "codes", np.int64), want)


def test_a_constant_has_one_value():
    graph = Graph(np.float32)
    assert graph.shared("zero", 0) == graph.shared("zero", 0.0) == "zero"
    with pytest.raises(ValueError) as raised:
        graph.shared("zero", 1)
    assert str(raised.value) == "The graph has two constants 'zero'"


def test_a_kind_without_nodes_is_a_sentence():
    with pytest.raises(ValueError) as raised:
        NODES["softmax"]
    assert str(raised.value) == (
        "Kind softmax has no ONNX nodes: add nodes in python/onnx/kinds/softmax.py")


def test_every_kind_of_variant_hardware_has_nodes():
    integer = {name for name in KINDS if f"{name}_float" in KINDS}
    # Of PTQ4ViT and FQ-ViT, which are not exported.
    others = {name for name in KINDS if any(part in name for part in ("twin", "factors", "log2"))}
    assert set(NODES) == set(KINDS) - integer - others
    assert all(map(callable, NODES.values()))
