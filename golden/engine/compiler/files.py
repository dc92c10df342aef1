"""The folder of an engine image: the command stream, its listing, and how to send it."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.engine.compiler.image import EngineImage, image_order
from vit2rtl.golden.engine.compiler.listing import entries, lines
from vit2rtl.golden.engine.compiler.readme import readme
from vit2rtl.golden.engine.instructions import signature
from vit2rtl.golden.files import atomic, documents

SCHEMA = "vit2rtl.engine/1"
STREAM, ORDER, LISTING, LINES, README = FILES = (
    "engine.bin", "image_order.npy", "listing.json", "listing.txt", "README.md")
_TITLE = "compiled image"


def save(image: EngineImage, folder: str | Path) -> None:
    """Write the folder, whole or not at all; the same program, the same bytes."""
    with atomic.folder(folder, kind=_TITLE, parts=_parts) as new:
        for name, data in files(image).items():
            (new / name).write_bytes(data)


def check_place(folder: str | Path) -> None:
    """A ValueError now rather than after compiling, where an image would not be written."""
    atomic.check(folder, kind=_TITLE, parts=_parts)


def files(image: EngineImage) -> dict[str, bytes]:
    """What :func:`save` writes, by file name."""
    stream = image.stream().astype("<u8").tobytes()
    order = io.BytesIO()
    np.save(order, image_order(image.program, image.configuration))
    return {
        STREAM: stream, ORDER: order.getvalue(), LISTING: _listing(image, stream),
        LINES: ("\n".join(lines(image)) + "\n").encode(),
        README: readme(image).encode(),
    }


def _listing(image: EngineImage, stream: bytes) -> bytes:
    program = image.program
    head: dict[str, Any] = {
        "schema": SCHEMA, "model": program.model, "configuration": vars(image.configuration),
        "signature": signature(image.configuration), "groups": image.groups,
        "cycles": image.cycles,
        "logits": {"count": program.logits.shape[0], "bits": program.logits.bits,
                   "signed": program.logits.signed, "scale": program.logits.scale,
                   "zero_point": program.logits.zero_point},
        "stream": {"file": STREAM, "sha256": documents.sha256_of(stream)},
    }
    # A line for each instruction: thousands of lines to read, not hundreds of thousands.
    rows = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries(image))
    text = json.dumps(head, indent=1, sort_keys=True)
    return f"{text[:-2]},\n \"instructions\": [\n{rows}\n ]\n}}\n".encode()


def _parts(folder: Path) -> set[str] | None:
    schema = documents.schema_of(folder / LISTING) or ""
    return set(FILES) if schema.startswith(SCHEMA.partition("/")[0] + "/") else None
