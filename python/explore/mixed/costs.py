"""What widths cost: bit operations, bits, bytes of weights, cycles of an array, area.

All but area add up over groups, so that integer programming can weigh them. Area does not: an
array is as wide as the widest of its layers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vit2rtl.explore.mixed.groups import Group, Pair, Product
from vit2rtl.golden.engine.compiler.durations import SHORTEST_PASS, tile_load
from vit2rtl.golden.engine.configuration import Configuration

# Bits of each quantity, by name.
Bits = Mapping[str, int]
# Of the image, which no width is chosen for.
IMAGE_BITS = 8
# What costs are shares of.
WIDEST: Pair = (8, 8)


@dataclass(frozen=True)
class Cost:
    """A cost in a unit of its own.

    of_group   (group, bits) -> what it adds; None where costs do not add up
    of_widest  the cost of the widest weights and activations of all groups, then
    """

    name: str
    of_group: Callable[[Group, Bits], float] | None = None
    of_widest: Callable[[Pair], float] | None = None

    def total(self, groups: Sequence[Group], bits: Bits) -> float:
        """Of all groups."""
        if self.of_group is not None:
            return sum(self.of_group(group, bits) for group in groups)
        if self.of_widest is None:
            raise ValueError(f"Cost {self.name} has no function")
        weights = (bits[name] for group in groups for name in group.weights)
        activations = (bits[name] for group in groups for name in group.activations)
        return self.of_widest((max(weights, default=0), max(activations, default=0)))

    def share(self, groups: Sequence[Group], bits: Bits) -> float:
        """Of what 8 bits everywhere cost."""
        widest = {name: each for group in groups for name, each in group.bits(WIDEST).items()}
        return self.total(groups, bits) / self.total(groups, widest)


def factors(product: Product, bits: Bits) -> tuple[int, int]:
    """Bits of what streams and of what is stationary."""
    return bits[product.left] if product.left else IMAGE_BITS, bits[product.right]


def bops() -> Cost:
    """Bit operations: multiplications times the widths of both factors."""
    def of_group(group: Group, bits: Bits) -> float:
        return sum(product.macs * left * right for product in group.products
                   for left, right in (factors(product, bits),))

    return Cost("bops", of_group)


def mean_bits() -> Cost:
    """Bits by MACs, as :class:`vit2rtl.quantization.mean_bits.MeanBits` counts them: a share of
    0.5 is 4 bits on average."""
    return Cost("bits", lambda group, bits: sum(
        product.macs * sum(factors(product, bits)) / 2 for product in group.products))


def weight_bytes() -> Cost:
    """Memory of the weights, packed."""
    return Cost("bytes", lambda group, bits: sum(
        product.inner * product.columns * bits[product.right] / 8 for product in group.products
        if product.right in group.weights))


def cycles(configuration: Configuration) -> Cost:
    """Cycles in which the array takes rows, or waits for a stationary tile: the compiler's
    durations, nothing in their way. What other units do takes as long at any widths.
    """
    c = configuration

    def of_product(product: Product, bits: Bits) -> float:
        streams, stationary = (c.code_digits(each) for each in factors(product, bits))
        rows, columns = product.needed or (product.rows, product.columns)
        tiles = -(-product.inner // c.rows) * -(-columns // c.columns) * product.copies
        return tiles * stationary * max(streams * max(rows, SHORTEST_PASS), tile_load(c))

    return Cost("cycles", lambda group, bits: sum(
        of_product(product, bits) for product in group.products if product.on_array))


def area(logic: Callable[[Pair], float]) -> Cost:
    """Cells of an array of native columns, which are as wide as the widest layer.

    logic   (bits of weights, bits of activations) -> cells, see :mod:`vit2rtl.explore.area.engine`
    """
    return Cost("area", of_widest=logic)
