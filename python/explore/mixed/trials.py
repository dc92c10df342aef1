"""The search for widths by layer as trials: what it measures is stored, and shared by workers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vit2rtl.explore.area.engine import area
from vit2rtl.explore.choices import NATIVE, Hardware, Recipe
from vit2rtl.explore.mixed import costs
from vit2rtl.explore.mixed.costs import Cost
from vit2rtl.explore.mixed.groups import Group, Pair
from vit2rtl.explore.mixed.settings import Setting
from vit2rtl.explore.plan import Planner
from vit2rtl.explore.results import LOGIC, counted
from vit2rtl.explore.space import COSTS, Mixed, priced_on
from vit2rtl.farm.run import results
from vit2rtl.farm.store import Trial
from vit2rtl.farm.task import Task


@dataclass
class TrialBench:
    """A :class:`vit2rtl.explore.mixed.settings.Bench` whose measurements are trials.

    task   of a recipe: :func:`vit2rtl.explore.accuracy.ratios` on the images of this bench
    run    gives the trials of tasks
    """

    groups: Sequence[Group]
    recipe: Recipe
    task: Callable[[Recipe], Task]
    run: Callable[[Sequence[Task]], list[Trial]]

    def measure(self, settings: Sequence[Setting]) -> list[list[float]]:
        """A TasksFailedError where the method refuses one of the settings."""
        tasks = [self.task(self.recipe.at(one.weights, one.activations, one.bits_of))
                 for one in settings]
        return [result["sqnr_db"] for result in results(self.run(tasks))]


def cost_of(mixed: Mixed, planner: Planner, hardware: Sequence[Hardware]) -> Cost:
    """The cost that a space names; cycles and area are those of the first hardware that has them.

    raises   ValueError where there is none
    """
    chosen = priced_on(mixed, hardware)
    match mixed.cost:
        case "bops":
            return costs.bops()
        case "bytes":
            return costs.weight_bytes()
        case "cycles":
            assert chosen is not None
            return costs.cycles(planner.widest(chosen))
        case "area":
            assert chosen is not None
            engine = planner.widest(chosen)

            def logic(pair: Pair) -> float:
                cells = area(engine, chosen.device, NATIVE, *pair)["cells"]
                return float(counted(cells, LOGIC) or 0)

            return costs.area(logic)
    raise ValueError(f"Cost must be one of {', '.join(COSTS)}, not {mixed.cost!r}")
