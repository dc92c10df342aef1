"""Scale reparameterization of post-LayerNorm activations (RepQ-ViT, Section 3.2, Eqs. 13-17)."""

import torch


def reparameterize(norm, linear, *, fractional_zero_point=False):
    """Turn a channel-wise quantizer between LayerNorm and linear layer into a layer-wise one.

    The LayerNorm's affine factors (Eq. 15) and the next layer's weights and bias (Eq. 17) absorb
    the variation factors r1 = s / s~ and r2 = z - z~, with s~ the mean scale and z~ the mean zero
    point, so that the float network stays what it was. With an integer z~ the codes stay what
    they were, too. Channels that were constant in calibration are represented exactly by any
    scale and are left out of the means.

    norm     LayerNorm with weight and bias
    linear   QuantLinear with a calibrated channel-wise input quantizer and float weights; its
             weight quantizer must be calibrated again
    fractional_zero_point
             keep the float mean, as the authors' code does (profile ``official``); otherwise z~ is
             rounded and brought into 0 .. 2**bits - 1: any z~ will do, r2 absorbs it
    """
    quantizer = linear.input_quantizer
    s, z = quantizer.scale.double(), quantizer.zero_point.double()
    varying = ~quantizer.constant if not quantizer.constant.all() else quantizer.constant
    mean_s, mean_z = s[varying].mean(), z[varying].mean()
    if not fractional_zero_point:
        mean_z = mean_z.round().clamp(0, quantizer.levels - 1)
    quantizer.set(mean_s, mean_z)
    # The quantizer keeps float32: the factors are those of the value it keeps.
    r1, r2 = s / quantizer.scale.double(), z - quantizer.zero_point.double()
    weight, bias = linear.weight.double(), linear.bias.double()
    with torch.no_grad():
        norm.weight.copy_(norm.weight.double() / r1)
        norm.bias.copy_((norm.bias.double() + s * r2) / r1)
        linear.bias.copy_(bias - weight @ (s * r2))
        linear.weight.copy_(weight * r1)
    quantizer.axis = None
