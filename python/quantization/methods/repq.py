"""RepQ-ViT (Li et al., ICCV 2023), algorithm 1, with its profiles and the paper's ablations."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from vit2rtl.quantization.layers import OUTPUT_BITS, QuantLinear
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.quantizers import (
    LayerQuantizers,
    Log2Quantizer,
    LogSqrt2Quantizer,
    Quantizer,
    UniformQuantizer,
)
from vit2rtl.quantization.settings import LAYERNORMS, PROFILES, SOFTMAXES
from vit2rtl.quantization.structure import Place, Role, Structure

IMAGE_BITS = 8
_ZERO_CODES = {"official": "extra", "paper": "none", "hardware": "top"}


@dataclass(frozen=True)
class RepQ(Method):
    """A setting of RepQ-ViT, checked.

    profile          which arithmetic the simulated model obeys:
        ``official``  the authors' code: float mean zero point, 2**b log√2 codes and a zero
        ``paper``     the text: rounded mean, Eq. 18 clipped, no zero
        ``hardware``  integers in every matmul and requantizer; the top log√2 code means zero
    layernorm        post-LayerNorm activations: one scale, one a channel, or reparameterized
    softmax          post-Softmax activations: uniform, log2 or log√2
    symmetric_weights  weights' zero points in the middle of their codes, rather than calibrated
    """

    profile: str = "hardware"
    layernorm: str = "reparam"
    softmax: str = "log-sqrt2"
    symmetric_weights: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, choices in (
            ("profile", PROFILES), ("layernorm", LAYERNORMS), ("softmax", SOFTMAXES)
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name.capitalize()} must be one of {', '.join(choices)}, "
                    f"not {getattr(self, name)!r}"
                )
        if not isinstance(self.symmetric_weights, bool):
            raise ValueError(
                f"Symmetric weights must be true or false, not {self.symmetric_weights!r}"
            )

    @property
    def zero_code(self) -> str:
        """Rule of the logarithmic quantizers' zero: :mod:`vit2rtl.golden.arithmetic.log_sqrt2`."""
        return _ZERO_CODES[self.profile]

    @property
    def integer(self) -> bool:
        return self.profile == "hardware" and self.layernorm != "channel-wise"

    @property
    def fractional_zero_points(self) -> bool:
        return self.profile == "official"

    def lacks_integers(self) -> str | None:
        if self.integer and self.softmax == "log-sqrt2":
            return None
        return (
            f"profile hardware, layernorm reparam or layer-wise, softmax log-sqrt2; this "
            f"checkpoint has profile {self.profile}, layernorm {self.layernorm}, "
            f"softmax {self.softmax}"
        )

    def quantizers(self, place: Place) -> LayerQuantizers:
        weight = UniformQuantizer(
            self.width(place.weight), axis=0, symmetric=self.symmetric_weights)
        return LayerQuantizers(self._input(place), weight, self._outputs(place))

    def _input(self, place: Place) -> UniformQuantizer:
        bits = self.width(place.input)
        match place.role:
            case Role.PATCH_EMBEDDING:
                return UniformQuantizer(IMAGE_BITS)
            case Role.QKV | Role.FC1 | Role.REDUCTION:
                axis = None if self.layernorm == "layer-wise" else -1
                return UniformQuantizer(bits, axis)
            case Role.PROJ | Role.FC2 | Role.HEAD | Role.DETECTION:
                return UniformQuantizer(bits)
        raise ValueError(f"RepQ-ViT has no quantizer for the input of a {place.role}")

    def _outputs(self, place: Place) -> tuple[UniformQuantizer, ...]:
        """q, k and v are multiplied; the float vector unit takes all other outputs."""
        chosen = tuple(UniformQuantizer(self.width(name)) for name in place.outputs)
        return chosen or (UniformQuantizer(OUTPUT_BITS),)

    def softmax_quantizer(self, place: Place) -> Quantizer:
        bits = self.width(place.softmax)
        match self.softmax:
            case "uniform":
                return UniformQuantizer(bits)
            case "log2":
                return Log2Quantizer(bits, self.zero_code)
            case "log-sqrt2":
                return LogSqrt2Quantizer(
                    bits, self.zero_code, fixed_point=self.profile == "hardware"
                )
        raise ValueError(f"RepQ-ViT has no Softmax quantizer {self.softmax!r}")

    def calibrate(
        self, structure: Structure, images: torch.Tensor, *, observe: Callable[[], None]
    ) -> None:
        """One forward pass, as in the authors' code. The second pass of algorithm 1 (step 7)
        calibrates weights again and needs no images."""
        for layer in structure.layers:
            layer.module.calibrate_weight()
        structure.calibrate_activations(images)
        observe()
        if self.layernorm != "reparam":
            return
        for pair in structure.normed:
            factor, shift = reparameterize(
                pair.norm, pair.linear, fractional_zero_point=self.fractional_zero_points
            )
            if pair.pad is not None:
                # What stands beside the norm's output is changed as it is: by code, what it was.
                pair.pad.copy_((pair.pad.double() + shift) / factor)
            pair.linear.calibrate_weight()


METHOD = RepQ


def reparameterize(
    norm: nn.LayerNorm, linear: QuantLinear, *others: QuantLinear,
    fractional_zero_point: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn a channel-wise quantizer between LayerNorm and linear layer into a layer-wise one.

    The LayerNorm's affine factors (Eq. 15) and the next layer's weights and bias (Eq. 17) absorb
    the variation factors r1 = s / s~ and r2 = z - z~, with s~ the mean scale and z~ the mean zero
    point, so that the float network stays what it was. With an integer z~ the codes stay what
    they were, too. Channels that were constant in calibration are represented exactly by any
    scale and are left out of the means.

    norm     LayerNorm with weight and bias
    linear   QuantLinear with a calibrated channel-wise input quantizer and float weights; its
             weight quantizer must be calibrated again
    others   further layers that the LayerNorm feeds; they get the first one's quantizer
    fractional_zero_point
             keep the float mean, as the authors' code does (profile ``official``); otherwise z~ is
             rounded and brought into 0 .. 2**bits - 1: any z~ will do, r2 absorbs it
    returns  r1 and s r2, float64[channels]: the LayerNorm's output x is now (x + s r2) / r1
    """
    quantizer = linear.input_quantizer
    s, z = quantizer.scale.double(), quantizer.zero_point.double()
    constant = quantizer.constant
    if constant is None:
        raise ValueError("A channel-wise quantizer must be calibrated before it is reparameterized")
    varying = constant if constant.all() else ~constant
    mean_s, mean_z = s[varying].mean(), z[varying].mean()
    if not fractional_zero_point:
        mean_z = mean_z.round().clamp(0, quantizer.levels - 1)
    quantizer.set(mean_s, mean_z)
    # The quantizer keeps float32: the factors are those of the value it keeps.
    r1, r2 = s / quantizer.scale.double(), z - quantizer.zero_point.double()
    with torch.no_grad():
        norm.weight.copy_(norm.weight.double() / r1)
        norm.bias.copy_((norm.bias.double() + s * r2) / r1)
        for layer in (linear, *others):
            weight, bias = layer.weight.double(), layer.bias.double()
            layer.bias.copy_(bias - weight @ (s * r2))
            layer.weight.copy_(weight * r1)
            # A tensor of its own each: shared ones cannot be saved.
            layer.input_quantizer.set(quantizer.scale.clone(), quantizer.zero_point.clone())
            layer.input_quantizer.axis = None
    return r1, s * r2
