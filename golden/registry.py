"""Registries: things by name, each in a module of that name."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Maps names to what a module each defines: the last part of the module's, or another.

    A module is imported when its entry is asked for, so that names can be listed for nothing.

    Parameters
    ----------
    modules : dotted names, in the order in which people see the entries; or {name: module}
    attribute : name of what each module defines, such as ``"UNIT"``
    title : what an entry is, for messages: ``"Unit"``
    face : what the module says of it, for messages: ``"coverage bins"``; empty where it is the
        definition itself, so that a name without a module is simply unknown
    """

    def __init__(
        self, modules: Iterable[str] | Mapping[str, str], *, attribute: str, title: str,
        face: str = "",
    ) -> None:
        self._modules = dict(modules) if isinstance(modules, Mapping) else {
            module.rpartition(".")[2]: module for module in modules}
        self._attribute, self._title, self._face = attribute, title, face
        self._folder = next(iter(self._modules.values())).rpartition(".")[0]

    def __getitem__(self, name: str) -> T:
        """The entry; a ValueError says which names there are, or where to add the face."""
        if name not in self._modules:
            raise ValueError(self._missing(name))
        try:
            module = import_module(self._modules[name])
        except ModuleNotFoundError as error:
            if error.name != self._modules[name]:
                raise
            raise ValueError(self._missing(name)) from None
        if not hasattr(module, self._attribute):
            raise ValueError(self._missing(name))
        return getattr(module, self._attribute)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    @contextmanager
    def extended(self, *modules: str) -> Iterator[None]:
        """These modules as well, while the block runs: for tests."""
        before = self._modules
        self._modules = before | {module.rpartition(".")[2]: module for module in modules}
        try:
            yield
        finally:
            self._modules = before

    def _missing(self, name: str) -> str:
        if not self._face:
            return f"{self._title} must be one of {', '.join(self)}, not {name!r}"
        file = file_of(self._modules.get(name, f"{self._folder}.{name}"))
        return f"{self._title} {name} has no {self._face}: add {self._attribute} in {file}"


def file_of(module: str) -> str:
    """Where the text of a module is in the repository: ``golden/registry.py``."""
    path = f"{module.replace('.', '/')}.py"
    inner = path.removeprefix("vit2rtl/")
    own = inner != path and inner.partition("/")[0] not in ("golden", "rtl", "sim")
    return f"python/{inner}" if own else inner
