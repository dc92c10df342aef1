"""What a family of models is: what it matches, replaces, and how it is walked when lowered.

Everything that knows timm's modules of a family stands in the family's file; what is quantized,
recorded, traced and lowered asks the :class:`Family` and the structure that it filled.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from torch import nn

from vit2rtl.golden.program.program import Tensor
from vit2rtl.golden.registry import Registry
from vit2rtl.models.families import FAMILIES
from vit2rtl.models.ops import Ops
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Structure

if TYPE_CHECKING:
    from vit2rtl.models.surgery import Surgeon


# By type: what replaces the layers of a module, given the surgeon, the module and its name.
Replacements = Mapping[type[nn.Module], Callable[["Surgeon", nn.Module, str], None]]


class Stream(NamedTuple):
    """Where a residual stream can be seen: what goes into a module, or comes out of it."""

    name: str
    module: nn.Module
    output: bool = False


class Quantized(Protocol):
    """A quantized model as it is traced and lowered."""

    recipe: Recipe
    family: "Family"
    structure: Structure
    network: nn.Module

    def layers(self) -> list[tuple[str, QuantLinear]]:
        """(name, layer) pairs in network order."""

    def attentions(self) -> list[tuple[str, QuantAttention]]:
        """(name, QuantAttention) pairs."""


class Family(ABC):
    """One family.

    types         of the models that it matches, exactly
    containers    types whose children are visited
    floats        types that stay as they are, beside those of all families
    replacements  {type of a module: what replaces its layers, called with the surgeon, the module
                  and its name}; whatever has no entry, is no container and does not compute in
                  float is refused
    one_block     arguments of timm's that leave one block of many which are all alike
    """

    types: ClassVar[tuple[type[nn.Module], ...]]
    containers: ClassVar[tuple[type[nn.Module], ...]] = (nn.Sequential,)
    floats: ClassVar[tuple[type[nn.Module], ...]] = ()
    replacements: ClassVar[Replacements]
    one_block: ClassVar[Mapping[str, int]] = {}

    @abstractmethod
    def check(self, model: nn.Module) -> None:
        """A ValueError naming what this model has and the family does not support."""

    def fixed_arguments(self, model: nn.Module) -> dict[str, Any]:
        """Arguments of timm's that make the same model for images of one size, where it takes
        others."""
        return {}

    @abstractmethod
    def heads(self, model: nn.Module) -> list[nn.Module]:
        """The classifiers, in the order of the tokens they take."""

    @abstractmethod
    def embeddings(self, model: nn.Module) -> list[nn.Parameter]:
        """Position embedding and class tokens."""

    def head_norm(self, model: nn.Module) -> nn.LayerNorm | None:
        """The LayerNorm in front of the classifiers, where nothing but selection, mean or maximum
        of tokens lies between; None where there is no such."""
        return None

    def class_tokens(self, model: nn.Module) -> int:
        """How many tokens, the first ones, the classifiers read, each one; 0 for all."""
        return 0

    @abstractmethod
    def image_size(self, model: nn.Module) -> tuple[int, int]:
        """(height, width)"""

    @abstractmethod
    def streams(self, structure: Structure) -> list[Stream]:
        """Every residual stream that the walk names, and where it is."""

    @abstractmethod
    def walk(self, structure: Structure, ops: Ops, image: Tensor) -> None:
        """Ask for the network's ops, from the image to the logits.

        Raises ValueError naming what cannot be lowered.
        """


def block_streams(structure: Structure) -> Iterator[Stream]:
    """What goes into the LayerNorms of all blocks."""
    for block in structure.blocks:
        for branch in (block.attention, block.mlp):
            yield Stream(f"{branch.normed.norm_name}.input", branch.normed.norm)


def family_of(model: nn.Module, families: Registry[Family] = FAMILIES) -> Family:
    """The family whose type a model has; a ValueError names those there are."""
    for family in families.values():
        if type(model) in family.types:
            return family
    supported = (kind.__name__ for family in families.values() for kind in family.types)
    raise ValueError(f"Model type {type(model).__name__} is not supported; "
                     f"supported are {', '.join(supported)}")
