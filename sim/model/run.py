"""Images through the engine's Verilog, and what differs from the golden program."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.engine import Configuration
from vit2rtl.golden.engine.compiler import EngineImage, compile, image_stream
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.program import IntegerProgram
from vit2rtl.sim.model import differences
from vit2rtl.sim.model.bench import ModelBench, Outcome, Stalls, Watched, bench
from vit2rtl.sim.model.differences import Difference
from vit2rtl.sim.model.kinds import Kind, kinds
from vit2rtl.sim.tools import processes, simulators

# Images of one simulation: what leaves the units of some more would fill the memory.
TOGETHER = {"logits": 16, "all": 2}
WAVES = "waves.fst"


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


def simulate_model(
    program: IntegerProgram, codes: np.ndarray, configuration: Configuration, *,
    groups: int = 2, simulator: str = "verilator", compare: str = "logits",
    stalls: Stalls | None = None, waves: str | None = None, jobs: int = 1, out: Path,
    progress: Callable[[int], object] = lambda done: None,
) -> ModelResults:
    """Classify images in simulation.

    codes          uint8[images, channels, height, width] of the program's image tensor
    compare        ``logits``, or ``all``: every element that leaves a unit of the engine
    waves          name of an op, while which waves are recorded
    raises         ValueError where the program does not fit, or the simulation stops
    """
    tool = simulators.find(simulator)
    if waves and simulator != "verilator":
        raise ValueError("Waves of an op are recorded by Verilator")
    image = compile(program, configuration, groups=groups)
    watched = _watched(image, waves) if waves else None
    model = bench(tool, configuration, waves=bool(waves))
    command = image.stream().astype("<u8").tobytes()
    size = max(1, min(TOGETHER[compare], -(-len(codes) // jobs)))
    parts = [codes[n:n + size] for n in range(0, len(codes), size)]
    _make_room(out)
    results = ModelResults(program, image, simulator, compare)
    found: dict[int, tuple[Outcome, list[Difference], int]] = {}

    def task(n: int) -> tuple[Outcome, list[Difference], int]:
        folder = out / f"run-{n}"
        sent = [image_stream(program, one, configuration) for one in parts[n]]
        outcome = model.run(command, sent, folder, record=compare == "all", stalls=stalls,
                            watched=watched, cycles=image.cycles)
        return outcome, *_compared(program, image, model, outcome, parts[n], n * size, compare)

    def done(n: int, result: tuple[Outcome, list[Difference], int]) -> None:
        found[n] = result
        progress(len(parts[n]))

    processes.run_all([partial(task, n) for n in range(len(parts))], jobs, done)
    for n in range(len(parts)):
        outcome, different, elements = found[n]
        results.cycles += outcome.image_cycles
        results.logits += [*differences.logits(outcome, program, len(parts[n]))]
        results.differences += different
        results.elements += elements
        if compare == "all" and stalls in (None, Stalls()):
            results.kinds = kinds(image, outcome)
        results.cpu_seconds += outcome.cpu_seconds
        results.simulated_cycles += outcome.cycles
    return results


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
