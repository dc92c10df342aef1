"""The table lookup in the area table: its defaults, beside nothing."""

from vit2rtl.rtl.synthesis.references.reference import References

REFERENCES = References()
