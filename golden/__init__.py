"""The specification: bit-exact integer models in numpy, and golden-vector files."""

from vit2rtl.golden.units.directed import directed_records
from vit2rtl.golden.units.unit import UNITS, Instance
from vit2rtl.golden.vectors.bundle import BundleWriter, read_bundle

__all__ = ["UNITS", "BundleWriter", "Instance", "directed_records", "read_bundle"]
