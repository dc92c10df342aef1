"""From a quantized model to an integer program."""
