"""Model families, a module each: ``FAMILY`` there says what it matches, replaces, how it walks."""

from typing import TYPE_CHECKING

from vit2rtl.golden.registry import Registry

if TYPE_CHECKING:
    from vit2rtl.models.family import Family

FAMILIES: Registry["Family"] = Registry(
    (f"{__name__}.{name}" for name in ("vit", "swin")), attribute="FAMILY", title="Model family"
)
