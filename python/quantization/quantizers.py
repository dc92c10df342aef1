"""The quantizers of RepQ-ViT: uniform (Eqs. 7-9), log2 (Eqs. 10-11) and log√2 (Eqs. 18-20).

Each has ``calibrate(x)``, ``codes(x)`` (integers) and ``forward(x)`` (dequantized codes); the
state is two or one float32 buffers, so that it is saved with the model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from vit2rtl.golden.arithmetic import gelu, log_sqrt2
from vit2rtl.golden.arithmetic.matmul import Codes
from vit2rtl.quantization import calibration

PROBABILITY_WIDTH = 16


class Quantizer(nn.Module):
    """What every quantizer has.

    bits      of a code
    scale     float32, a buffer
    encoding  what a code stands for: one of :data:`vit2rtl.golden.program.program.ENCODINGS` where
              programs can hold it
    shape     of the scale; of a uniform quantizer its axis decides
    takes_logits  whether a quantizer of what Softmax gives is Softmax itself
    """

    encoding = ""
    shape: tuple[int, ...] = ()
    takes_logits = False
    bits: int
    scale: torch.Tensor

    @property
    def unit(self) -> float:
        """What a code of one stands for, where there is one scale."""
        return float(self.scale)

    def calibrate(self, x: torch.Tensor) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no calibrate")

    def codes(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no codes")


class UniformQuantizer(Quantizer):
    """Uniform quantizer of a tensor, or of each channel of one of its axes.

    scale       float32[] or float32[channels]
    zero_point  float32, same shape; an integer except for the float mean of profile ``official``
    axis        the channel axis, or None for one scale
    symmetric   zero points stay in the middle, ``2**(bits-1)``
    constant    bool[channels], channels seen constant in calibration (left out of means)
    """

    encoding = "uniform"
    zero_point: torch.Tensor

    def __init__(self, bits: int, axis: int | None = None, *, symmetric: bool = False) -> None:
        super().__init__()
        if not 2 <= bits <= 16:
            raise ValueError(f"Bits must be between 2 and 16, not {bits!r}")
        self.bits, self.axis, self.levels = bits, axis, 1 << bits
        self.symmetric = symmetric
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("zero_point", torch.zeros(()))
        self.constant: torch.Tensor | None = None

    def golden(self) -> Codes:
        """What golden's functions take of a quantizer with one scale and an integer zero point."""
        return Codes(float(self.scale), int(self.zero_point), self.levels - 1)

    def calibrate(self, x: torch.Tensor) -> None:
        """Choose scale and zero point by percentile and mean squared error."""
        if not torch.isfinite(x).all():
            raise ValueError("Calibration met values that are not finite (NaN or infinity)")
        if self.axis is None:
            rows = x.reshape(1, -1)
        else:
            rows = x.movedim(self.axis, 0).flatten(1).contiguous()
        scale, zero_point, self.constant = calibration.best_uniform(
            rows, self.levels, symmetric=self.symmetric
        )
        self.set(scale, zero_point) if self.axis is not None else self.set(scale[0], zero_point[0])

    def table_of(
        self, function: Callable[[float], float], scale: float, zero_point: int, bits: int
    ) -> np.ndarray:
        """uint8[2**bits] codes of a function's values, by golden's definition (R9), for every code
        of a tensor with this scale, zero point and width."""
        own = self.golden()
        return gelu.table_of(scale, zero_point, own.scale, own.zero_point, input_bits=bits,
                             bits=self.bits, function=function)

    def dequantized(self, codes: np.ndarray) -> torch.Tensor:
        """float32[...]: what codes stand for."""
        own = self.golden()
        values = torch.from_numpy((codes.astype(np.float64) - own.zero_point) * own.scale)
        return values.float().to(self.scale.device)

    def calibrate_symmetric(self, x: torch.Tensor, headroom: float) -> None:
        """Zero point in the middle, scale from the largest magnitude times ``headroom``."""
        reach = float(x.abs().max()) * headroom
        middle = self.levels // 2
        self.set(torch.tensor(reach / middle if reach else 1.0), torch.tensor(float(middle)))

    def set(self, scale: torch.Tensor, zero_point: torch.Tensor) -> None:
        if self.symmetric:
            zero_point = torch.full_like(scale, self.levels // 2)
        self.scale = scale.to(self.scale)
        if not torch.isfinite(self.scale).all():
            raise ValueError("Weights or activations are too large: their scale is not finite")
        self.zero_point = zero_point.to(self.scale)

    def centered(self, x: torch.Tensor) -> torch.Tensor:
        """Codes minus zero point, as floats: what a matmul multiplies.

        ``clip(round(x / s), -z, 2**b - 1 - z)``, rounding half to even (Eq. 7 less z).
        """
        scale, zero_point = self._broadcast(x)
        low = -zero_point if zero_point.ndim else -float(zero_point)
        return (x / scale).round_().clamp_(low, low + (self.levels - 1))

    def codes(self, x: torch.Tensor) -> torch.Tensor:
        """int32[...] codes. With a fractional zero point the two ends are levels of their own,
        so that there are ``2**bits + 1`` of them (profile ``official``)."""
        centered, (_, zero_point) = self.centered(x), self._broadcast(x)
        codes = torch.floor(centered + zero_point.ceil()).clamp_(max=self.levels - 1)
        fractional = zero_point.frac() != 0
        top = centered == self.levels - 1 - zero_point
        return (codes + (fractional & top)).to(torch.int32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.centered(x).mul_(self._broadcast(x)[0])

    def _broadcast(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and zero point shaped to meet ``x``."""
        if self.scale.ndim == 0:
            return self.scale, self.zero_point
        assert self.axis is not None
        shape = [1] * x.ndim
        shape[self.axis] = -1
        return self.scale.view(shape), self.zero_point.view(shape)

    def extra_repr(self) -> str:
        return f"bits={self.bits}, axis={self.axis}"


@dataclass(frozen=True)
class LayerQuantizers:
    """What a method gives a linear layer.

    input    of what is multiplied
    weight   an output channel a scale
    outputs  of equal groups of output channels: q, k and v, or one
    output_codes  whether the simulated output is in codes of the one output, too
    """

    input: Quantizer
    weight: UniformQuantizer
    outputs: tuple[UniformQuantizer, ...]
    output_codes: bool = False


class Log2Quantizer(Quantizer):
    """Log2 quantizer of non-negative values (Eqs. 10-11), an ablation of the paper's Table 4.

    ``zero_code`` as in
    :func:`vit2rtl.golden.arithmetic.log_sqrt2.code_count`: beside Eq. 10's clip, the
    authors' extra zero or a top code that means zero.
    """

    encoding = "log2"
    steps_per_octave = 1

    def __init__(self, bits: int, zero_code: str) -> None:
        super().__init__()
        self.bits, self.zero_code = bits, zero_code
        self.count = log_sqrt2.code_count(bits, zero_code)
        self.register_buffer("scale", torch.ones(()))

    def calibrate(self, x: torch.Tensor) -> None:
        """Choose the scale, by the error that the authors' quantizer, extra zero and all, makes.

        One rule for every zero code, so that profiles differ by what a code means and not by
        their scales.
        """
        judge = type(self)(self.bits, "extra")
        self.set_scale(calibration.best_scale(x.reshape(-1), judge.fake_quantize))

    def set_scale(self, scale: torch.Tensor | float) -> None:
        self.scale = torch.as_tensor(scale).to(self.scale)

    def codes(self, x: torch.Tensor) -> torch.Tensor:
        """int32[...] codes: ``clip(round(-k log2(x / s)), 0, last)``, k steps to the octave."""
        return self._codes(x, self.scale).to(torch.int32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fake_quantize(x, self.scale)

    def values(self) -> torch.Tensor:
        """float64[count]: what each code stands for, in units of the scale."""
        steps = torch.arange(self.count, dtype=torch.float64, device=self.scale.device)
        values = 2.0 ** (-steps / self.steps_per_octave)
        if self.zero_code != "none":
            values[-1] = 0.0
        return values

    def _codes(self, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        codes = (x / scale).log2_().mul_(-self.steps_per_octave).round_()
        return codes.clamp_(0, self.count - 1)

    def fake_quantize(self, x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """Quantized values of ``x`` for a given scale."""
        codes = self._codes(x, scale)
        values = codes.mul(-1 / self.steps_per_octave).exp2_().mul_(scale)
        return values if self.zero_code == "none" else values.mul_(codes < self.count - 1)


class LogSqrt2Quantizer(Log2Quantizer):
    """Log√2 quantizer of post-Softmax probabilities (Eqs. 18-20).

    As a simulation of hardware (``fixed_point``) it sees the probability as the quantizer unit
    does, a 16-bit fraction rounded half to even, and decides by the unit's integer thresholds, so
    that its codes are exactly those of
    :func:`vit2rtl.golden.arithmetic.log_sqrt2.quantize`; otherwise by a float logarithm, as the
    authors' code does.
    """

    encoding = "log_sqrt2"
    steps_per_octave = 2

    def __init__(self, bits: int, zero_code: str, *, fixed_point: bool = False) -> None:
        super().__init__(bits, zero_code)
        self.fixed_point = fixed_point
        self._table: tuple[torch.Tensor, torch.Tensor] | None = None

    def set_scale(self, scale: torch.Tensor | float) -> None:
        super().set_scale(scale)
        self._table = None

    def thresholds(self) -> tuple[int, int]:
        """(int, int): see :func:`vit2rtl.golden.arithmetic.log_sqrt2.thresholds`."""
        return log_sqrt2.thresholds(float(self.scale), width=PROBABILITY_WIDTH)

    def fixed(self, x: torch.Tensor) -> torch.Tensor:
        """int32[...] probabilities in units of 2**-16, saturated to 16 bits."""
        top = (1 << PROBABILITY_WIDTH) - 1
        return (x * (top + 1)).round_().clamp_(max=top).to(torch.int32)

    def codes(self, x: torch.Tensor) -> torch.Tensor:
        return self._tables()[0][self.fixed(x)] if self.fixed_point else super().codes(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.fixed_point:
            return super().forward(x)
        index = self.fixed(x)
        return self._tables()[1].index_select(0, index.view(-1)).view(x.shape)

    def _tables(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(int32[65536], float32[65536]): code and value of every fixed-point probability.

        Thresholds T_k of one code and the next, k even and odd, are halved mantissas; a code is
        the number of thresholds above the probability.
        """
        if self._table is None:
            mantissas = self.thresholds()
            codes = torch.zeros(
                1 << PROBABILITY_WIDTH, dtype=torch.int32, device=self.scale.device)
            for step in range(self.count - 1):
                threshold = -(-mantissas[step & 1] >> (step >> 1))
                codes[:threshold] += 1
            values = (self.values() * self.scale.double()).to(torch.float32)
            self._table = codes, values[codes]
        return self._table
