"""Bins that units with log√2 codes share."""

from collections.abc import Iterable

from vit2rtl.golden.units.instance import Instance


def code_bins(instance: Instance, reached: Iterable[int]) -> dict[int, str]:
    """Codes by name, the last of which may mean zero."""
    last = instance.fields["code"].range[1]
    zero = None if instance.parameters["zero_code"] == "none" else last
    return {code: f"{code}, zero" if code == zero else str(code) for code in sorted(reached)}
