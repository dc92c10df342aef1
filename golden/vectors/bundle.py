"""Golden-vector bundles: the public names of the writer and the reader (``docs/vectors.md``)."""

from vit2rtl.golden.vectors.bundle_contents import Bundle, Entry, Record
from vit2rtl.golden.vectors.bundle_formats import FORMATS
from vit2rtl.golden.vectors.bundle_reader import read_bundle
from vit2rtl.golden.vectors.bundle_schema import SCHEMA
from vit2rtl.golden.vectors.bundle_writer import BundleWriter, convert

__all__ = [
    "FORMATS", "SCHEMA", "Bundle", "BundleWriter", "Entry", "Record", "convert", "read_bundle",
]
