"""The ops of attention between qkv and proj, variant ``hardware``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vit2rtl.golden.arithmetic import log2_value, matmul, twin
from vit2rtl.golden.arithmetic.attention_value import Multipliers
from vit2rtl.golden.program.attention import matrix_shape, value_bound
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.lowering.tensors import codes_of, input_of
from vit2rtl.quantization.fq_vit.log_int_softmax import LogIntSoftmax
from vit2rtl.quantization.quantizers import LogSqrt2Quantizer, Quantizer
from vit2rtl.quantization.structure import Attention
from vit2rtl.quantization.twin_quantizers import TwinSoftmaxQuantizer


class AttentionOps:
    """Makes ops one after the other, in ``ops``; every method returns the output's Tensor."""

    def __init__(self) -> None:
        self.ops: list[Op] = []

    def emit(
        self, name: str, kind: str, inputs: Sequence[Tensor], output: Tensor,
        tensors: Mapping[str, np.ndarray] | None = None, **attributes: Any,
    ) -> Tensor:
        names = tuple(tensor.name for tensor in inputs)
        self.ops.append(Op(name, kind, names, output, attributes, dict(tensors or {})))
        return output

    def attention(self, attention: Attention, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        codes = self.softmax(attention, self.query_key(attention, q, k))
        return self.attention_value(attention, codes, v)

    def query_key(self, attention: Attention, q: Tensor, k: Tensor) -> Tensor:
        name, module = attention.name, attention.module
        bound = query_key_bound(attention, q, k)
        scale = q.scale * k.scale * module.scale
        output = Tensor(f"{name}.accumulators", matrix_shape(q, k, module.heads),
                        bound.bit_length() + 1, True, "accumulator", scale, 0, bound)
        return self.emit(
            f"{name}.query_key", "query_key", [q, k], output, heads=module.heads,
            q_zero_point=q.zero_point, k_zero_point=k.zero_point, product_bound=bound,
            accumulator_bound=bound,
        )

    def softmax(self, attention: Attention, logits: Tensor) -> Tensor:
        name, quantizer = attention.name, attention.module.softmax_quantizer
        tensors = {}
        if attention.module.relative_position_bias is not None:
            tensors["bias"] = attention.module.relative_position_bias[0].double().numpy()
        tensors |= mask_of(attention)
        output = codes_of(f"{name}.softmax", logits.shape, quantizer)
        kind, attributes = _softmax_of(quantizer)
        return self.emit(output.name, kind, [logits], output, tensors, logit_scale=logits.scale,
                         **attributes)

    def attention_value(self, attention: Attention, codes: Tensor, v: Tensor) -> Tensor:
        name, module = attention.name, attention.module
        if module.value is None:
            raise ValueError(f"{name} has no integer form of attention times V")
        output = input_of(attention.last, (*v.shape[:-2], codes.shape[-2], v.shape[-1]))
        quantizer = module.softmax_quantizer
        kind, bound, attributes = _value_of(quantizer, module.value.multipliers, codes, v)
        return self.emit(
            f"{name}.attention_value", kind, [codes, v], output, heads=module.heads,
            v_zero_point=v.zero_point, softmax_bits=quantizer.bits,
            accumulator_bound=_fitting(name, bound), **attributes)


def _softmax_of(quantizer: Quantizer) -> tuple[str, dict[str, Any]]:
    """The kind of softmax that gives a quantizer's codes, and its attributes."""
    match quantizer:
        case LogSqrt2Quantizer():
            a, b = quantizer.thresholds()
            return "softmax_float", {
                "threshold_a": a, "threshold_b": b, "zero_code": quantizer.zero_code}
        case TwinSoftmaxQuantizer():
            return "softmax_twin_float", {"split": quantizer.exponent}
        case LogIntSoftmax(logits=logits):
            return "softmax_log2_float", {
                "step": float(logits.scale), "step_bits": logits.bits,
                "step_zero_point": int(logits.zero_point)} | quantizer.parameters()._asdict()
    raise ValueError(f"No kind of softmax gives codes of {type(quantizer).__name__}")


def _value_of(
    quantizer: Quantizer, multipliers: Multipliers, codes: Tensor, v: Tensor
) -> tuple[str, int, dict[str, Any]]:
    """The kind of attention × V that takes a quantizer's codes, the accumulators' bound, and its
    attributes."""
    even, odd, shift = multipliers
    tokens = v.shape[-2]
    match quantizer:
        case LogSqrt2Quantizer():
            rule = quantizer.zero_code
            return "attention_value", value_bound(codes, v, rule), {
                "zero_code": rule, "multipliers": [even, odd, shift]}
        case TwinSoftmaxQuantizer():
            split = quantizer.exponent
            return "attention_value_twin", twin.bound(tokens, v.reach, split, bits=codes.bits), {
                "split": split, "multipliers": [even, odd, shift]}
        case LogIntSoftmax():
            bound = log2_value.bound(tokens, v.reach, bits=quantizer.bits)
            return "attention_value_log2", bound, {"multiplier": even, "shift": shift}
    raise ValueError(f"No kind of attention × V takes codes of {type(quantizer).__name__}")


def _fitting(name: str, bound: int) -> int:
    """The bound of an accumulator, which has 32 bits: ValueError for a larger one."""
    if bound >= matmul.ACCUMULATOR_LIMIT:
        raise ValueError(f"{name}: accumulator bound {bound} does not fit 32 bits")
    return bound


def query_key_bound(attention: Attention, q: Tensor, k: Tensor) -> int:
    channels = q.shape[-1] // attention.module.heads
    return _fitting(attention.name, matmul.query_key_bound(q.reach, k.reach, channels))


def mask_of(attention: Attention) -> dict[str, np.ndarray]:
    """``mask`` uint8[windows, tokens, tokens], 1 where a key is out of reach (Swin); or nothing."""
    if attention.mask is None:
        return {}
    return {"mask": (attention.mask.numpy() != 0).astype(np.uint8)}
