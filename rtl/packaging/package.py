"""Assembles an IP package: one folder, whole or not at all, the same bytes for the same input."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from vit2rtl.golden.files import atomic
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter
from vit2rtl.golden.vectors.bundle_files import write_texts
from vit2rtl.rtl.packaging.data_sheet import Area, Claim, data_sheet
from vit2rtl.rtl.packaging.example import example
from vit2rtl.rtl.packaging.manifest import manifest, read_manifest
from vit2rtl.rtl.packaging.projects import Project, project_files
from vit2rtl.rtl.packaging.register_map import CHANNELS, RegisterMap, register_map
from vit2rtl.rtl.packaging.software import c_header, system_rdl
from vit2rtl.rtl.packaging.sources import sources, top_name
from vit2rtl.rtl.packaging.timing_diagram import svg
from vit2rtl.rtl.packaging.trace import trace
from vit2rtl.rtl.packaging.waveform import wave_json

PARTS = frozenset(
    (
        "README.md", "manifest.json", "SHA256SUMS", "rtl", "lint", "vectors", "registers",
        "software", "constraints", "vivado", "quartus", "doc",
    )
)


def write_package(
    instance: Instance, path: str | Path, *, axi_lite: bool = True, channels: int = CHANNELS,
    area: Area = (), claims: Sequence[Claim] = (),
) -> list[str]:
    """Write the IP package of an instance as the folder ``path``.

    axi_lite  add the ``_axi`` top with AXI4-Lite registers, its SystemRDL and its C header
    channels  channels that its tables hold at least; 0: no tables, the values stay in the stream
    area      rows of :func:`vit2rtl.rtl.synthesis.table.measured`, for the data sheet
    claims    list of ``vit2rtl.sim.formal.claims.Claim``, for the data sheet
    returns   sorted list of the files, relative to ``path``
    raises    ValueError if something else is in the way; OSError
    """
    registers = register_map(instance, channels=channels) if axi_lite else None
    with atomic.folder(path, kind="package", parts=parts_of) as root:
        texts = _texts(instance, registers)
        write_files(root, texts)
        vectors = _write_vectors(instance, root)
        shown = example(instance)
        diagram = wave_json(f"{instance.name}_axis", trace(instance, shown), shown)
        verilog = [name for name in texts if name.startswith("rtl/")]
        top = top_name(registers) if registers else f"{instance.name}_axis"
        late = {"doc/timing.json": diagram, "doc/timing.svg": svg(diagram)}
        lints = {"lint": top} | ({"lint_axis": f"{instance.name}_axis"} if registers else {})
        late |= project_files(Project(
            instance.name, instance.unit.summary, top, verilog, lints, vectors))
        write_files(root, late)
        files = _contents(instance, registers, [*texts, *late])
        sheet = data_sheet(instance, registers, shown, files, area=area, claims=claims)
        write_texts(root, manifest(instance, registers, top), sheet)
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def write_files(root: Path, texts: Mapping[str, str]) -> None:
    """Write texts by their paths below ``root``."""
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="\n")


def parts_of(path: Path) -> frozenset[str] | None:
    """Names that belong into the package at ``path``; None if it is none."""
    content = read_manifest(path)
    if content is None or "instance" not in content:
        return None
    name = content["instance"]
    return PARTS | {f"{name}.f", f"{name}.core"}


def _texts(instance: Instance, registers: RegisterMap | None) -> dict[str, str]:
    texts = {f"rtl/{file}": text for file, text in sources(instance, registers).items()}
    if registers:
        texts[f"registers/{instance.name}.rdl"] = system_rdl(registers)
        texts[f"software/{instance.name}.h"] = c_header(registers)
    return texts


def _write_vectors(instance: Instance, root: Path) -> list[str]:
    """The directed records and their bench; the paths of the bench and of the ``.mem`` files."""
    provenance = {"vectors": "directed", "vit2rtl": version("vit2rtl")}
    with BundleWriter(root / "vectors", provenance) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    memories = sorted((root / "vectors").rglob("*.mem"))
    bench = root / "vectors" / instance.name / "replay.sv"
    return [path.relative_to(root).as_posix() for path in (bench, *memories)]


def _contents(
    instance: Instance, registers: RegisterMap | None, paths: Iterable[str]
) -> dict[str, str]:
    """Path to what it is, for the data sheet."""
    lints = ["lint"] if registers is None else ["lint", "lint_axis"]
    targets = ", ".join(f"`{target}`" for target in ("default", *lints, "sim", "sim_verilator"))
    titles = {
        f"rtl/{instance.name}.v": "the bare unit: valid/ready streams, `clk`, `rst`",
        f"rtl/{instance.name}_axis.v": "AXI4-Stream top, configuration as ports",
        f"rtl/{instance.name}_axi.v": "AXI4-Stream top, configuration by AXI4-Lite registers",
        f"registers/{instance.name}.rdl": "register map, SystemRDL",
        f"software/{instance.name}.h": "register map, C99",
        "doc/timing.json": "timing diagram, WaveJSON",
        "doc/timing.svg": "timing diagram, drawn",
        f"{instance.name}.f": "file list, for `iverilog -c`, `verilator -F`",
        f"{instance.name}.core": f"FuseSoC core: targets {targets}",
        f"lint/{instance.name}.vlt": "Verilator waivers, explained",
        f"constraints/{instance.name}.xdc": "constraints skeleton, Vivado",
        f"constraints/{instance.name}.sdc": "constraints skeleton, Quartus",
        "vivado/synthesize.tcl": "synthesis out of context",
        "vivado/package_ip.tcl": "IP-XACT component for the IP catalog",
        "quartus/project.tcl": "project with files and constraints, compiled",
    }
    if registers is None:
        titles.pop(f"rtl/{instance.name}_axi.v")
    contents = {path: title for path, title in titles.items() if path in paths}
    contents["vectors/"] = "golden vectors and a plain SystemVerilog bench that replays them"
    contents["manifest.json"] = "unit, parameters and top, for programs"
    return contents
