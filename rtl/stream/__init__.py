"""Pipelines, streams and the AXI4-Stream top: what every unit is made of."""
