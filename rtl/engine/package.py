"""The engine's package: RTL, files for others' tools, register map, a driver in C and its data
sheet, as one folder."""

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import header
from vit2rtl.golden.files import atomic, documents
from vit2rtl.golden.vectors.bundle_files import write_texts
from vit2rtl.rtl.engine import verilog, with_reader
from vit2rtl.rtl.engine.data_sheet import data_sheet
from vit2rtl.rtl.engine.software import SIMULATION, rdl, software, source
from vit2rtl.rtl.packaging.manifest import FILE
from vit2rtl.rtl.packaging.package import write_files
from vit2rtl.rtl.packaging.projects import WAIVERS, Project, project_files

SCHEMA = "vit2rtl-engine-package-1"
_WAIVERS = {
    **WAIVERS,
    "CASEOVERLAP": "of the items of a casez that match, the first one is meant",
    "CMPCONST": "a limit that a field's width keeps by itself",
    "WIDTHTRUNC": "of a word that is shifted, the lowest part is taken",
}
PART = "xczu7ev-ffvc1156-2-e"


def write_package(configuration: Configuration, path: str | Path) -> list[str]:
    """Write the package of an engine as the folder ``path``.

    returns   sorted list of the files, relative to ``path``
    raises    ValueError if something else is in the way; OSError
    """
    name = verilog.name(configuration)
    reader, both = with_reader.reader_name(configuration), with_reader.top_name(configuration)
    rtl = {
        f"rtl/{name}.v": verilog.convert(configuration),
        f"rtl/{reader}.v": with_reader.convert_reader(configuration),
        f"rtl/{both}.v": with_reader.convert_top(configuration),
    }
    project = Project(
        name, "a vision transformer's encoder in integers", name, [*rtl],
        {"lint": name, "lint_with_reader": both}, part=PART, waivers=_WAIVERS)
    with atomic.folder(path, kind="package of an engine", parts=parts_of) as root:
        texts = {
            **rtl,
            **{f"registers/{file}": text for file, text in rdl(configuration).items()},
            **{f"software/{file}": text for file, text in software(configuration).items()},
            f"software/{SIMULATION}": source(SIMULATION),
            **project_files(project),
        }
        write_files(root, texts)
        write_texts(root, _manifest(configuration), data_sheet(configuration))
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def _manifest(configuration: Configuration) -> dict[str, Any]:
    name = verilog.name(configuration)
    return {
        "schema": SCHEMA,
        "instance": name,
        "top": name,
        "configuration": asdict(configuration),
        "header": f"{header(configuration):#018x}",
        "vit2rtl": version("vit2rtl"),
    }


def parts_of(path: Path) -> frozenset[str] | None:
    """Names that belong into the package at ``path``; None if it is none."""
    try:
        content = documents.parse((path / FILE).read_bytes(), FILE)
        if content["schema"] != SCHEMA:
            return None
        name = content["instance"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return frozenset((
        "README.md", FILE, "SHA256SUMS", "rtl", "lint", "registers", "software", "constraints",
        "vivado", "quartus", f"{name}.f", f"{name}.core"))
