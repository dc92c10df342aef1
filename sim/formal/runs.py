"""Runs what is planned: each property of each instance, one at a time."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from vit2rtl.golden.units import Instance
from vit2rtl.sim.formal import plan, properties, rows, simulation
from vit2rtl.sim.units.face import EXHAUSTIVE, FUNCTION, SPECIFICATION, STREAM, Part

Work = list[tuple[Part, Instance]]


def planned(units: Iterable[str]) -> Work:
    """``(part, instance)`` of everything that is planned for some units of the registry."""
    return [
        (part, Instance.of(unit, **parameters))
        for unit in units
        for part in plan.parts(unit)
        for parameters in part.instances
    ]


def of_instance(instance: Instance) -> Work:
    """``(part, instance)`` for an instance of one's own: what can be asked of any."""
    parts = plan.parts(instance.unit.name)
    if not instance.lane_wise:
        return [(part, instance) for part in parts if part.property != EXHAUSTIVE]
    return [
        (Part(name, "these parameters", ()), instance)
        for name in (STREAM, FUNCTION, SPECIFICATION)
    ]


def run(
    part: Part,
    instance: Instance,
    folder: Path,
    *,
    sources: Mapping[str, str] | None = None,
    timeout: int = 300,
) -> properties.Outcome:
    """Establish a part of the plan for one instance.

    Simulations end as ``passed`` or ``failed``, proofs as ``proved``, ``bounded``, ``failed`` or
    ``open``.
    """
    if part.core:
        return properties.prove_core(
            instance, part.property, folder, sources=sources, timeout=timeout
        )
    if part.cycles:
        return properties.bound(
            instance, part.property, folder, cycles=part.cycles, sources=sources, timeout=timeout
        )
    if plan.status(part) == "proved":
        return properties.prove(instance, part.property, folder, sources=sources, timeout=timeout)
    start = time.monotonic()
    elements, difference = _simulated(part, instance, folder, sources)
    seconds = round(time.monotonic() - start, 2)
    failures = {"first difference": difference} if difference else {}
    status = properties.FAILED if difference else "passed"
    return properties.Outcome(
        part.property, instance.name, status, seconds, failures, elements=elements
    )


def _simulated(
    part: Part, instance: Instance, folder: Path, sources: Mapping[str, str] | None
) -> tuple[int, str]:
    """(elements, first difference or nothing) of a part that simulation establishes."""
    if part.property == EXHAUSTIVE:
        if instance.lane_wise:
            return simulation.check_everything(
                instance, part.configurations, folder, sources=sources
            )
        return rows.check_every_row(
            instance, part.columns, part.configurations or ({},), folder, sources=sources
        )
    if part.property == SPECIFICATION:
        if instance.lane_wise:
            return simulation.check_specification(instance, folder)
        return rows.check_model(instance, folder)
    raise ValueError(f"Property must be one that simulation establishes, not {part.property!r}")
