"""Designs that units are compared with."""
