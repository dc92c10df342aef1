"""The two ways to write a uniform quantizer in ONNX: ``Quant`` of QONNX, and QDQ pairs."""

from typing import Protocol

import numpy as np
from onnx import FunctionProto

from vit2rtl.golden.program.program import Tensor
from vit2rtl.onnx.graph import QONNX, Graph, quant_function


class Quantizers(Protocol):
    """How a graph's quantizers are written; values are referred to by name."""

    def functions(self) -> list[FunctionProto]:
        """Definitions that travel with the nodes."""

    def image(self, images: str, tensor: Tensor) -> str:
        """Name of the quantized image."""

    def activation(self, x: str, tensor: Tensor) -> str:
        """Name of the quantized value."""

    def weight(
        self, codes: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, bits: int
    ) -> str:
        """Name of the weight, [in, out].

        codes, zero_point   int64[in, out], int64[1, out]
        scale               float64[1, out]
        """


class QuantNodes:
    """One ``Quant`` node a quantizer, any widths, in the graph's float type."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def functions(self) -> list[FunctionProto]:
        return [quant_function(self.graph.type)]

    def image(self, images: str, tensor: Tensor) -> str:
        """Quotients are rounded in float32 first, as the simulation rounds them.

        Where a pixel's step is the scale's, all of them are ties but for rounding errors. What
        follows finds the codes.
        """
        graph = self.graph
        scale = graph.constant("pixel_scale", tensor.scale, np.float32)
        x = graph.node("Round", graph.node("Div", images, scale))
        if graph.dtype != np.float32:
            x = graph.node("Cast", x, to=graph.type)
        x = graph.node("Mul", x, graph.constant("pixel_step", tensor.scale))
        return self.activation(x, tensor)

    def activation(self, x: str, tensor: Tensor) -> str:
        graph, zero_point, signed = self.graph, tensor.zero_point, tensor.signed
        if not signed and zero_point == 1 << (tensor.bits - 1):
            # The same codes, counted from the middle: what tools call symmetric.
            zero_point, signed = 0, True
        return self._quant(
            x, graph.constant("scale", tensor.scale),
            graph.constant("zeropt", zero_point), tensor.bits, signed, tensor.name)

    def weight(
        self, codes: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, bits: int
    ) -> str:
        """Kept as float32 and quantized to its codes again."""
        graph = self.graph
        weight = ((codes - zero_point) * scale).astype(np.float32)
        if (np.rint(weight / scale + zero_point) != codes).any():
            raise ValueError(f"{graph.scope} has weights so far from zero that float32 does not "
                             "tell their codes apart")
        stored = graph.constant("weight", weight, np.float32)
        if graph.dtype != np.float32:
            stored = graph.node("Cast", stored, to=graph.type)
        return self._quant(
            stored, graph.constant("weight_scale", scale),
            graph.constant("weight_zeropt", zero_point), bits, False, f"{graph.scope}/quant_weight")

    def _quant(
        self, x: str, scale: str, zeropt: str, bits: int, signed: bool, output: str
    ) -> str:
        return self.graph.node(
            "Quant", x, scale, zeropt, self.graph.shared(f"bitwidth/{bits}", bits), output=output,
            domain=QONNX, signed=int(signed), narrow=0, rounding_mode="ROUND")


class QdqNodes:
    """QuantizeLinear and DequantizeLinear, uint8; what has more bits stays in float."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def functions(self) -> list[FunctionProto]:
        return []

    def image(self, images: str, tensor: Tensor) -> str:
        """QuantizeLinear rounds in float32, as the simulation does."""
        return self.activation(images, tensor)

    def activation(self, x: str, tensor: Tensor) -> str:
        graph = self.graph
        if tensor.bits > 8:
            return x
        self._check(tensor.bits, tensor.zero_point)
        pair = (graph.constant("scale", tensor.scale),
                graph.constant("zero_point", tensor.zero_point, np.uint8))
        codes = graph.node("QuantizeLinear", x, *pair)
        return graph.node("DequantizeLinear", codes, *pair, output=tensor.name)

    def weight(
        self, codes: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, bits: int
    ) -> str:
        graph = self.graph
        self._check(bits, zero_point)
        return graph.node(
            "DequantizeLinear", graph.constant("weight", codes, np.uint8),
            graph.constant("weight_scale", scale.reshape(-1)),
            graph.constant("weight_zero_point", zero_point.reshape(-1), np.uint8), axis=1,
            output=f"{graph.scope}/dequantized_weight")

    def _check(self, bits: int, zero_point: int | np.ndarray) -> None:
        if bits != 8:
            raise ValueError("Form qdq needs 8-bit weights and activations; "
                             f"{self.graph.scope} has {bits} bits")
        if np.min(zero_point) < 0 or np.max(zero_point) > 255:
            raise ValueError(f"Form qdq needs zero points of 0 to 255; {self.graph.scope} has "
                             "one outside, and form qonnx can hold it")
