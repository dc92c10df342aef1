"""The specification: bit-exact integer models in numpy, and golden-vector files."""

from vit2rtl.golden.bundle import BundleWriter, read_bundle
from vit2rtl.golden.directed import directed_records
from vit2rtl.golden.units import UNITS, Instance

__all__ = ["UNITS", "BundleWriter", "Instance", "directed_records", "read_bundle"]
