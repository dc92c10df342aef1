"""What the committed table of areas and clocks holds."""

from dataclasses import replace

from vit2rtl.golden.units import UNITS
from vit2rtl.rtl.synthesis.comparisons import SHIFTS
from vit2rtl.rtl.synthesis.designs import design
from vit2rtl.rtl.synthesis.devices import DEVICES
from vit2rtl.rtl.synthesis.measure import Task

SEEDS = 3
LANES = (1, 4, 16)

# Beside each unit's defaults: parameters that change what is built.
VARIANTS = {
    "requantizer": (
        *({"bits": 8, **shift} for _, shift in SHIFTS),
        {"acc_width": 18, "shift_base": 24, "shift_width": 0},
    ),
    "log2_dequantizer": ({"bits": 6}, {"bits": 8}),
    "log_sqrt2_quantizer": ({"bits": 8},),
}

# (reference, parameters, fabric): what stands beside the units' rows in the comparisons.
COMPARISONS = (
    *(("log2_dequantizer_rom", {"bits": bits}, True) for bits in (4, 6, 8)),
    ("log2_dequantizer_rom", {"bits": 8}, False),
    ("log_sqrt2_quantizer_parallel", {}, False),
    *(("requantizer_direct", {"bits": 8, **shift}, False) for _, shift in SHIFTS),
    *(("mac_multiply", {}, fabric) for fabric in (True, False)),
    *(("mac_rom_multiply", {}, fabric) for fabric in (True, False)),
    ("mac_parity_split", {}, False),
)


def tasks(sources=(), devices=()):
    """The table's tasks, in its order; only those of some sources or devices where any are named.

    Every unit at one lane on every device, placed and routed with ``SEEDS`` seeds where there is a
    placer; its defaults at more lanes on ECP5, cells only; the comparisons on ECP5 and UltraScale+.
    """
    rows = []
    for name in UNITS:
        if sources and name not in sources:
            continue
        for parameters in ({}, *VARIANTS.get(name, ())):
            one = design(name, **parameters, lanes=1)
            rows += [Task(one, device, SEEDS) for device in DEVICES.values()]
        rows += [Task(design(name, lanes=n), DEVICES["ecp5"], 0) for n in LANES[1:]]
    for name, parameters, fabric in COMPARISONS:
        if sources and name not in sources:
            continue
        lanes = {} if name.startswith("mac_") else {"lanes": 1}
        one = design(name, **parameters, **lanes)
        rows += [Task(one, DEVICES[device], SEEDS, fabric) for device in ("ecp5", "xcup")]
    return [replace(row, seeds=row.runs) for row in rows
            if not devices or row.device.name in devices]
