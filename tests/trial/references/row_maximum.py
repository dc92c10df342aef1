"""The row maximum in the area table: two widths of its elements, beside nothing."""

from vit2rtl.rtl.synthesis.references.reference import References

REFERENCES = References(variants=({"width": 16},))
