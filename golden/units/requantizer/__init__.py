"""Requantizer: accumulators to codes of one scale and zero point (R1)."""

from collections.abc import Iterator, Mapping

from vit2rtl.golden.arithmetic import requantizer
from vit2rtl.golden.arithmetic.requantizer import ACCUMULATOR_RANGE, SHIFT_RANGE
from vit2rtl.golden.units.fields import LANES
from vit2rtl.golden.units.requantizer.directed import directed as directed_cases
from vit2rtl.golden.units.unit import (
    Arrays,
    Case,
    Field,
    Limit,
    Parameter,
    Parameters,
    Stream,
    Unit,
)

PARAMETERS = {
    "lanes": LANES,
    "bits": Parameter(4, "bits of the output code", 2, 16),
    "acc_width": Parameter(27, "bits of the signed accumulator", 2, 32),
    "multiplier_width": Parameter(16, "bits of the unsigned multiplier", 2, 18),
    "shift_base": Parameter(
        0, "smallest shift of all; 0 makes it a run-time input of its own", 0, 40
    ),
    "shift_width": Parameter(3, "bits of the per-channel shift above the base", 0, 3),
    "zero_point_width": Parameter(0, "bits of the signed zero point; 0 means bits + 1", 0, 32),
}


def streams(p: Parameters) -> tuple[Stream, ...]:
    """Accumulator, multiplier and, where the window has bits, shift; then the code."""
    fields = [
        Field("acc", p["acc_width"], signed=True),
        Field("multiplier", p["multiplier_width"], channel=True),
    ]
    if p["shift_width"]:
        fields.append(Field("shift", p["shift_width"], channel=True))
    code = Field("code", p["bits"])
    return Stream("i", tuple(fields), p["lanes"]), Stream("o", (code,), p["lanes"])


def configuration(p: Parameters) -> tuple[Field, ...]:
    """The zero point, and the base of the shifts where it is no constant."""
    width = p["zero_point_width"] or p["bits"] + 1
    zero_point = Field("zero_point", width, signed=True, meaning="zero point of the codes")
    base = Field("shift_base", SHIFT_RANGE[1].bit_length(), meaning="smallest shift")
    return (zero_point,) if p["shift_base"] else (base, zero_point)


def domain(p: Parameters) -> tuple[Limit, ...]:
    """R1's ranges, where the fields can hold more."""
    limits = []
    if not p["shift_base"]:
        limits.append(Limit({"shift_base": 1, "shift": 1}, *SHIFT_RANGE))
    if -(1 << (p["acc_width"] - 1)) < ACCUMULATOR_RANGE[0]:
        limits.append(Limit({"acc": 1}, low=ACCUMULATOR_RANGE[0]))
    return tuple(limits)


def evaluate(p: Parameters, x: Arrays, settings: Mapping) -> Arrays:
    """R1, the shift put together from base and window."""
    shift = (p["shift_base"] or settings["shift_base"]) + x.get("shift", 0)
    code = requantizer.requantize(
        x["acc"], x["multiplier"], shift, settings["zero_point"], bits=p["bits"]
    )
    return {"code": code}


def directed(p: Parameters) -> Iterator[Case]:
    """Ties, saturation, shifts, boundaries of every code."""
    return directed_cases(p, {f.name: f for f in (*streams(p)[0].fields, *configuration(p))})


UNIT = Unit(
    name="requantizer",
    component="Requantizer",
    summary="accumulators to codes of one scale and zero point, a multiplier and shift a channel",
    parameters=PARAMETERS,
    streams=streams,
    configuration=configuration,
    evaluate=evaluate,
    domain=domain,
    rounding="half up, once",
    directed=directed,
)
