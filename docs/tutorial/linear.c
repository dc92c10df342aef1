/* The C model that the example accelerator was written from: a linear layer with its requantizer.
   All arrays have the rows behind one another; weight has a row per output channel. */
#include <stdint.h>

void linear(const int32_t *x, const int32_t *weight, const int32_t *weight_zero_point,
            const int32_t *bias, const int32_t *multiplier, const int32_t *shift, int32_t *y,
            int rows, int in, int out, int zero_point, int low, int high)
{
    for (int row = 0; row < rows; row++)
        for (int channel = 0; channel < out; channel++) {
            int64_t acc = bias[channel];
            for (int n = 0; n < in; n++)
                acc += x[row * in + n] * (weight[channel * in + n] - weight_zero_point[channel]);
            int64_t half = (int64_t)1 << (shift[channel] - 1);
            int64_t code = ((acc * multiplier[channel] + half) >> shift[channel]) + zero_point;
            y[row * out + channel] = code < low ? low : code > high ? high : code;
        }
}
