"""Softmax on integers, straight to log2 codes (Log-Int-Softmax; Lin et al., IJCAI 2022)."""

from math import floor, nextafter

import torch

from vit2rtl.quantization.quantizers import Quantizer, UniformQuantizer

# exp(x) of -ln 2 < x <= 0 is a (x + b)**2 + c, here divided by a (Kim et al., I-BERT, ICML 2021).
_LN2, _LINEAR, _CONSTANT = 0.6931, 0.96963238 / 0.35815147, 1 / 0.35815147
# Octaves below the largest logit; what is below them is as small as they.
_OCTAVES = 30


class LogIntSoftmax(Quantizer):
    """Logits to powers of two: ``2**-n``, and zero where n has more than so many bits.

    bits     of a code n: 0 .. 2**bits - 1, and one more that means zero
    logits   quantizer of what comes in
    """

    takes_logits = True

    def __init__(self, bits: int, logit_bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.logits = UniformQuantizer(logit_bits)
        # 2 S / e from which n is 1, 2, …: n is log2 of the rounded quotient, rounded to the nearest
        # in the sense of n + 1 from 1.5 * 2**n up.
        least = [3 * 2.0**n - (n > 0) for n in range(1 << bits)]
        least[1] = nextafter(least[1], 6)  # a quotient of 2.5 is rounded to 2
        self._least = torch.tensor(least, dtype=torch.float64)

    @property
    def scale(self) -> torch.Tensor:
        """Of the logits: codes have none."""
        return self.logits.scale

    def check(self) -> None:
        """A ValueError where the polynomial is zero everywhere, whatever the logits."""
        if floor(_CONSTANT / float(self.scale) ** 2) == 0:
            raise ValueError(
                f"Log-Int-Softmax needs logits in steps below {_CONSTANT**0.5:.2f}, and these have "
                f"{float(self.scale):.2f} at {self.logits.bits} bits (its exponentials would all "
                "be zero): give more activation bits")

    def exponentials(self, logits: torch.Tensor, hidden: torch.Tensor | None) -> torch.Tensor:
        """float64[..., keys] integers, as far as 53 bits hold them, 2**30 times I-BERT's.

        hidden   bool, broadcast to logits: keys that are not seen
        """
        scale = float(self.scale)
        octave = floor(-_LN2 / scale)
        x = self.logits.centered(logits).double()
        if hidden is not None:
            x = x.masked_fill(hidden, -torch.inf)
        x = (x - x.amax(-1, keepdim=True)).clamp_(min=_OCTAVES * octave)
        octaves = (x / octave).floor_()
        rest = x - octaves * octave
        power = rest * (rest + floor(_LINEAR / scale)) + floor(_CONSTANT / scale**2)
        return power.mul_((_OCTAVES - octaves).exp2_()).floor_().clamp_(min=0)

    def codes(self, x: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        """int64[..., keys]: n of the quotient of all exponentials' sum and each."""
        e = self.exponentials(x, hidden)
        return torch.bucketize(2 * e.sum(-1, keepdim=True) / e, self._least, right=True)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        """float[..., keys] logits -> float32 of the same shape"""
        codes = self.codes(x, hidden)
        return torch.exp2(-codes.float()).mul_(codes < len(self._least))
