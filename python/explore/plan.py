"""Points of a space: recipes on hardware, what each needs run, and what is refused before that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vit2rtl.explore import network, schedule
from vit2rtl.explore.area.engine import area
from vit2rtl.explore.area.parts import PARTS
from vit2rtl.explore.choices import Hardware, Recipe
from vit2rtl.explore.energy import Product, energy
from vit2rtl.explore.energy import products as multiplied
from vit2rtl.explore.network import Network
from vit2rtl.explore.schedule import Array, Synthetic, configuration
from vit2rtl.explore.shapes import Shapes
from vit2rtl.explore.sources import Source
from vit2rtl.farm.task import Task, digest
from vit2rtl.golden.engine.configuration import Configuration

ACCURACY_VERSION = 1
_MODULE = "vit2rtl.explore"
_WIDEST = 8
# Of a point: engine, area, energy, and why it is rejected.
Costs = tuple[Configuration | None, Mapping[str, Any] | None, Mapping[str, Any] | None, str]


@dataclass(frozen=True)
class Point:
    """A recipe on hardware, or alone.

    mixed       what chose the recipe's widths by layer: ``bops 0.25``; empty for uniform ones
    predicted   dB, of a mixed one
    widths      {quantity: bits}
    area        see :func:`vit2rtl.explore.area.engine.area`; None without hardware
    energy      see :func:`vit2rtl.explore.energy.energy`; None without hardware
    rejected    why it is not run; empty where it is
    """

    recipe: Recipe
    hardware: Hardware | None
    widths: Mapping[str, int]
    mixed: str = ""
    predicted: float | None = None
    configuration: Configuration | None = None
    area: Mapping[str, Any] | None = None
    energy: Mapping[str, Any] | None = None
    rejected: str = ""

    @property
    def name(self) -> str:
        return f"{self.recipe.name} {self.mixed}".rstrip()


class Planner:
    """Makes points of a network; each engine, and each cost, is worked out once."""

    def __init__(self, network: Network) -> None:
        self.network, self.shapes = network, network.shapes
        self._data = self.shapes.as_dict()
        self._digest = digest(self._data)
        self._engines: dict[
            tuple[tuple[int, ...], Array], tuple[Configuration, list[Product]]] = {}
        self._costs: dict[tuple[tuple[int, ...], Hardware], Costs] = {}

    def point(
        self, recipe: Recipe, hardware: Hardware | None, *, mixed: str = "",
        predicted: float | None = None,
    ) -> Point:
        """A point with the engine that it needs, and its area."""
        widths = self.shapes.widths(recipe.weights, recipe.activations, recipe.bits_of)
        if hardware is None:
            return Point(recipe, hardware, widths, mixed, predicted)
        key = tuple(widths.values()), hardware
        if key not in self._costs:
            self._costs[key] = self._cost(widths, hardware)
        return Point(recipe, hardware, widths, mixed, predicted, *self._costs[key])

    def _cost(self, widths: Mapping[str, int], hardware: Hardware) -> Costs:
        weights, activations = widest(self.shapes, widths)
        array = Array(hardware.columns, hardware.base(max(weights, activations)), hardware.packed)
        try:
            engine, products = self._engine(widths, array)
        except ValueError as error:
            return None, None, None, str(error)
        cost = area(engine, hardware.device, hardware.mac, weights, activations)
        capacity = PARTS[hardware.device].capacity
        beyond = ", ".join(f"{count:,} {name} of {capacity[name]:,}"
                           for name, count in cost["cells"].items() if count > capacity[name])
        rejected = beyond and (f"array {hardware.array} with its memories does not fit "
                               f"{hardware.device}: {beyond}")
        return engine, cost, energy(products, engine, hardware.groups, hardware.mac), rejected

    def widest(self, hardware: Hardware) -> Configuration:
        """The engine for 8 bits everywhere."""
        array = Array(hardware.columns, hardware.base(_WIDEST), hardware.packed)
        return self._engine(self.shapes.widths(_WIDEST, _WIDEST), array)[0]

    def cycles_task(self, one: Point) -> Task:
        """Of widths as far as the array tells them apart: 5 to 8 bits are two digits of 4."""
        assert one.hardware is not None and one.configuration is not None
        base = one.configuration.base
        told = {name: min(base * -(-bits // base), _WIDEST) for name, bits in one.widths.items()}
        spec = {
            "shapes": self._digest, "widths": digest(told), "columns": one.hardware.columns,
            "base": base, "groups": one.hardware.groups,
        }
        return Task(f"{_MODULE}.schedule:cycles", schedule.VERSION, spec,
                    {"shapes": self._data, "widths": told})

    def _engine(
        self, widths: Mapping[str, int], array: Array
    ) -> tuple[Configuration, list[Product]]:
        """The engine, and what it multiplies."""
        key = tuple(widths.values()), array
        if key not in self._engines:
            program = Synthetic(self.shapes, widths).program()
            self._engines[key] = configuration(program, array), multiplied(program)
        return self._engines[key]


def widest(shapes: Shapes, widths: Mapping[str, int]) -> tuple[int, int]:
    """Bits of weights and of activations that columns of native multipliers have to take: the
    image's codes come in digits."""
    weights = max(widths[op.weight[0]] for op in shapes.ops if op.weight)
    activations = max(widths[op.quantity] for op in shapes.ops
                      if op.quantity and op.quantity not in shapes.fixed)
    return weights, activations


def network_task(source: Source) -> Task:
    return Task(f"{_MODULE}.network:network", network.VERSION, source.model_spec, source.inputs)


def accuracy_task(source: Source, recipe: Recipe, files: Mapping[str, str]) -> Task:
    """files: of the bench's images, by what they are for."""
    spec = {"model": source.model_spec, "images": source.images_spec("evaluation"),
            "recipe": recipe.as_dict()}
    return Task(f"{_MODULE}.accuracy:accuracy", ACCURACY_VERSION, spec,
                {**source.inputs, "calibration": files["calibration"],
                 "evaluation": files["evaluation"]})


def ratios_task(
    source: Source, recipe: Recipe, files: Mapping[str, str], images: str
) -> Task:
    """The same of the images of a search; images: ``search`` or ``judge``."""
    spec = {"model": source.model_spec, "images": source.images_spec(images),
            "recipe": recipe.as_dict()}
    return Task(f"{_MODULE}.accuracy:ratios", ACCURACY_VERSION, spec,
                {**source.inputs, "calibration": files["calibration"],
                 "evaluation": files[images]})


# Calibration by a method, in passes over the images that calibrate.
_PASSES = {"repq": 4, "closed-form": 8, "fq": 4, "ptq4vit": 50, "apq": 110, "ranking": 65}
_SECONDS_PER_MAC = 6e-11
_SECONDS_OF_SCHEDULE = 0.3


def guess(task: Task, macs: int, source: Source) -> float:
    """CPU seconds that a task will take, within a factor of three.

    macs   of an image
    """
    recipe = task.spec.get("recipe")
    if recipe is None:
        return _SECONDS_OF_SCHEDULE
    return seconds(recipe["method"], macs, len(source.calibration), len(source.evaluation))


def seconds(method: str, macs: int, calibrating: int, measuring: int) -> float:
    """The same of one recipe, for so many images."""
    return (measuring + _PASSES[method] * calibrating) * macs * _SECONDS_PER_MAC
