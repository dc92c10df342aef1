"""Parts of the engine alone, and columns of other widths: what the model of areas is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amaranth.lib import wiring

from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.buffers import Buffers
from vit2rtl.rtl.engine.counters import ImageCounters, Watchdog
from vit2rtl.rtl.engine.encoder_engine import EncoderEngine
from vit2rtl.rtl.engine.engine_core import COMPONENTS
from vit2rtl.rtl.engine.faults import Faults
from vit2rtl.rtl.engine.front_end import FrontEnd
from vit2rtl.rtl.engine.registers import ControlRegisters
from vit2rtl.rtl.synthesis.cases import CASES
from vit2rtl.rtl.synthesis.components import COLUMN
from vit2rtl.rtl.synthesis.digest import digest
from vit2rtl.rtl.synthesis.native_column import NativeColumn
from vit2rtl.rtl.verilog import modules

# Of a configuration.
PARTS: dict[str, type[wiring.Component]] = {
    **{unit.name.lower(): COMPONENTS[unit] for unit in Unit},
    "buffers": Buffers, "front_end": FrontEnd, "registers": ControlRegisters,
    "engine": EncoderEngine,
}
# The same in every engine.
CONSTANT: dict[str, type[wiring.Component]] = {
    "counters": ImageCounters, "watchdog": Watchdog, "faults": Faults,
}


@dataclass(frozen=True)
class ComponentDesign:
    """A part of the engine alone, of a case of :data:`~.cases.CASES`, or a column.

    ``parameters`` are ``case``, or those of :class:`~.native_column.NativeColumn`.
    """

    source: str
    parameters: Mapping[str, Any]

    @property
    def unit(self) -> None:
        """It is none of the registry's."""
        return None

    @property
    def name(self) -> str:
        """Of the module: ``matmul_small``, ``native_column_rows16_weights4_activations8``."""
        of_column = self.source == COLUMN
        return "_".join([self.source, *(f"{name}{value}" if of_column else value
                                        for name, value in self.parameters.items())])

    @property
    def component(self) -> wiring.Component:
        if self.source == COLUMN:
            return NativeColumn(**self.parameters)
        if self.source in CONSTANT:
            return CONSTANT[self.source]()
        return PARTS[self.source](CASES[self.parameters["case"]])

    @cached_property
    def verilog(self) -> str:
        return modules(self.name, self.component)[0]

    @property
    def harness(self) -> None:
        """It is not placed."""
        return None

    @property
    def digest(self) -> str:
        return digest(self.verilog)
