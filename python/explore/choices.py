"""What a row of the table is a choice of: a recipe of quantization, and hardware."""

from dataclasses import dataclass, replace
from typing import Any

from vit2rtl.golden.engine.configuration import BASES
from vit2rtl.quantization.settings import DEFAULTS
from vit2rtl.quantization.widths import Rules

NATIVE = "native"


@dataclass(frozen=True)
class Recipe:
    """A method, widths, and options of the method that are not its defaults, by name.

    bits_of   rules for single quantities, as :mod:`vit2rtl.quantization.widths` spells them
    """

    method: str
    weights: int
    activations: int
    options: tuple[tuple[str, Any], ...] = ()
    bits_of: Rules = ()

    def __post_init__(self) -> None:
        own = sorted(pair for pair in self.options if pair[1] != DEFAULTS[pair[0]])
        object.__setattr__(self, "options", tuple(own))

    def as_dict(self) -> dict[str, Any]:
        """JSON data that ``vit2rtl.quantization.recipe.Recipe(**data)`` and
        ``vit2rtl quantize --recipe`` take; what is left out is the method's default."""
        return {"method": self.method, "weight_bits": self.weights,
                "activation_bits": self.activations, "bits_of": [*self.bits_of],
                **dict(self.options)}

    @property
    def name(self) -> str:
        """For tables: ``w4a4 repq softmax=uniform``."""
        options = [f"{key}={str(value).lower()}" for key, value in self.options]
        return " ".join([f"w{self.weights}a{self.activations}", self.method, *options])

    def at(self, weights: int, activations: int, bits_of: Rules = ()) -> "Recipe":
        """The same method at other widths."""
        return replace(self, weights=weights, activations=activations, bits_of=bits_of)


@dataclass(frozen=True)
class Hardware:
    """An array of ``columns`` × ``columns``, token groups, the part, and what multiplies.

    packed   columns that multiply in blocks of 18 × 18 bits, two products each
    mac      ``digit``: columns of 4-bit digits, two for 5 to 8 bits; ``native``: of the widths
             asked
    """

    columns: int
    groups: int
    device: str
    mac: str
    packed: int = 0

    @property
    def array(self) -> str:
        return f"{self.columns}x{self.columns}"

    def base(self, widest: int) -> int:
        """Bits of a digit, for codes and weights of at most ``widest`` bits."""
        if self.mac == NATIVE:
            return next(base for base in BASES if base >= widest)
        return BASES[0]
