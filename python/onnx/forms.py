"""The forms of an exported file, named where ONNX is not needed yet."""

FORMS = ("qonnx", "qdq")
