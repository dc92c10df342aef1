"""The vectors in further formats: Xilinx ``.coe``, Intel ``.mif``, a C header for firmware."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vit2rtl.golden.units import Instance
from vit2rtl.golden.vectors.bundle_schema import file_key
from vit2rtl.golden.vectors.c_header import c_header

FORMATS = ("coe", "mif", "c")


def check_formats(formats: Iterable[str]) -> list[str]:
    """The formats, each once, in one order; ValueError for one that there is not."""
    for name in formats:
        if name not in FORMATS:
            raise ValueError(f"Format must be one of {', '.join(FORMATS)}, not {name!r}")
    return [name for name in FORMATS if name in formats]


def format_files(
    root: Path, manifest: Mapping[str, Any], instances: Sequence[Instance]
) -> Iterator[tuple[str, str]]:
    """(file, text) of every file that the manifest's ``formats`` ask for, from its ``.mem`` files.

    root       Path of a bundle's folder
    instances  of the manifest's entries, in their order
    """
    formats = manifest.get("formats", ())
    if not formats:
        return
    for entry, instance in zip(manifest["entries"], instances, strict=True):
        for record in entry["records"]:
            for stream in instance.streams:
                memory = record["files"][file_key(stream)]
                words = (root / memory["file"]).read_text(encoding="ascii").split()
                title = f"{entry['name']}, record {record['record']}, {file_key(stream)}"
                for name, write in _MEMORIES.items():
                    if name in formats:
                        file = f"{memory['file'].removesuffix('.mem')}.{name}"
                        yield file, write(words, memory["bits"], title)
        if "c" in formats:
            yield f"{instance.name}/vectors.h", c_header(root, instance, entry["records"])


def _coe(words: Sequence[str], bits: int, title: str) -> str:
    """Xilinx coefficient file of a block memory."""
    listed = ",\n".join(words)
    return (
        f"; {title}: {len(words)} words of {bits} bits\n"
        f"memory_initialization_radix=16;\nmemory_initialization_vector=\n{listed};\n"
    )


def _mif(words: Sequence[str], bits: int, title: str) -> str:
    """Intel memory initialization file."""
    listed = "".join(f"{address} : {word};\n" for address, word in enumerate(words))
    return (
        f"-- {title}\nDEPTH = {len(words)};\nWIDTH = {bits};\n"
        f"ADDRESS_RADIX = UNS;\nDATA_RADIX = HEX;\nCONTENT\nBEGIN\n{listed}END;\n"
    )


_MEMORIES = {"coe": _coe, "mif": _mif}
