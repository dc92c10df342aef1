"""Softmax on integers, straight to log2 codes (Log-Int-Softmax; Lin et al., IJCAI 2022)."""

from math import nextafter

import torch

from vit2rtl.golden.arithmetic import log_int_softmax
from vit2rtl.golden.arithmetic.log_int_softmax import CONSTANT, OCTAVES, Parameters
from vit2rtl.quantization.quantizers import Quantizer, UniformQuantizer


class LogIntSoftmax(Quantizer):
    """Logits to powers of two: ``2**-n``, and zero where n has more than so many bits.

    bits     of a code n: 0 .. 2**bits - 1, and one more that means zero
    logits   quantizer of what comes in
    fixed_point  exponentials are integers of 64 bits, by
             :func:`vit2rtl.golden.arithmetic.log_int_softmax.quantize`, and a hidden key has none;
             else floats, as in the authors' code, and a hidden key has the least one
    """

    encoding = "log2_softmax"
    takes_logits = True
    # What code 0 stands for.
    unit = 1.0

    def __init__(self, bits: int, logit_bits: int, *, fixed_point: bool = False) -> None:
        super().__init__()
        self.bits, self.fixed_point = bits, fixed_point
        self.logits = UniformQuantizer(logit_bits)
        # 2 S / e from which n is 1, 2, …: n is log2 of the rounded quotient, rounded to the nearest
        # in the sense of n + 1 from 1.5 * 2**n up.
        least = [3 * 2.0**n - (n > 0) for n in range(1 << bits)]
        least[1] = nextafter(least[1], 6)  # a quotient of 2.5 is rounded to 2
        self.register_buffer("_least", torch.tensor(least, dtype=torch.float64), persistent=False)

    @property
    def scale(self) -> torch.Tensor:
        """Of the logits: codes have none."""
        return self.logits.scale

    def parameters(self) -> Parameters:
        """Of golden's exponentials."""
        return log_int_softmax.parameters(float(self.scale))

    def check(self, keys: int) -> None:
        """A ValueError where the polynomial is zero everywhere, whatever the logits; or where a
        row of so many keys is too long for its steps."""
        parameters = self.parameters()
        if parameters.constant == 0:
            raise ValueError(
                f"Log-Int-Softmax needs logits in steps below {CONSTANT**0.5:.2f}, and these have "
                f"{float(self.scale):.2f} at {self.logits.bits} bits (its exponentials would all "
                "be zero): give more activation bits")
        if self.fixed_point and keys > parameters.longest_row:
            raise ValueError(
                f"Log-Int-Softmax takes {parameters.longest_row} keys of logits in steps of "
                f"{float(self.scale):.2g} at {self.logits.bits} bits, and these are {keys}: give "
                "fewer activation bits")

    def exponentials(self, logits: torch.Tensor, hidden: torch.Tensor | None) -> torch.Tensor:
        """float64[..., keys] integers, as far as 53 bits hold them, 2**30 times I-BERT's.

        hidden   bool, broadcast to logits: keys that are not seen
        """
        octave, linear, constant = self.parameters()
        x = self.logits.centered(logits).double()
        if hidden is not None:
            x = x.masked_fill(hidden, -torch.inf)
        x = (x - x.amax(-1, keepdim=True)).clamp_(min=-OCTAVES * octave)
        octaves = (x / -octave).floor_()
        rest = x + octaves * octave
        power = rest * (rest + linear) + constant
        return power.mul_((OCTAVES - octaves).exp2_()).floor_().clamp_(min=0)

    def codes(self, x: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        """int64[..., keys]: n of the quotient of all exponentials' sum and each."""
        if self.fixed_point:
            logits = self.logits.centered(x).to(torch.int64).cpu().numpy()
            seen = None if hidden is None else hidden.cpu().numpy()
            codes = log_int_softmax.quantize(
                logits, self.parameters(), bits=self.bits, hidden=seen)
            return torch.from_numpy(codes.astype("int64")).to(x.device)
        e = self.exponentials(x, hidden)
        return torch.bucketize(2 * e.sum(-1, keepdim=True) / e, self._least, right=True)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        """float[..., keys] logits -> float32 of the same shape"""
        codes = self.codes(x, hidden)
        return torch.exp2(-codes.float()).mul_(codes < len(self._least))
