"""Quantization methods, a module each: ``METHOD`` there is the method's class."""

from typing import TYPE_CHECKING

from vit2rtl.golden.registry import Registry

if TYPE_CHECKING:
    from vit2rtl.quantization.method import Method

DEFAULT = "repq"
METHODS: Registry[type["Method"]] = Registry(
    (f"{__name__}.{name}" for name in (DEFAULT,)), attribute="METHOD", title="Method"
)
