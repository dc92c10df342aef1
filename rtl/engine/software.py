"""Software of the engine: its register map for C and SystemRDL, names of errors, the driver."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.errors import TITLES
from vit2rtl.golden.engine.instructions import MAGIC, Unit
from vit2rtl.rtl.engine import reader_map, verilog, with_reader
from vit2rtl.rtl.engine.register_map import register_map
from vit2rtl.rtl.packaging.register_map import Register, Table
from vit2rtl.rtl.packaging.software import c_header, system_rdl

NAME = "encoder_engine"
DRIVER = ("engine_driver.h", "engine_driver.c", "reader_driver.h", "reader_driver.c")
SIMULATION = "simulation.cpp"


@dataclass(frozen=True)
class EngineRegisters:
    """The registers of an engine; C's names are the same for every configuration."""

    configuration: Configuration
    name: str = NAME
    table: Table | None = None

    @property
    def top(self) -> str:
        return verilog.name(self.configuration)

    @property
    def registers(self) -> tuple[Register, ...]:
        return register_map(self.configuration)


def software(configuration: Configuration) -> dict[str, str]:
    """File name to text: headers of registers and of names, and the drivers that include them."""
    registers = EngineRegisters(configuration)
    return {
        f"{NAME}.h": c_header(registers),
        f"{NAME}_names.h": names_header(),
        f"{reader_map.NAME}.h": c_header(reader_registers(configuration)),
        **{file: source(file) for file in DRIVER},
    }


def reader_registers(configuration: Configuration) -> reader_map.ReaderMap:
    return reader_map.ReaderMap(with_reader.reader_name(configuration))


def rdl(configuration: Configuration) -> dict[str, str]:
    """File name to text: SystemRDL of the engine and of the command reader."""
    maps = EngineRegisters(configuration), reader_registers(configuration)
    return {f"{one.top}.rdl": system_rdl(one) for one in maps}


def source(file: str) -> str:
    """One of ``DRIVER``, or ``SIMULATION``: a main program around Verilator's model."""
    folder = resources.files(__package__).joinpath("driver")
    return folder.joinpath(file).read_text(encoding="utf-8")


def names_header() -> str:
    """Errors and units as lists of C's preprocessor, each entry given to a macro ``X``."""
    prefix = NAME.upper()
    errors = [f'X({error.value}, {error.name}, "{title}")' for error, title in TITLES.items()]
    units = [f"X({unit.value}, {unit.name})" for unit in Unit]
    return "\n".join([
        "/* Codes of ERROR.code and numbers of units, as the engine has them. */",
        f"#ifndef {prefix}_NAMES_H",
        f"#define {prefix}_NAMES_H",
        "",
        "/* The lower half of a command stream's first beat; the upper half is CONFIGURATION. */",
        f"#define {prefix}_MAGIC {MAGIC:#010x}u",
        "",
        *_listed(f"{prefix}_ERRORS", errors),
        "",
        *_listed(f"{prefix}_UNITS", units),
        "",
        f"#endif /* {prefix}_NAMES_H */",
        "",
    ])


def _listed(name: str, entries: list[str]) -> Iterator[str]:
    yield f"#define {name}(X) \\"
    for entry in entries[:-1]:
        yield f"    {entry} \\"
    yield f"    {entries[-1]}"
