// SPDX-License-Identifier: MIT
//
// What makes the int8 head from a table, written once: each instruction set's file includes this, defining
// BN_FEATURES (see lanes/target.h) before it and multiply_tile behind. Codes and norms are the same bits
// everywhere.
#ifndef C_TERNARY_HEAD_INT8_H
#define C_TERNARY_HEAD_INT8_H

#include "kernels.h"
#include "lanes/exponential.h"
#include "lanes/lanes.h"
#include "lanes/magnitude.h"

BN_KERNELS_BEGIN

// Every operation here is exact in double or within 2^-53, squares do not leave the range of double, and
// there are fewer than 2^18 of them.
static void quantise(
    uint8_t *restrict codes, bn_head_squares *restrict sums, const float *restrict values, float scale,
    float inverse, size_t count) {
    bn_head_squares squares = *sums;
    for (size_t i = 0; i < count; i += bn_lane_count) {
        for (size_t lane = 0; lane < bn_lane_count; lane++) {
            float code = bn_round_even(values[i + lane] * inverse);
            double coded = (double)scale * (double)code;
            double remainder = (double)values[i + lane] - coded;
            squares.remainder[lane] += remainder * remainder;
            squares.code[lane] += coded * coded;
            codes[i + lane] = (uint8_t)((int32_t)code + 128);
        }
    }
    *sums = squares;
}

BN_KERNELS_END

#define BN_HEAD_KERNELS \
    {.largest_bits = magnitude_bits_max, .quantise = quantise, .multiply_tile = multiply_tile}

#endif
