// SPDX-License-Identifier: MIT
//
// What every float kernel is made of. No order of operations is left to the compiler: sums over elements have
// sixteen explicit lanes, all else is element by element, and contraction is off.
#ifndef C_TERNARY_FLOAT_LANES_H
#define C_TERNARY_FLOAT_LANES_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "lanes/exponential.h"
#include "lanes/lanes.h"
#include "lanes/target.h"

// Loops over registers: unrolled whole, or the registers would be memory.
#define BN_UNROLL _Pragma("clang loop unroll(full)")

BN_KERNELS_BEGIN

// ---- What each instruction set's file defines -----------------------------------------------------------

// 16 half floats.
BN_INLINE bn_lanes load_halves(const void *from);
// 16 floats as half floats, rounded to nearest even.
BN_INLINE void store_halves(void *to, const float *from);
// sum + factor·lanes, where no product needs rounding.
BN_INLINE bn_lanes add_exact_product(bn_lanes sum, float factor, bn_lanes lanes);
// Adds f[0]·pairs[lane][0] + f[1]·pairs[lane][1] to each lane, exactly, `factors` being two int16.
BN_INLINE bn_integer_lanes add_pair_products(bn_integer_lanes sum, uint32_t factors, bn_word_lanes pairs);

// ---- What is the same for all ---------------------------------------------------------------------------

BN_INLINE bn_lanes load_floats(const float *from) {
    bn_lanes lanes;
    memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

// The first `count` < 16 floats, then zeros. Adding a zero changes no lane: lanes start at +0 and a sum is
// -0 only where both terms are.
BN_INLINE bn_lanes load_some_floats(const float *from, size_t count) {
    bn_lanes lanes = {0};
    memcpy(&lanes, from, count * sizeof(float));
    return lanes;
}

BN_INLINE void store_floats(float *to, bn_lanes lanes) { memcpy(to, &lanes, sizeof lanes); }

BN_INLINE float sum_lanes(bn_lanes lanes) {
    float sums[bn_lane_count];
    memcpy(sums, &lanes, sizeof sums);
    for (size_t width = bn_lane_count / 2; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++) sums[i] = sums[i] + sums[i + width];
    }
    return sums[0];
}

// a where the mask is all ones, b where it is zero.
BN_INLINE bn_lanes select_lanes(bn_integer_lanes mask, bn_lanes a, bn_lanes b) {
    return (bn_lanes)((mask & (bn_integer_lanes)a) | (~mask & (bn_integer_lanes)b));
}

// max(a, b) by lane; b where they do not compare.
BN_INLINE bn_lanes larger_lanes(bn_lanes a, bn_lanes b) { return select_lanes(a > b, a, b); }

BN_INLINE float largest_of_lanes(bn_lanes lanes) {
    float values[bn_lane_count];
    memcpy(values, &lanes, sizeof values);
    for (size_t width = bn_lane_count / 2; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++) {
            values[i] = values[i] > values[i + width] ? values[i] : values[i + width];
        }
    }
    return values[0];
}

// bn_exp_float by lane.
BN_INLINE bn_lanes exp_lanes(bn_lanes x) {
    x = select_lanes(x < BN_EXP_LEAST, (bn_lanes){0} + BN_EXP_LEAST, x);
    x = select_lanes(x > BN_EXP_MOST, (bn_lanes){0} + BN_EXP_MOST, x);
    bn_lanes shifted = x * BN_LOG2_E + BN_ROUND_FLOAT;
    bn_integer_lanes n = (bn_integer_lanes)((bn_bit_lanes)shifted - BN_ROUND_FLOAT_BITS);
    bn_lanes rounded = shifted - BN_ROUND_FLOAT;
    bn_lanes r = x - rounded * BN_LN2_HIGH;
    r = r - rounded * BN_LN2_LOW;
    bn_lanes p = BN_EXP_6 * r + BN_EXP_5;
    p = p * r + BN_EXP_4;
    p = p * r + BN_EXP_3;
    p = p * r + BN_EXP_2;
    p = (r * r) * p + r;
    p = p + 1.0f;
    bn_bit_lanes half = (bn_bit_lanes)(n >> 1);
    bn_lanes scale = (bn_lanes)((half + 127u) << 23);
    bn_lanes rest = (bn_lanes)(((bn_bit_lanes)n - half + 127u) << 23);
    return p * scale * rest;
}

// Asks for what the next pass reads while this one computes: neither pass alone keeps the memory busy.
BN_INLINE void prefetch(const uint8_t *at) { __builtin_prefetch(at, 0, 2); }

BN_KERNELS_END

#endif
