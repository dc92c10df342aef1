"""Quantizers, quantized layers, calibration and the methods that choose them."""
