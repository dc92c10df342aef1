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

    The LayerNorm is the one whose channels' ranges differ most, the Softmax that of the first
    attention; activations are those of the first 8 calibration images.

    quantized  QuantizedViT, not yet calibrated
    images     float32[n, channels, height, width], the calibration batch
    """

    def __init__(self, quantized: "QuantizedViT", images: torch.Tensor) -> None:
        self.quantized, self._images = quantized, images[:_KEEP_IMAGES]
        self._pair: NormedLinear | None = None
        self._norms: list[torch.Tensor] = []
        quantized.calibrate(images, observe=self._before)
        if self._pair is not None and self._pair.linear.input_quantizer.axis is not None:
            self._pair = None  # channel-wise scales stay: there is no "after"
        self._keep_norm()
        self._softmax = self._probabilities()

    def figures(self) -> list["Figure"]:
        """Matplotlib figures: channel ranges before and after, Softmax histogram and levels."""
        figures = [] if self._pair is None else [self._ranges(self._pair)]
        quantizer = self.quantized.attentions()[0][1].softmax_quantizer
        if isinstance(quantizer, LogSqrt2Quantizer):
            figures.append(plots.softmax_histogram(
                self._softmax.numpy(), float(quantizer.scale), bits=quantizer.bits,
                zero_code=quantizer.zero_code,
            ))
        return figures

    def _ranges(self, pair: NormedLinear) -> "Figure":
        before, after = self._norms
        reparameterized = pair.linear.input_quantizer
        bits = reparameterized.bits
        layer_wise = UniformQuantizer(bits)
        layer_wise.calibrate(before)
        ranges = [plots.uniform_range(float(q.scale), float(q.zero_point), bits)
                  for q in (layer_wise, reparameterized)]
        return plots.channel_ranges(before.numpy(), after.numpy(), bits=bits,
                                    before_range=ranges[0], after_range=ranges[1])

    def _before(self, quantized: "QuantizedViT") -> None:
        channel_wise = [pair for pair in quantized.normed_linears
                        if pair.linear.input_quantizer.axis is not None]
        if channel_wise:
            self._pair = max(channel_wise, key=_unevenness)
            self._keep_norm()

    @torch.inference_mode()
    def _keep_norm(self) -> None:
        if self._pair is None:
            return
        outputs: list[torch.Tensor] = []
        hook = self._pair.norm.register_forward_hook(lambda _, x, y: outputs.append(y))
        try:
            self.quantized.network(self._images)
        finally:
            hook.remove()
        self._norms.append(outputs[0])

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


def _unevenness(pair: NormedLinear) -> float:
    """Greatest over median scale of the channels."""
    quantizer = pair.linear.input_quantizer
    constant = quantizer.constant
    scales = quantizer.scale if constant is None else quantizer.scale[~constant]
    return float(scales.max() / scales.median()) if len(scales) else 0.0
