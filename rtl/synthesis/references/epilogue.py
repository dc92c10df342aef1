"""The epilogue in the area table: accumulators of one multiplier block and of two."""

from vit2rtl.rtl.synthesis.references.reference import References

REFERENCES = References(variants=({"acc_width": 27},))
