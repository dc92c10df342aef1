"""The benches of one netlist, for any of its mutants; a verdict is a task of the farm."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from vit2rtl.golden.vectors.bundle import read_bundle
from vit2rtl.sim.mutation import netlist
from vit2rtl.sim.run import protocol, replay
from vit2rtl.sim.run.bench import Bench
from vit2rtl.sim.tools import builds
from vit2rtl.sim.tools.simulators import Tool, find

STALL = 40  # percentage of the second replay
REPLAY, STALLED_REPLAY = "replay", "replay with stalls"
BENCHES = (REPLAY, STALLED_REPLAY, *protocol.BENCHES)


class Benches:
    """The compiled benches of one netlist; each call simulates one mutant in its own folder."""

    def __init__(
        self, instance: str, sources: Mapping[str, str], bundle: Path, tool: Tool, seed: int
    ) -> None:
        self._name, self._sources, self._bundle = instance, sources, bundle
        read = read_bundle(bundle)
        matching = [pair for pair in zip(read.entries, read.manifest["entries"], strict=True)
                    if pair[0].instance.name == instance]
        if not matching:
            raise ValueError(f"{bundle} has no vectors of {instance}")
        self.entry, self.described = matching[0]
        self._tool, self._seed = tool, seed
        self._builds: dict[str, builds.Build] = {}

    def replayed(self, number: int) -> str | None:
        """The replay bench that fails for this mutant, or None."""
        text = Path(self.entry.bench).read_text(encoding="utf-8")
        build = self._build(builds.REPLAY, f"{self._name}_replay", {"replay.sv": text})
        for name, stall in ((REPLAY, 0), (STALLED_REPLAY, STALL)):
            with self._selected(number) as folder:
                result = replay.run(self._bench(build, folder, stall), self._bundle)
            if not result.passed:
                return name
        return None

    def driven(self, number: int) -> str | None:
        """The protocol bench that fails for this mutant, or None."""
        build = self._build(builds.PROTOCOL, f"{self._name}_axis", {})
        with self._selected(number) as folder:
            results = protocol.run(self._bench(build, folder))
        return next((result.bench for result in results if not result.passed), None)

    def _bench(self, build: builds.Build, folder: Path, stall: int = 0) -> Bench:
        return Bench(self.entry, self._tool, build, folder, seed=self._seed, stall=stall)

    def _build(self, kind: str, top: str, extra: Mapping[str, str]) -> builds.Build:
        if kind not in self._builds:
            sources = {**self._sources, **extra}
            self._builds[kind] = builds.build(self._tool, sources, top, kind=kind)
        return self._builds[kind]

    @contextmanager
    def _selected(self, number: int) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="vit2rtl-mutant-") as folder:
            (Path(folder) / netlist.SELECTION).write_text(f"{number:x}\n", encoding="ascii")
            yield Path(folder)


def verdict(spec: Mapping[str, Any], sources: str, bundle: str) -> dict[str, Any]:
    """``{"bench": the one that fails for a mutant, or None}``: what a task of the farm calls.

    sources, bundle   folders of the netlist and of the records
    """
    benches = _opened(spec["instance"], sources, bundle, spec["simulator"], spec["seed"])
    stages = {"replayed": benches.replayed, "driven": benches.driven}
    return {"bench": stages[spec["stage"]](spec["mutant"])}


@cache
def _opened(instance: str, sources: str, bundle: str, simulator: str, seed: int) -> Benches:
    texts = {path.name: path.read_text(encoding="utf-8") for path in Path(sources).iterdir()}
    return Benches(instance, texts, Path(bundle), find(simulator), seed)
