"""Activations by table in the area table: how lanes and entries share block RAMs."""

from vit2rtl.rtl.synthesis.references.reference import References

REFERENCES = References(variants=({"bits": 8},))
