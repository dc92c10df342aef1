"""Softmax in float behind quantized logits (Li et al., ECCV 2022)."""

import torch

from vit2rtl.quantization.quantizers import PROBABILITY_WIDTH, Quantizer, UniformQuantizer


class FloatSoftmax(Quantizer):
    """Probabilities of quantized logits; they themselves stay in float.

    bits     as what float vector units take
    logits   their quantizer
    """

    takes_logits = True

    bits = PROBABILITY_WIDTH

    def __init__(self, logit_bits: int) -> None:
        super().__init__()
        self.logits = UniformQuantizer(logit_bits)

    @property
    def scale(self) -> torch.Tensor:
        """Of the logits."""
        return self.logits.scale

    def forward(self, x: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        """float[..., keys] logits -> the same shape

        hidden   bool, broadcast to logits: keys that are not seen
        """
        logits = self.logits(x)
        return (logits if hidden is None else logits.masked_fill(hidden, -torch.inf)).softmax(-1)
