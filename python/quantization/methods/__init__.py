"""Quantization methods, a module each: ``METHOD`` there is the method's class."""

from typing import TYPE_CHECKING

from vit2rtl.golden.registry import Registry
from vit2rtl.quantization.settings import METHODS as METHOD_NAMES

if TYPE_CHECKING:
    from vit2rtl.quantization.method import Method

METHODS: Registry[type["Method"]] = Registry(
    {name: f"{__name__}.{name.replace('-', '_')}" for name in METHOD_NAMES},
    attribute="METHOD", title="Method"
)
