"""An instance: a unit with its parameters, all that a layout, a file or a bench needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from vit2rtl.golden.units.registry import UNITS
from vit2rtl.golden.units.unit import Arrays, Field, Limit, Parameters, Stream, Unit


@dataclass(frozen=True)
class Instance:
    """A unit with its parameters, all of them given and checked."""

    unit: Unit
    parameters: Parameters

    @classmethod
    def of(cls, unit: str, **parameters: int | str) -> "Instance":
        """``Instance.of("requantizer", lanes=4)``: by name, with defaults and checks."""
        return cls(UNITS[unit], UNITS[unit].resolve(**parameters))

    @property
    def name(self) -> str:
        """A Verilog identifier that states every parameter that is not at its default."""
        spelled = [self.unit.name, f"l{self.lanes}"]
        for key, value in self.parameters.items():
            if key != "lanes" and value != self.unit.parameters[key].default:
                initials = "".join(word[0] for word in key.split("_"))
                spelled.append(f"{initials}{value}")
        return "_".join(spelled)

    @property
    def lanes(self) -> int:
        """Elements a beat of the unit's main streams: its parameter ``lanes``."""
        return int(self.parameters["lanes"])

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """All streams, tables among them, inputs first."""
        return self.unit.streams(self.parameters)

    @property
    def sources(self) -> tuple[Stream, ...]:
        """Streams of data that the unit takes."""
        return tuple(s for s in self.streams if s.enters and not s.entries)

    @property
    def sinks(self) -> tuple[Stream, ...]:
        """Streams that the unit gives."""
        return tuple(s for s in self.streams if not s.enters)

    @property
    def tables(self) -> tuple[Stream, ...]:
        """Streams that fill tables."""
        return tuple(s for s in self.streams if s.entries)

    @property
    def lane_wise(self) -> bool:
        """Whether each element out is a function of the one element in its place, and of settings.

        Else the unit holds something over a row, and stream contract, coverage and proofs go by
        rows.
        """
        return len(self.streams) == 2 and not any(s.rows for s in self.streams)

    @property
    def inputs(self) -> tuple[Field, ...]:
        """Fields of all streams of data that the unit takes."""
        return tuple(field for stream in self.sources for field in stream.fields)

    @property
    def outputs(self) -> tuple[Field, ...]:
        """Fields of all streams that it gives."""
        return tuple(field for stream in self.sinks for field in stream.fields)

    @cached_property
    def configuration(self) -> tuple[Field, ...]:
        return self.unit.configuration(self.parameters)

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Everything with a value, by name: fields of all streams, tables, configuration."""
        streams = (field for stream in self.streams for field in stream.fields)
        return {field.name: field for field in (*streams, *self.configuration)}

    @property
    def domain(self) -> tuple[Limit, ...]:
        return self.unit.domain(self.parameters)

    def evaluate(self, inputs: Arrays, settings: Mapping) -> Arrays:
        """The golden function: arrays by field name in, arrays by field name out."""
        return self.unit.evaluate(self.parameters, inputs, settings)
