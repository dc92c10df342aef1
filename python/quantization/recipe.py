"""What is quantized how: bit widths, profile, and the paper's ablations."""

import re
from dataclasses import asdict, dataclass

PROFILES = ("official", "paper", "hardware")
LAYERNORMS = ("layer-wise", "channel-wise", "reparam")
SOFTMAXES = ("uniform", "log2", "log-sqrt2")
_ZERO_CODES = {"official": "extra", "paper": "none", "hardware": "top"}
_BITS = re.compile(r"w(\d+)a(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Recipe:
    """A quantization setting, checked.

    profile          which arithmetic the simulated model obeys:
        ``official``  the authors' code: float mean zero point, 2**b log√2 codes and a zero
        ``paper``     the text: rounded mean, Eq. 18 clipped, no zero
        ``hardware``  integers in every matmul and requantizer; the top log√2 code means zero
    layernorm        post-LayerNorm activations: one scale, one a channel, or reparameterized
    softmax          post-Softmax activations: uniform, log2 or log√2
    first_last_bits  weight and activation bits of patch embedding and head, or None: as all others
    symmetric_weights  weights' zero points in the middle of their codes, rather than calibrated
    """

    weight_bits: int = 4
    activation_bits: int = 4
    profile: str = "hardware"
    layernorm: str = "reparam"
    softmax: str = "log-sqrt2"
    first_last_bits: int | None = None
    symmetric_weights: bool = False

    def __post_init__(self):
        for name in ("weight_bits", "activation_bits", "first_last_bits"):
            value = getattr(self, name)
            if value is None and name == "first_last_bits":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 8:
                title = name.replace("_", " ").capitalize()
                raise ValueError(f"{title} must be an integer between 2 and 8, not {value!r}")
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
    def zero_code(self):
        """Rule of the logarithmic quantizers' zero: :mod:`vit2rtl.golden.arithmetic.log_sqrt2`."""
        return _ZERO_CODES[self.profile]

    @property
    def integer(self):
        """Whether linear layers take the integer path: one scale a tensor, integer zero points."""
        return self.profile == "hardware" and self.layernorm != "channel-wise"

    def require_integers(self, what):
        """A ValueError, in one sentence, unless every matmul and log√2 code is an integer one."""
        if not self.integer or self.softmax != "log-sqrt2":
            raise ValueError(
                f"{what} integer arithmetic: profile hardware, layernorm reparam or layer-wise, "
                f"softmax log-sqrt2; this checkpoint has profile {self.profile}, "
                f"layernorm {self.layernorm}, softmax {self.softmax}"
            )

    @property
    def bits(self):
        return f"w{self.weight_bits}a{self.activation_bits}"

    def as_dict(self):
        return asdict(self)


def parse_bits(text):
    """``"w4a8"`` -> (4, 8)."""
    match = _BITS.fullmatch(text)
    if not match:
        raise ValueError(f"Bits must look like w4a4 (weights 4, activations 4), not {text!r}")
    return int(match[1]), int(match[2])
