"""An exploration: shapes, then trials of all points, then those that a search adds, to a table."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vit2rtl import __version__
from vit2rtl.explore import energy, plan, results, schedule
from vit2rtl.explore.area import engine as area
from vit2rtl.explore.choices import Hardware, Recipe
from vit2rtl.explore.mixed import costs
from vit2rtl.explore.mixed.search import Search, search
from vit2rtl.explore.mixed.trials import TrialBench, cost_of
from vit2rtl.explore.network import Network
from vit2rtl.explore.plan import Planner, Point
from vit2rtl.explore.results import Row
from vit2rtl.explore.sources import SETS, Source, source_of
from vit2rtl.explore.space import Space
from vit2rtl.farm.run import TasksFailedError
from vit2rtl.farm.store import DONE, Store, Trial
from vit2rtl.farm.task import Task
from vit2rtl.golden.files import atomic, documents

# Runs tasks under a title and gives their trials in order.
Runner = Callable[[str, Sequence[Task]], list[Trial]]
NAMES = "images"
_PACKAGES = ("numpy", "torch", "timm", "scipy")


@dataclass
class Exploration:
    """A space, and the folder that its trials and tables go to.

    run   see :data:`Runner`
    """

    space: Space
    out: Path
    store: Store
    run: Runner
    trials: dict[str, Trial] = field(default_factory=dict)
    sensitivity: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def source(self) -> Source:
        return source_of(self.space)

    @cached_property
    def files(self) -> dict[str, str]:
        """Where the names of the images that calibrate, measure and search are; written if new."""
        files = {}
        for key in SETS:
            text = "".join(f"{name}\n" for name in getattr(self.source, key))
            digest = documents.sha256_of(text.encode())
            path = self.out.absolute() / NAMES / f"{key}-{digest[:12]}.txt"
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic.text(path, text)
            files[key] = str(path)
        return files

    @cached_property
    def planner(self) -> Planner:
        """Of the model; a ValueError where it is not supported, or cannot be lowered."""
        (trial,) = self._ran("network", [plan.network_task(self.source)])
        if trial.result is None:
            raise ValueError(f"{self.space.model}: {reason(trial)} (--retry-failed tries again)")
        return Planner(Network.of_dict(trial.result))

    @cached_property
    def uniform(self) -> list[Point]:
        """Every recipe on all hardware."""
        return [self.planner.point(recipe, hardware) for recipe in self.space.recipes
                for hardware in self._hardware]

    def accuracy(self, recipe: Recipe) -> Task:
        return plan.accuracy_task(self.source, recipe, self.files)

    def tasks(self, points: Sequence[Point]) -> list[Task]:
        """Of the points that are not rejected: long ones first, each once."""
        able = [one for one in points if not one.rejected]
        tasks = [*(self.accuracy(one.recipe) for one in able),
                 *(self.planner.cycles_task(one) for one in able if one.hardware)]
        unique = {task.key: task for task in tasks}
        return sorted(unique.values(), key=lambda task: -self.guess(task))

    def guess(self, task: Task) -> float:
        """CPU seconds, see :func:`vit2rtl.explore.plan.guess`."""
        return plan.guess(task, self.planner.network.macs, self.source)

    def guess_search(self) -> tuple[int, float]:
        """How many settings the search for mixed widths measures at most, and CPU seconds of them,
        each from the beginning; a ValueError where nothing is within a budget."""
        mixed, source, macs = self.space.mixed, self.source, self.planner.network.macs
        if mixed is None:
            return 0, 0.0
        cost = cost_of(mixed, self.planner, self.space.hardware)
        settings, seconds = 0, 0.0
        for recipe in self._searching:
            most = Search(self._bench(recipe, "search"), cost, mixed.widths).most(
                mixed.budgets, judged=bool(source.judge))
            settings += sum(most)
            seconds += sum(count * plan.seconds(
                recipe.method, macs, len(source.calibration), len(images))
                for count, images in zip(most, (source.search, source.judge), strict=True))
        return settings, seconds

    def results(self) -> dict[str, Any]:
        """Runs what is missing; what ``results.json`` holds."""
        self._ran("trials", self.tasks(self.uniform))
        points = [*self.uniform]
        if self.space.mixed:
            chosen = self._searched()
            self._ran("mixed", self.tasks(chosen))
            points += chosen
        rows = [self._row(one) for one in points]
        results.mark_front(rows, self.space.limits)
        names = {one.name: one for one in points}
        return {
            "space": self.space.data,
            "provenance": self._provenance(),
            "rows": rows,
            "bits": {name: {layer: [*bits] for layer, bits in self.planner.shapes.layers(
                one.widths).items()} for name, one in names.items()},
            "recipes": {name: one.recipe.as_dict() for name, one in names.items()},
            "sensitivity": self.sensitivity,
        }

    def _ran(self, title: str, tasks: Sequence[Task]) -> list[Trial]:
        trials = self.run(title, tasks)
        self.trials |= {trial.task.key: trial for trial in trials}
        return trials

    @property
    def _hardware(self) -> Sequence[Hardware | None]:
        return self.space.hardware or (None,)

    @property
    def _searching(self) -> list[Recipe]:
        """One of each method and its options."""
        return list(dict.fromkeys(one.at(8, 8) for one in self.space.recipes))

    def _bench(self, recipe: Recipe, images: str) -> TrialBench:
        """images: ``search`` or ``judge``"""
        task = partial(plan.ratios_task, self.source, files=self.files, images=images)
        return TrialBench(self.planner.network.groups, recipe, task,
                          partial(self._ran, f"search {recipe.method}"))

    def _searched(self) -> list[Point]:
        """Points of the settings that searches choose, one of each method and budget."""
        mixed = self.space.mixed
        assert mixed is not None
        cost = cost_of(mixed, self.planner, self.space.hardware)
        points = []
        for recipe in self._searching:
            judge = self._bench(recipe, "judge") if self.source.judge else None
            try:
                found = search(self._bench(recipe, "search"), cost, mixed.budgets, mixed.widths,
                               judge=judge)
            except TasksFailedError:
                # Its trials say what failed; other methods go on.
                continue
            self.sensitivity += [{"method": recipe.method, **row} for row in found.sensitivity]
            for setting in found.settings:
                chosen = recipe.at(setting["weights"], setting["activations"],
                                   tuple(setting["bits_of"]))
                points += [self.planner.point(
                    chosen, hardware, mixed=f"{mixed.cost} {setting['budget']:g}",
                    predicted=setting["predicted_db"]) for hardware in self._hardware]
        return points

    def _row(self, one: Point) -> Row:
        hardware, cost, groups = one.hardware, one.area, self.planner.network.groups
        row: Row = dict.fromkeys(results.COLUMNS)
        row |= {
            "name": one.name, "method": one.recipe.method, "weights": one.recipe.weights,
            "activations": one.recipe.activations, "mixed": one.mixed or None,
            "predicted_db": None if one.predicted is None else round(one.predicted, 6),
            "weight_bytes": math.ceil(costs.weight_bytes().total(groups, one.widths)),
            "bops": round(costs.bops().share(groups, one.widths), 6), "status": DONE, "cells": None,
            "fits": None, "energy_parts": None,
        }
        if hardware is not None:
            row |= {"array": hardware.array, "packed": hardware.packed, "mac": hardware.mac,
                    "groups": hardware.groups, "device": hardware.device}
        if cost is not None:
            cells = cost["cells"]
            row |= {
                "cells": cells, "fits": cost["fits"][row["device"]],
                "area_source": cost["source"],
                "logic": results.counted(cells, results.LOGIC),
                "multipliers": results.counted(cells, results.MULTIPLIERS),
                "memories": results.counted(cells, results.MEMORIES),
            }
        if one.energy is not None:
            row |= {"energy": round(one.energy["ratio"], 6), "energy_parts": {
                part: round(share, 6) for part, share in one.energy["parts"].items()}}
        if one.rejected:
            return row | {"status": results.REJECTED, "error": one.rejected}
        tasks = [self.accuracy(one.recipe)]
        tasks += [self.planner.cycles_task(one)] if hardware else []
        for task in tasks:
            trial = self.trials[task.key]
            if trial.result is None:
                return row | {"status": trial.status, "error": reason(trial)}
            row |= {key: round(value, 6) if isinstance(value, float) else value
                    for key, value in trial.result.items() if key in row}
        return row

    def _provenance(self) -> dict[str, Any]:
        return {
            "vit2rtl": __version__, "model": self.space.model,
            "weights": self.source.model_spec["weights"], "images": len(self.source.evaluation),
            "calibration": len(self.source.calibration), "search": len(self.source.search),
            "calibration_list": f"{NAMES}/{Path(self.files['calibration']).name}",
            "packages": {name: _version(name) for name in _PACKAGES},
            "cycles_model": schedule.MODEL, "area_model": area.MODEL, "energy_model": energy.MODEL,
        }


def reason(trial: Trial) -> str:
    """Why a trial has no result, and of which recipe it is."""
    recipe = trial.task.spec.get("recipe")
    of = f"w{recipe['weight_bits']}a{recipe['activation_bits']} {recipe['method']}: " if (
        recipe) else ""
    if trial.error is None:
        return f"{of}its workers died"
    return f"{of}{trial.error['type']}: {trial.error['message']}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
