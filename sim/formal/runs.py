"""Runs what is planned: each property of each instance, one at a time."""

import time

from vit2rtl.golden.units import Instance
from vit2rtl.sim.formal import plan, properties, simulation


def planned(units):
    """``(part, instance)`` of everything that is planned for some units of the registry."""
    return [
        (part, Instance.of(unit, **parameters))
        for unit in units
        for part in plan.parts(unit)
        for parameters in part.instances
    ]


def of_instance(instance):
    """``(part, instance)`` for an instance of one's own: what can be asked of any."""
    plan.parts(instance.unit.name)
    return [
        (plan.Part(name, "these parameters", ()), instance)
        for name in (properties.STREAM, properties.FUNCTION, plan.SPECIFICATION)
    ]


def run(part, instance, folder, *, sources=None, timeout=300):
    """Establish a part of the plan for one instance: an :class:`~properties.Outcome`.

    Simulations end as ``passed`` or ``failed``, proofs as ``proved``, ``failed`` or ``open``.
    """
    if plan.STATUS[part.property] == "proved":
        return properties.prove(instance, part.property, folder, sources=sources, timeout=timeout)
    start = time.monotonic()
    if part.property == plan.EXHAUSTIVE:
        elements, difference = simulation.check_everything(
            instance, part.configurations, folder, sources=sources
        )
    else:
        elements, difference = simulation.check_specification(instance, folder)
    seconds = round(time.monotonic() - start, 2)
    failures = {"first difference": difference} if difference else {}
    status = properties.FAILED if difference else "passed"
    return properties.Outcome(
        part.property, instance.name, status, seconds, failures, elements=elements
    )
