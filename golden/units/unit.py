"""The registry of hardware units: what Verilog, vectors, benches and documents are made from.

A unit is described by data alone: its parameters, the fields of one lane on each stream, its
configuration inputs, and the golden function it equals. ``rtl`` builds its ports from this
description and ``golden.bundle`` packs files by it, so the two cannot disagree on a layout.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vit2rtl.golden.arithmetic import log_sqrt2, requantizer


@dataclass(frozen=True)
class Field:
    """A number in a lane or a configuration input: ``width`` bits, two's complement if signed.

    ``top`` is the largest value where not every pattern of the bits is one (an extra zero code).
    ``channel``: one value an output channel, the same for every token, so that a table can hold it.
    """

    name: str
    width: int
    signed: bool = False
    top: int | None = None
    channel: bool = False

    @property
    def range(self):
        """Smallest and largest value."""
        limit = 1 << (self.width - self.signed)
        return (-limit if self.signed else 0), limit - 1 if self.top is None else self.top


@dataclass(frozen=True)
class Parameter:
    """A constructor parameter: an integer from ``low`` to ``high``, or one of ``choices``."""

    default: int | str
    description: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()

    def check(self, name, value):
        title = name.replace("_", " ").capitalize()
        if self.choices:
            if value not in self.choices:
                raise ValueError(f"{title} must be one of {', '.join(self.choices)}, not {value!r}")
        elif isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{title} must be an integer, not {value!r}")
        elif not self.low <= value <= self.high:
            raise ValueError(f"{title} must be between {self.low} and {self.high}, not {value!r}")


@dataclass(frozen=True)
class Unit:
    """A hardware unit: one lane in, one lane out, the same for every lane of a beat.

    ``inputs``, ``outputs`` and ``configuration`` map parameters to fields; the first field of a
    lane is in its least significant bits. Configuration is set while no beat is in flight.
    ``evaluate(parameters, inputs, configuration)`` is the golden function on arrays by field name.
    """

    name: str
    component: str
    summary: str
    parameters: Mapping[str, Parameter]
    inputs: Callable[[Mapping], tuple[Field, ...]]
    outputs: Callable[[Mapping], tuple[Field, ...]]
    configuration: Callable[[Mapping], tuple[Field, ...]]
    evaluate: Callable[[Mapping, Mapping, Mapping], Mapping]

    def resolve(self, **parameters):
        """Parameters with defaults filled in, each checked; errors name the parameter."""
        unknown = sorted(set(parameters) - set(self.parameters))
        if unknown:
            raise ValueError(
                f"{self.component} has no parameter {unknown[0]!r}; "
                f"it has {', '.join(self.parameters)}"
            )
        resolved = {k: parameters.get(k, p.default) for k, p in self.parameters.items()}
        for name, value in resolved.items():
            self.parameters[name].check(name, value)
        return resolved


_LANES = Parameter(4, "elements a beat; lane 0 is in the least significant bits", 1, 64)
_CODE_BITS = Parameter(4, "activation bits", 2, 8)
_ZERO_CODE = Parameter("top", "which code means zero", choices=log_sqrt2.ZERO_CODES)


def _code_field(p):
    top = log_sqrt2.code_count(p["bits"], p["zero_code"]) - 1
    return Field("code", top.bit_length(), top=top)


LOG2_DEQUANTIZER = Unit(
    name="log2_dequantizer",
    component="Log2Dequantizer",
    summary="log√2 codes to fixed point: the code's parity picks 1 or 1/√2, the rest is a shift",
    parameters={
        "lanes": _LANES,
        "bits": _CODE_BITS,
        "width": Parameter(16, "bits of the result; 1.0 is 2**(width-1)", 2, 32),
        "zero_code": _ZERO_CODE,
    },
    inputs=lambda p: (_code_field(p),),
    outputs=lambda p: (Field("value", p["width"]),),
    configuration=lambda p: (),
    evaluate=lambda p, x, c: {
        "value": log_sqrt2.dequantize(
            x["code"], bits=p["bits"], width=p["width"], zero_code=p["zero_code"]
        )
    },
)

LOG_SQRT2_QUANTIZER = Unit(
    name="log_sqrt2_quantizer",
    component="LogSqrt2Quantizer",
    summary="probabilities to log√2 codes, by comparison with two mantissas and their shifts",
    parameters={
        "lanes": _LANES,
        "bits": _CODE_BITS,
        "width": Parameter(16, "bits of the probability, in units of 2**-width", 3, 32),
        "zero_code": _ZERO_CODE,
    },
    inputs=lambda p: (Field("probability", p["width"]),),
    outputs=lambda p: (_code_field(p),),
    configuration=lambda p: (
        Field("threshold_a", p["width"]),
        Field("threshold_b", p["width"]),
    ),
    evaluate=lambda p, x, c: {
        "code": log_sqrt2.quantize(
            x["probability"],
            c["threshold_a"],
            c["threshold_b"],
            bits=p["bits"],
            zero_code=p["zero_code"],
        )
    },
)

REQUANTIZER = Unit(
    name="requantizer",
    component="Requantizer",
    summary="accumulators to codes of one scale and zero point, a multiplier and shift a channel",
    parameters={
        "lanes": _LANES,
        "bits": Parameter(4, "bits of the output code", 2, 16),
        "acc_width": Parameter(27, "bits of the signed accumulator", 2, 32),
        "multiplier_width": Parameter(16, "bits of the unsigned multiplier", 2, 18),
        "shift_base": Parameter(
            0, "smallest shift of all; 0 makes it a run-time input of its own", 0, 40
        ),
        "shift_width": Parameter(3, "bits of the per-channel shift above the base", 0, 3),
        "zero_point_width": Parameter(0, "bits of the signed zero point; 0 means bits + 1", 0, 32),
    },
    inputs=lambda p: (
        Field("acc", p["acc_width"], signed=True),
        Field("multiplier", p["multiplier_width"], channel=True),
        *((Field("shift", p["shift_width"], channel=True),) if p["shift_width"] else ()),
    ),
    outputs=lambda p: (Field("code", p["bits"]),),
    configuration=lambda p: (
        *((Field("shift_base", 6),) if p["shift_base"] == 0 else ()),
        Field("zero_point", p["zero_point_width"] or p["bits"] + 1, signed=True),
    ),
    evaluate=lambda p, x, c: {
        "code": requantizer.requantize(
            x["acc"],
            x["multiplier"],
            (p["shift_base"] or c["shift_base"]) + x.get("shift", 0),
            c["zero_point"],
            bits=p["bits"],
        )
    },
)

UNITS = {unit.name: unit for unit in (LOG2_DEQUANTIZER, LOG_SQRT2_QUANTIZER, REQUANTIZER)}


@dataclass(frozen=True)
class Instance:
    """A unit with its parameters: everything that a layout, a file or a bench needs to know."""

    unit: Unit
    parameters: Mapping

    @classmethod
    def of(cls, unit, **parameters):
        """``Instance.of("requantizer", lanes=4)``: by name, with defaults and checks."""
        if unit not in UNITS:
            raise ValueError(f"Unit must be one of {', '.join(UNITS)}, not {unit!r}")
        return cls(UNITS[unit], UNITS[unit].resolve(**parameters))

    @property
    def name(self):
        """A Verilog identifier that states every parameter that is not at its default."""
        spelled = [self.unit.name, f"l{self.lanes}"]
        for key, value in self.parameters.items():
            if key != "lanes" and value != self.unit.parameters[key].default:
                initials = "".join(word[0] for word in key.split("_"))
                spelled.append(f"{initials}{value}")
        return "_".join(spelled)

    @property
    def lanes(self):
        return self.parameters["lanes"]

    @property
    def inputs(self):
        return self.unit.inputs(self.parameters)

    @property
    def outputs(self):
        return self.unit.outputs(self.parameters)

    @property
    def configuration(self):
        return self.unit.configuration(self.parameters)

    def evaluate(self, inputs, configuration):
        """The golden function: arrays by field name in, arrays by field name out."""
        return self.unit.evaluate(self.parameters, inputs, configuration)
