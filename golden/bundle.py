"""Golden-vector bundles: the public names of the writer and the reader (``docs/vectors.md``)."""

from vit2rtl.golden.bundle_contents import Bundle, Entry, Record
from vit2rtl.golden.bundle_reader import read_bundle
from vit2rtl.golden.bundle_schema import SCHEMA
from vit2rtl.golden.bundle_writer import BundleWriter

__all__ = ["SCHEMA", "Bundle", "BundleWriter", "Entry", "Record", "read_bundle"]
