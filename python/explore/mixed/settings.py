"""What a search asks of a bench: settings, measured on images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vit2rtl.explore.mixed.groups import Group
from vit2rtl.quantization.widths import width


@dataclass(frozen=True)
class Setting:
    """Widths of everything: those of weights and activations, and rules for single groups.

    bits_of   as :attr:`vit2rtl.quantization.recipe.Recipe.bits_of` takes them
    """

    weights: int
    activations: int
    bits_of: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As :attr:`vit2rtl.quantization.recipe.Recipe.bits` has it, but for presets: ``w4a4``."""
        rules = f" ({len(self.bits_of)} rules)" if self.bits_of else ""
        return f"w{self.weights}a{self.activations}{rules}"

    def bits(self, groups: Sequence[Group]) -> dict[str, int]:
        """Of every quantity of these groups, by name."""
        return {name: width(name, self.bits_of, weight=self.weights, activation=self.activations)
                for group in groups for name in (*group.weights, *group.activations)}


class Bench(Protocol):
    """A model with a method and images, on which settings are measured.

    groups   of the model, see :func:`vit2rtl.explore.mixed.groups.groups_of`
    """

    groups: Sequence[Group]

    def measure(self, settings: Sequence[Setting]) -> list[list[float]]:
        """Of each setting the SQNR of the logits in dB, an image each, always of the same images
        in the same order."""
