"""The whole engine as something to synthesize: one design a configuration."""

from dataclasses import dataclass
from functools import cached_property

from vit2rtl.golden.engine import Configuration
from vit2rtl.rtl.engine import verilog
from vit2rtl.rtl.synthesis.digest import digest


@dataclass(frozen=True)
class EngineDesign:
    """The Verilog of ``vit2rtl verilog --engine``, placed as it is: its ports are pins."""

    configuration: Configuration

    @property
    def source(self) -> str:
        return "engine"

    @property
    def unit(self) -> None:
        """It is none of the registry's."""
        return None

    @property
    def name(self) -> str:
        """Of the module."""
        return verilog.name(self.configuration)

    @property
    def parameters(self) -> dict[str, int | str]:
        return {"configuration": self.configuration.name}

    @cached_property
    def verilog(self) -> str:
        return verilog.convert(self.configuration)

    @property
    def harness(self) -> None:
        """Nothing is around it."""
        return None

    @property
    def digest(self) -> str:
        return digest(self.verilog)
