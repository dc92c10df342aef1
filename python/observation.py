"""What quantization meets in a model: activations kept during calibration, for plots."""

from typing import TYPE_CHECKING

import torch

from vit2rtl.quantization.quantizers import LogSqrt2Quantizer, UniformQuantizer
from vit2rtl.quantization.structure import NormedLinear
from vit2rtl.report import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vit2rtl.quantized_vit import QuantizedViT

_KEEP_IMAGES = 8


class Observation:
    """Calibrates a model and keeps what the paper's Figs. 2 and 3 show.

    The LayerNorm is the one whose channels reparameterization moves most unevenly, the Softmax that
    of the first attention; activations are those of the first 8 calibration images.

    quantized  QuantizedViT, not yet calibrated
    images     float32[n, channels, height, width], the calibration batch
    """

    def __init__(self, quantized: "QuantizedViT", images: torch.Tensor) -> None:
        self.quantized, self._images = quantized, images[:_KEEP_IMAGES]
        affine = {pair.name: _affine(pair) for pair in quantized.normed_linears}
        quantized.calibrate(images)
        self._norms: tuple[torch.Tensor, torch.Tensor] | None = None
        moved = [pair for pair in quantized.normed_linears
                 if not torch.equal(affine[pair.name][0], _affine(pair)[0])]
        self._pair = max(moved, default=None, key=lambda pair: _unevenness(
            affine[pair.name][0], _affine(pair)[0]))
        if self._pair is not None:
            self._norms = self._outputs(self._pair, *affine[self._pair.name])
        self._softmax = self._probabilities()

    def figures(self) -> list["Figure"]:
        """Matplotlib figures: channel ranges before and after, Softmax histogram and levels."""
        figures = []
        if self._pair is not None and self._norms is not None:
            figures.append(_ranges(self._pair, *self._norms))
        quantizer = self.quantized.attentions()[0][1].softmax_quantizer
        if isinstance(quantizer, LogSqrt2Quantizer):
            figures.append(plots.softmax_histogram(
                self._softmax.cpu().numpy(), float(quantizer.scale), bits=quantizer.bits,
                zero_code=quantizer.zero_code,
            ))
        return figures

    @torch.inference_mode()
    def _outputs(
        self, pair: NormedLinear, weight: torch.Tensor, bias: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What a LayerNorm would give with the factors that it had, and what it gives."""
        outputs: list[torch.Tensor] = []
        hook = pair.norm.register_forward_hook(lambda _, x, y: outputs.append(y))
        try:
            self.quantized.network(self._images)
        finally:
            hook.remove()
        after, (new_weight, new_bias) = outputs[0].double(), _affine(pair)
        normalized = torch.where(new_weight == 0, 0, (after - new_bias) / new_weight)
        return (normalized * weight + bias).float(), after.float()

    @torch.inference_mode()
    def _probabilities(self) -> torch.Tensor:
        rows: list[torch.Tensor] = []
        attention = self.quantized.attentions()[0][1]
        attention.tap = lambda _, probabilities: rows.append(probabilities.clone())
        try:
            self.quantized.network(self._images)
        finally:
            attention.tap = None
        return rows[0]


def _ranges(pair: NormedLinear, before: torch.Tensor, after: torch.Tensor) -> "Figure":
    reparameterized = pair.linear.input_quantizer
    bits = reparameterized.bits
    layer_wise = UniformQuantizer(bits)
    layer_wise.calibrate(before)
    ranges = [plots.uniform_range(float(q.scale), float(q.zero_point), bits)
              for q in (layer_wise, reparameterized)]
    return plots.channel_ranges(before.cpu().numpy(), after.cpu().numpy(), bits=bits,
                                before_range=ranges[0], after_range=ranges[1])


def _affine(pair: NormedLinear) -> tuple[torch.Tensor, torch.Tensor]:
    """float64[channels] each, a LayerNorm's weight and bias now."""
    return pair.norm.weight.detach().double().clone(), pair.norm.bias.detach().double().clone()


def _unevenness(before: torch.Tensor, after: torch.Tensor) -> float:
    """Greatest over median factor of the channels."""
    used = after != 0
    factors = (before[used] / after[used]).abs()
    return float(factors.max() / factors.median()) if len(factors) else 0.0
