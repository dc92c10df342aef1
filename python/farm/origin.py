"""What a result depends on where it comes from our own Python and the packages below it."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path


@cache
def of_sources(*packages: str) -> str:
    """SHA-256 of the Python files of packages, ``vit2rtl.rtl``, by their names and texts."""
    whole = hashlib.sha256()
    for package in packages:
        spec = find_spec(package)
        for folder in map(Path, (spec and spec.submodule_search_locations) or ()):
            for path in sorted(folder.rglob("*.py")):
                text = path.read_bytes()
                whole.update(f"{package} {path.relative_to(folder)} {len(text)}\n".encode() + text)
    return whole.hexdigest()


def of_packages(names: Iterable[str]) -> dict[str, str | None]:
    """Versions of installed packages; None of one that is missing."""
    return {name: _version(name) for name in names}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
