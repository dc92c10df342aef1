"""Results appear whole or not at all: written beside their place, then renamed into it."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vit2rtl.golden.files.paths import resolved

# Names that belong into an existing folder of one's own kind; None if it is of another.
Parts = Callable[[Path], Collection[str] | None]


@contextmanager
def folder(path: str | Path, *, kind: str, parts: Parts) -> Iterator[Path]:
    """A new folder that takes the place of ``path`` when the block ends well, and vanishes else.

    path    where the folder is to be; an empty folder there, or one of ours, is replaced
    kind    what it is, for messages: "bundle"
    parts   (folder) -> names that belong into an existing folder of that kind, or None
    yields  Path of the empty temporary folder
    raises  ValueError if a file, or a folder that holds anything else, is in the way
    """
    path = check(path, kind=kind, parts=parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        with naming(path):
            new = scratch / "new"
            new.mkdir()
            yield new
            _replace(path, new, scratch / "old")
    finally:
        shutil.rmtree(scratch)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Errors of the system that name no file, as where a disk is full, name this one."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def check(path: str | Path, *, kind: str, parts: Parts) -> Path:
    """The resolved path; a ValueError where :func:`folder` would raise one."""
    path = resolved(path)
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is a file, not a folder for a {kind}")
    if not path.exists() or not any(path.iterdir()):
        return path
    ours = parts(path)
    if ours is None:
        raise ValueError(f"{path} is not empty and not a {kind}: not overwriting it")
    for name in sorted(entry.name for entry in path.iterdir()):
        if name not in ours:
            raise ValueError(
                f"{path} holds {name!r}, which is no part of the {kind}: not overwriting it"
            )
    return path


def _replace(path: Path, new: Path, old: Path) -> None:
    if not path.exists():
        os.rename(new, path)
        return
    os.rename(path, old)
    try:
        os.rename(new, path)
    except BaseException:
        os.rename(old, path)
        raise


def text(path: Path, content: str) -> None:
    """Write a text file, UTF-8 with ``\n`` at line ends, whole or not at all."""
    data(path, content.encode())


def data(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, not even where the machine stops or others write it."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with naming(path):
            with open(partial, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def check_folder(folder: Path) -> None:
    """What :func:`files` raises, before what takes long is made for it."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"Output must be a folder, and {folder} is a file")


def files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder; all are written beside their places before the first is there.

    Files of other names are left alone. NotADirectoryError where ``folder`` is a file.
    """
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
    try:
        for name, content in contents.items():
            with naming(folder / name):
                (staging / name).write_bytes(content)
        for name in contents:
            os.replace(staging / name, folder / name)
    finally:
        shutil.rmtree(staging)
