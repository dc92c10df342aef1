"""The specification: bit-exact integer models in numpy, and golden-vector files."""

from vit2rtl.golden.units import UNITS, Instance, directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter, read_bundle

__all__ = ["UNITS", "BundleWriter", "Instance", "directed_records", "read_bundle"]
