"""What costs need to know of a model: taken from it once, then no torch is needed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from vit2rtl.explore.mixed.groups import Group, Product
from vit2rtl.explore.shapes import BITS, Shapes

VERSION = 1


@dataclass(frozen=True)
class Network:
    """A model's ops, and the groups of its quantities with the products that they are factors of.
    """

    shapes: Shapes
    groups: tuple[Group, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"shapes": self.shapes.as_dict(), "groups": [asdict(one) for one in self.groups]}

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> Self:
        """The network of :meth:`as_dict`, through JSON."""
        groups = tuple(
            Group(one["name"], tuple(one["weights"]), tuple(one["activations"]),
                  tuple(Product(**product) for product in one["products"]))
            for one in data["groups"])
        return cls(Shapes.of_dict(data["shapes"]), groups)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an image."""
        return sum(product.macs for group in self.groups for product in group.products)


def network(spec: Mapping[str, Any], *, weights: str | None, images: str | None) -> dict[str, Any]:
    """The task: the network of ``spec["model"]``, as :meth:`Network.as_dict` has it.

    raises   ValueError where it is not supported, or has no integer program
    """
    import torch

    from vit2rtl.explore.bench import one_thread
    from vit2rtl.explore.mixed.groups import groups_of
    from vit2rtl.lowering.lower import lower
    from vit2rtl.models import zoo
    from vit2rtl.models.images import preprocessing
    from vit2rtl.quantization.recipe import Recipe
    from vit2rtl.quantized_vit import QuantizedViT

    model = zoo.create(spec["model"], weights=weights)
    config = preprocessing(model)
    noise = torch.randn(2, *config["input_size"], generator=torch.Generator().manual_seed(0))
    quantized = QuantizedViT(model, Recipe(BITS, BITS, method="repq"))
    groups = groups_of(quantized.structure)
    with one_thread():
        quantized.calibrate(noise)
        program = lower(quantized, variant="integer", model=spec["model"], preprocessing=config,
                        images=noise)
    return Network(Shapes.of_program(program), tuple(groups)).as_dict()
