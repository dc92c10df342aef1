"""An ONNX graph in the making, and the definition of ``Quant`` that travels with it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import (
    AttributeProto,
    FunctionProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

OPSET = 17
# {name: (shape, dtype)} of values, a shape's text entries being symbolic.
Values = Mapping[str, tuple[Sequence[int | str], DTypeLike]]
# The oldest format with functions, for the widest choice of runtimes.
IR_VERSION = 8
QONNX = "qonnx.custom_op.general"


class Graph:
    """Collects nodes and constants; values are referred to by name.

    dtype   np.float64 or np.float32: of everything that is not a code or an index
    scope   what the names of nodes and of their values begin with, the op at work
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.type = helper.np_dtype_to_tensor_dtype(self.dtype)
        self.scope = ""
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._used: dict[str, int] = {}

    def node(
        self, kind: str, *inputs: str, output: str | None = None, domain: str | None = None,
        **attributes: Any,
    ) -> str:
        """Append a node and return the name of its output."""
        stem = f"{self.scope}/{kind}"
        count = self._used[stem] = self._used.get(stem, 0) + 1
        name = stem if count == 1 else f"{stem}.{count}"
        self._nodes.append(
            helper.make_node(kind, inputs, [output or name], name, domain=domain, **attributes))
        return output or name

    def constant(self, role: str, array: ArrayLike, dtype: DTypeLike | None = None) -> str:
        """Name of a constant of the op at work; of the graph's float type by default."""
        return self._constant(f"{self.scope}/{role}", np.asarray(array, dtype or self.dtype))

    def shared(self, name: str, value: float) -> str:
        """Name of a scalar that any number of ops use."""
        return self._constant(name, np.asarray(value, self.dtype))

    def _constant(self, name: str, array: np.ndarray) -> str:
        constant = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        if self._constants.setdefault(name, constant) != constant:
            raise ValueError(f"The graph has two constants {name!r}")
        return name

    def shape(self, role: str, *sizes: int) -> str:
        """Constant for Reshape; the first 0 keeps the number of images."""
        return self.constant(role, sizes, np.int64)

    def model(
        self, inputs: Values, outputs: Values, metadata: Mapping[str, str], *,
        functions: Sequence[FunctionProto] = (),
    ) -> ModelProto:
        """The checked model, with the shape of every value."""
        from vit2rtl import __version__

        graph = helper.make_graph(self._nodes, "vit2rtl", _infos(inputs), _infos(outputs),
                                  [*self._constants.values()])
        opsets = [helper.make_opsetid("", OPSET), *(
            helper.make_opsetid(function.domain, 1) for function in functions)]
        model = helper.make_model(
            graph, opset_imports=opsets, functions=functions, ir_version=IR_VERSION,
            producer_name="vit2rtl", producer_version=__version__,
        )
        helper.set_model_props(model, dict(metadata))
        if model.ByteSize() >= 1 << 31:
            raise ValueError("The model takes more than the 2 GB that an ONNX file can hold")
        onnx.checker.check_model(model)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def _infos(values: Values) -> list[ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
        for name, (shape, dtype) in values.items()
    ]


def quant_function(kind: int) -> FunctionProto:
    """QONNX's ``Quant`` of TensorProto type ``kind``, in standard operators.

    ``(round(clip(x / scale + zeropt, low, high)) - zeropt) * scale``, half to even; low and high
    are those of ``bitwidth`` bits, signed or not. ``narrow`` and ``rounding_mode`` are declared,
    as QONNX has them, and always 0 and ROUND here.
    """
    def scalar(name: str, value: float) -> NodeProto:
        return helper.make_node(
            "Constant", [], [name], value=helper.make_tensor(name, kind, [], [value]))

    sign = helper.make_node("Constant", [], ["sign"])
    sign.attribute.append(
        AttributeProto(name="value_int", ref_attr_name="signed", type=AttributeProto.INT))
    steps = [
        ("Cast", "sign", "signed"), ("Pow", "two bitwidth", "levels"),
        ("Div", "levels two", "half"), ("Mul", "signed half", "below"), ("Neg", "below", "low"),
        ("Add", "low levels", "end"), ("Sub", "end one", "high"),
        ("Div", "x scale", "scaled"), ("Add", "scaled zeropt", "moved"),
        ("Clip", "moved low high", "clipped"), ("Round", "clipped", "code"),
        ("Sub", "code zeropt", "centered"), ("Mul", "centered scale", "y"),
    ]
    nodes = [scalar("one", 1.0), scalar("two", 2.0), sign]
    for name, inputs, output in steps:
        node = helper.make_node(name, inputs.split(), [output])
        if name == "Cast":
            node.attribute.append(helper.make_attribute("to", kind))
        nodes.append(node)
    return helper.make_function(
        QONNX, "Quant", ["x", "scale", "zeropt", "bitwidth"], ["y"], nodes,
        [helper.make_opsetid("", OPSET)], ["signed", "narrow", "rounding_mode"],
    )


def to_bytes(model: ModelProto) -> bytes:
    """The file's bytes: the same model, the same bytes."""
    return model.SerializeToString(deterministic=True)

