"""Folders that one run at a time may write to."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from vit2rtl.golden.files.atomic import naming

_LOCK = ".in-use"


@contextmanager
def claimed(folder: str | Path) -> Iterator[Path]:
    """The folder, made where it is not there; a ValueError while another run writes to it."""
    folder = Path(folder)
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise ValueError(f"{folder} is in use by another run: wait for it, or choose another "
                             "folder with --out") from error
        try:
            yield folder
        finally:
            with suppress(OSError):
                (folder / _LOCK).unlink()  # still held: whoever comes next makes a new one
            lock.release()
