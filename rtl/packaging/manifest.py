"""The manifest of a package: what it is a package of, for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vit2rtl.golden.files import documents
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import RegisterMap, register_map
from vit2rtl.rtl.packaging.software import system_rdl

SCHEMA = "vit2rtl-package-1"
FILE = "manifest.json"


@dataclass(frozen=True)
class Package:
    """A package that lies in a folder; ``registers`` of its top with AXI4-Lite, if it has one."""

    path: Path
    instance: Instance
    registers: RegisterMap | None

    @property
    def rtl(self) -> Path:
        return self.path / "rtl"

    @property
    def vectors(self) -> Path:
        return self.path / "vectors"


def manifest(instance: Instance, registers: RegisterMap | None, top: str) -> dict[str, Any]:
    """As JSON holds it."""
    table = registers.table if registers else None
    return {
        "schema": SCHEMA,
        "instance": instance.name,
        "unit": instance.unit.name,
        "parameters": dict(instance.parameters),
        "top": top,
        "channels": table.rows * table.lanes if table else 0,
        "vit2rtl": version("vit2rtl"),
    }


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest in a folder; None where there is none of a package."""
    try:
        content = documents.parse((path / FILE).read_bytes(), FILE)
        return content if content["schema"] == SCHEMA else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_package(path: str | Path) -> Package | None:
    """The package in a folder; None where there is none.

    raises  ValueError where the manifest says nothing that makes sense, or the register map is
            another one than this version's
    """
    path = Path(path)
    content = read_manifest(path)
    if content is None:
        return None
    instance, registers = _described(path / FILE, content)
    rdl = path / "registers" / f"{instance.name}.rdl"
    if registers and rdl.is_file() and rdl.read_text(encoding="utf-8") != system_rdl(registers):
        raise ValueError(f"{rdl} is not the register map of {path / FILE} in version "
                         f"{version('vit2rtl')}: write the package again")
    return Package(path, instance, registers)


def _described(path: Path, content: Mapping[str, Any]) -> tuple[Instance, RegisterMap | None]:
    unit, parameters, top, channels = (
        content.get(key) for key in ("unit", "parameters", "top", "channels"))
    if not isinstance(unit, str) or not isinstance(parameters, dict):
        raise ValueError(f"{path} needs a unit and its parameters")
    instance = Instance.of(unit, **parameters)
    if top not in (tops := (f"{instance.name}_axi", f"{instance.name}_axis")):
        raise ValueError(f"{path}: top must be {' or '.join(tops)}, not {top!r}")
    if top == tops[1]:
        return instance, None
    return instance, register_map(instance, channels=channels)  # type: ignore[arg-type]
