"""A task: a pure function of JSON data, named by the SHA-256 of all that its result depends on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any


def digest(data: Any) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of data."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Task:
    """A call ``function(spec, **inputs)`` whose result is a dict that JSON holds.

    function   ``module:name``, which every worker can import
    version    of the function, raised by hand when its results change
    spec       JSON data, all that the result depends on: files by their digests, never by paths
    inputs     JSON data that the result does not depend on: where the files of ``spec`` lie
    """

    function: str
    version: int
    spec: Mapping[str, Any]
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> dict[str, Any]:
        """What the key is made of, as JSON data."""
        return {"function": self.function, "version": self.version, "spec": dict(self.spec)}

    @cached_property
    def key(self) -> str:
        """:func:`digest` of :attr:`identity`."""
        return digest(self.identity)

    def call(self) -> dict[str, Any]:
        """The result, computed here and now."""
        module, _, name = self.function.partition(":")
        return getattr(import_module(module), name)(dict(self.spec), **self.inputs)
