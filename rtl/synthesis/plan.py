"""What the committed tables hold: of areas and clocks, and of the engine's parts."""

from collections.abc import Collection
from dataclasses import replace

from vit2rtl.golden.units import UNITS
from vit2rtl.rtl.synthesis import components
from vit2rtl.rtl.synthesis.component_design import ComponentDesign
from vit2rtl.rtl.synthesis.designs import design, unit_of
from vit2rtl.rtl.synthesis.devices import DEVICES
from vit2rtl.rtl.synthesis.measure import Task
from vit2rtl.rtl.synthesis.references.reference import References
from vit2rtl.rtl.synthesis.references.registry import REFERENCES, comparisons
from vit2rtl.rtl.synthesis.table import SEEDS

LANES = (1, 4, 16)


def tasks(sources: Collection[str] = (), devices: Collection[str] = ()) -> list[Task]:
    """The table's tasks, in its order; only those of some sources or devices where any are named.

    Every unit at one lane on every device, placed and routed with ``SEEDS`` seeds where there is a
    placer; its defaults at more lanes on ECP5, cells only; the comparisons on ECP5 and UltraScale+.
    A unit without references is measured at its defaults.
    """
    rows = []
    for name in UNITS:
        if sources and name not in sources:
            continue
        references = REFERENCES[name] if name in REFERENCES else References()
        for parameters in ({}, *references.variants):
            one = design(name, **parameters, lanes=1)
            rows += [Task(one, device, SEEDS) for device in DEVICES.values()
                     if device.name not in references.beyond]
        rows += [Task(design(name, lanes=n), DEVICES["ecp5"], 0) for n in LANES[1:]]
    for comparison in comparisons().values():
        for name, parameters, fabric in comparison.measurements:
            if sources and name not in sources:
                continue
            one = design(name, **parameters, **({"lanes": 1} if unit_of(name) else {}))
            rows += [Task(one, DEVICES[device], SEEDS, fabric) for device in ("ecp5", "xcup")]
    return [replace(row, seeds=row.runs) for row in rows
            if not devices or row.device.name in devices]


def component_tasks(
    sources: Collection[str] = (), devices: Collection[str] = ()
) -> list[Task]:
    """Those of :mod:`.components`, in its order; of some sources or devices where any are named.

    raises  ValueError for a source that the table does not have
    """
    for source in sources:
        if source not in components.sources():
            known = ", ".join(components.sources())
            raise ValueError(f"Part must be one of {known}, not {source!r}")
    return [Task(ComponentDesign(source, parameters), DEVICES[device], 0)
            for source, parameters, device in components.keys()
            if (not sources or source in sources) and (not devices or device in devices)]
