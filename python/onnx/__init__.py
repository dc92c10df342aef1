"""Quantized models as ONNX files."""
