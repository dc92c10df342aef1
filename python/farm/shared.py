"""What the tasks of one run share in a process, so that each does not read it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import uuid4

T = TypeVar("T")

_given: dict[str, Any] = {}
_made: dict[str, Any] = {}


@contextmanager
def given(thing: Any) -> Iterator[str]:
    """A name, for the inputs of tasks, by which those that run in this process find a thing."""
    name = uuid4().hex
    _given[name] = thing
    try:
        yield name
    finally:
        del _given[name]


def shared(name: str, make: Callable[[], T]) -> T:
    """The thing of that name; in another process what the run's first task makes there."""
    if name in _given:
        return _given[name]
    if name not in _made:
        _made.clear()  # of an earlier run
        _made[name] = make()
    return _made[name]
