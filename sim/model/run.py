"""Images through the engine's Verilog, and what differs from the golden program."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from vit2rtl.farm.run import Cluster, result, run
from vit2rtl.farm.shared import given, shared
from vit2rtl.farm.store import Store, Trial
from vit2rtl.farm.task import Task
from vit2rtl.golden.engine import Configuration
from vit2rtl.golden.engine.compiler import EngineImage, compile, image_stream
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.program import IntegerProgram
from vit2rtl.golden.program.reader import read_program
from vit2rtl.sim.model import differences
from vit2rtl.sim.model.bench import ModelBench, Outcome, Stalls, Watched, bench
from vit2rtl.sim.model.differences import Difference
from vit2rtl.sim.model.kinds import Kind, kinds
from vit2rtl.sim.tools import simulators
from vit2rtl.sim.tools.processes import Threads

# Images of one simulation: what leaves the units of some more would fill the memory.
TOGETHER = {"logits": 16, "all": 2}
WAVES = "waves.fst"
# The task of some images; the version is raised where they are simulated otherwise than before.
IMAGES, IMAGES_VERSION = f"{__name__}:images", 1


@dataclass
class ModelResults:
    """What the engine made of images.

    cycles       of each image, from its first command to its last logits
    logits       int64[images, classes]
    differences  the first ones, of all images
    kinds        {kind of op: cycles} of the last image, where all was compared and nothing paused
    """

    program: IntegerProgram
    image: EngineImage
    simulator: str
    compare: str
    cycles: list[int] = field(default_factory=list)
    logits: list[np.ndarray] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    elements: int = 0
    cpu_seconds: float = 0.0
    simulated_cycles: int = 0

    def add(self, part: Mapping[str, Any]) -> None:
        """Results of the next images, as :meth:`Simulation.run` gives them."""
        self.cycles += part["cycles"]
        self.logits += [np.array(row, np.int64) for row in part["logits"]]
        self.differences += [Difference(**difference) for difference in part["differences"]]
        self.kinds = {name: Kind(**kind) for name, kind in part["kinds"].items()}
        self.elements += part["elements"]
        self.cpu_seconds += part["cpu_seconds"]
        self.simulated_cycles += part["simulated_cycles"]

    @property
    def differing_images(self) -> int:
        return len({difference.image for difference in self.differences})

    def summary(self, names: Sequence[str]) -> dict[str, Any]:
        """For --json."""
        return {
            "engine": self.image.configuration.name, "simulator": self.simulator,
            "compare": self.compare, "groups": self.image.groups,
            "instructions": len(self.image.instructions),
            "images": [
                {"file": name, "class_index": int(row.argmax()), "cycles": cycles}
                for name, row, cycles in zip(names, self.logits, self.cycles, strict=True)],
            "elements": self.elements,
            "differences": [vars(difference) for difference in self.differences],
            "kinds": {name: kind._asdict() for name, kind in self.kinds.items()},
            "cpu_seconds_per_image": self.cpu_seconds / len(names),
            "cycles_per_cpu_second": self.simulated_cycles / max(self.cpu_seconds, 1e-9),
        }

    def text(self, names: Sequence[str], labels: Mapping[str, int] | None) -> str:
        """A line an image, then all of them together."""
        lines = [
            f"{name}  class {row.argmax()}  {cycles:,} cycles"
            for name, row, cycles in zip(names, self.logits, self.cycles, strict=True)]
        right = ""
        if labels:
            hits = sum(labels[name] == row.argmax()
                       for name, row in zip(names, self.logits, strict=True))
            right = f", {hits} right"
        speed = (f"; {self.cpu_seconds / len(names):.2f} CPU s an image, "
                 f"{self.simulated_cycles / self.cpu_seconds:,.0f} cycles a CPU s"
                 if self.cpu_seconds else "")
        what = "logits" if self.compare == "logits" else "elements"
        by_kind = "; ".join(f"{name} {kind.simulated:,} ({kind.expected:,})"
                            for name, kind in self.kinds.items())
        return "\n".join([
            *lines,
            *([f"cycles by kind of op (expected): {by_kind}"] if by_kind else []),
            f"{len(names)} image{'s' * (len(names) != 1)} by the engine "
            f"{self.image.configuration.name} in {self.simulator}{right}: "
            f"{self.elements:,} {what}, {len(self.differences)} differences{speed}"])


@dataclass(frozen=True)
class Simulation:
    """A program on the engine, and how it is simulated; see :func:`simulate_model`."""

    program: IntegerProgram
    image: EngineImage
    codes: np.ndarray
    compare: str
    stalls: Stalls | None
    watched: Watched | None
    model: ModelBench
    out: Path

    def run(self, first: int, count: int, number: int) -> dict[str, Any]:
        """So many images in the folder of that number: their share of the results, as JSON data."""
        codes, program, image = self.codes[first:first + count], self.program, self.image
        outcome = self.model.run(
            image.stream().astype("<u8").tobytes(),
            [image_stream(program, one, image.configuration) for one in codes],
            self.out / f"run-{number}", record=self.compare == "all", stalls=self.stalls,
            watched=self.watched, cycles=image.cycles)
        different, elements = _compared(
            program, image, self.model, outcome, codes, first, self.compare)
        whole = self.compare == "all" and self.stalls in (None, Stalls())
        return {
            "cycles": outcome.image_cycles,
            "logits": differences.logits(outcome, program, count).tolist(),
            "differences": [vars(difference) for difference in different], "elements": elements,
            "kinds": {name: kind._asdict() for name, kind in kinds(image, outcome).items()}
            if whole else {},
            "cpu_seconds": outcome.cpu_seconds, "simulated_cycles": outcome.cycles,
        }


def simulate_model(
    program: IntegerProgram, codes: np.ndarray, configuration: Configuration, *,
    groups: int = 2, simulator: str = "verilator", compare: str = "logits",
    stalls: Stalls | None = None, waves: str | None = None, jobs: int = 1, out: Path,
    progress: Callable[[int], object] = lambda done: None, cluster: Cluster | None = None,
) -> ModelResults:
    """Classify images in simulation.

    codes          uint8[images, channels, height, width] of the program's image tensor
    compare        ``logits``, or ``all``: every element that leaves a unit of the engine
    waves          name of an op, while which waves are recorded
    jobs           simulations at a time
    cluster        what runs them, a task each; it must see ``out``. Threads of this process by
                   default
    raises         ValueError where the program does not fit, or the simulation stops
    """
    setup: dict[str, Any] = {
        "groups": groups, "simulator": simulator, "compare": compare, "waves": waves,
        "stalls": stalls and vars(stalls)}
    simulation = _simulation(program, codes, configuration, out, **setup)
    size = max(1, min(TOGETHER[compare], -(-len(codes) // jobs)))
    parts = {n: min(size, len(codes) - n) for n in range(0, len(codes), size)}
    _make_room(out)
    results = ModelResults(program, simulation.image, simulator, compare)
    with given(simulation) as session, TemporaryDirectory(prefix=".trials-", dir=out) as trials:
        staged = Path(trials).absolute()
        if cluster is not None:
            program.save(staged / "program")
            np.save(staged / "codes.npy", codes)
        inputs = {"session": session, "staged": str(staged), "out": str(out.absolute()),
                  "configuration": vars(configuration), "setup": setup}
        # Of this run alone: the key need not say what is simulated.
        tasks = [Task(IMAGES, IMAGES_VERSION, {"run": session, "first": first, "count": count,
                                               "number": number}, inputs)
                 for number, (first, count) in enumerate(parts.items())]
        for trial in run(tasks, Store(staged, kept=False), cluster or Threads(jobs),
                         each=lambda trial: _ended(trial, progress)):
            results.add(result(trial))
    return results


def images(
    spec: Mapping[str, Any], session: str, staged: str, out: str, configuration: Mapping[str, Any],
    setup: Mapping[str, Any],
) -> dict[str, Any]:
    """What a task of the farm simulates, see :meth:`Simulation.run`."""
    simulation = shared(session, lambda: _simulation(
        read_program(Path(staged, "program")), np.load(Path(staged, "codes.npy")),
        Configuration(**configuration), Path(out), **setup))
    return simulation.run(spec["first"], spec["count"], spec["number"])


def _simulation(
    program: IntegerProgram, codes: np.ndarray, configuration: Configuration, out: Path, *,
    groups: int, simulator: str, compare: str, waves: str | None,
    stalls: Mapping[str, Any] | None,
) -> Simulation:
    tool = simulators.find(simulator)
    if waves and simulator != "verilator":
        raise ValueError("Waves of an op are recorded by Verilator")
    image = compile(program, configuration, groups=groups)
    return Simulation(
        program, image, codes, compare, Stalls(**stalls) if stalls else None,
        _watched(image, waves) if waves else None, bench(tool, configuration, waves=bool(waves)),
        out)


def _ended(trial: Trial, progress: Callable[[int], object]) -> None:
    progress(len(result(trial)["cycles"]))


def _make_room(out: Path) -> None:
    """The folder is there, without what an earlier run left; other things stay as they are."""
    for folder in sorted(out.glob("run-*")):
        empty = folder.is_dir() and not any(folder.iterdir())
        if not empty and not (folder / "command.bin").is_file():
            raise ValueError(f"{folder} is not of a simulation: not overwriting it")
    for folder in out.glob("run-*"):
        shutil.rmtree(folder)
    out.mkdir(parents=True, exist_ok=True)


def _compared(
    program: IntegerProgram, image: EngineImage, model: ModelBench, outcome: Outcome,
    codes: np.ndarray, first: int, compare: str,
) -> tuple[list[Difference], int]:
    """Differences, and how many elements were compared."""
    differences.check_end(outcome, len(codes))
    names = [name for name in program.tensors() if name != program.image.name]
    wanted, tensors = execute(program, codes, record=names) if compare == "all" else (
        execute(program, codes), {})
    given = differences.logits(outcome, program, len(codes))
    found = differences.of_logits(given, wanted, first)
    if compare == "logits":
        return found, wanted.size
    different, elements = differences.of_exits(image, outcome, tensors, len(codes), first)
    return [*different, *found], elements + wanted.size


def _watched(image: EngineImage, op: str) -> Watched:
    """The instructions of an op, those of its last unit."""
    numbers: dict[int, int] = {}
    found: dict[Any, list[int]] = {}
    for one in image.instructions:
        number = numbers.get(one.unit, 0)
        numbers[one.unit] = number + 1
        if one.work.op == op:
            found.setdefault(one.unit, []).append(number)
    if not found:
        raise ValueError(f"No instruction is of an op {op!r}")
    unit, of_unit = max(found.items(), key=lambda item: len(item[1]))
    return Watched(unit, of_unit[0], of_unit[-1])
