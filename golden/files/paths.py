"""Paths as people give them and as files of other people name them."""

from pathlib import Path


def resolved(path: str | Path) -> Path:
    """Absolute and without links; a ValueError for links that lead in a circle."""
    path = Path(path)
    try:
        whole = path.resolve()
        circle = whole.is_symlink()  # all that can be followed have been
    except (OSError, RuntimeError):  # before Python 3.13
        circle = True
    if circle:
        raise ValueError(f"{path} is a link that leads back to itself")
    return whole
