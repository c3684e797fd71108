// SPDX-License-Identifier: MIT
//
// One token of a hop: scales of bn_hop_block values each, then codes.
#ifndef C_TERNARY_HOP_KERNELS_H
#define C_TERNARY_HOP_KERNELS_H

#include <stdbool.h>

#include "kernels.h"
#include "lanes/exponential.h"
#include "lanes/lanes.h"
#include "lanes/magnitude.h"
#include "tokens/outliers.h"

BN_KERNELS_BEGIN

// The largest magnitudes, as bits, of four parts of a whole block; element i is in part i mod 4.
typedef int32_t part_magnitudes __attribute__((vector_size(16)));

BN_INLINE part_magnitudes magnitudes_of_parts(const float *x) {
    bn_integer_lanes halves[2];
    memcpy(halves, x, sizeof halves);
    halves[0] = __builtin_elementwise_max(halves[0] & 0x7fffffff, halves[1] & 0x7fffffff);
    part_magnitudes quarters[bn_lane_count / 4];
    memcpy(quarters, halves, sizeof quarters);
    part_magnitudes even = __builtin_elementwise_max(quarters[0], quarters[2]);
    part_magnitudes odd = __builtin_elementwise_max(quarters[1], quarters[3]);
    return __builtin_elementwise_max(even, odd);
}

BN_INLINE bool has_outliers(const float *x, part_magnitudes parts, uint32_t largest) {
    // Nearly always each part has a value that is near the largest, and then there are four of them.
    int32_t near = (int32_t)largest - (bn_outlier_exponent << 23);
    return __builtin_reduce_or(parts < near) != 0 && bn_has_outliers(x, largest);
}

BN_INLINE void encode_block(int8_t *restrict codes, const float *restrict x, size_t count, uint16_t half) {
    float d = half == 0 ? 1.0f : bn_float_of_half(half);
    for (size_t i = 0; i < count; i++) {
        float code = bn_round_even(x[i] / d);
        code = code > 127.0f ? 127.0f : code;
        code = code < -127.0f ? -127.0f : code;
        codes[i] = half == 0 ? 0 : (int8_t)(int32_t)code;
    }
}

static bool hop_encode_token(uint8_t *restrict out, const float *restrict x, size_t columns) {
    uint8_t *scales = out;
    uint8_t *codes = out + 2 * bn_ceil_divide(columns, bn_hop_block);
    for (size_t begin = 0; begin < columns; begin += bn_hop_block) {
        size_t count = columns - begin < bn_hop_block ? columns - begin : bn_hop_block;
        uint32_t largest = magnitude_bits_max(x + begin, count);
        if (largest >= infinity_bits) return false;
        uint16_t half = bn_half_of_float(bn_float_of_bits(largest) / 127.0f);
        if (count == bn_hop_block && has_outliers(x + begin, magnitudes_of_parts(x + begin), largest)) {
            if (!bn_outliers_encode(&half, codes + begin, x + begin)) return false;
        } else {
            // Beyond what a half float can hold.
            if (half >= 0x7c00) return false;
            encode_block((int8_t *)codes + begin, x + begin, count, half);
        }
        *scales++ = (uint8_t)half;
        *scales++ = (uint8_t)(half >> 8);
    }
    return true;
}

static bool hop_decode_token(float *restrict out, const uint8_t *restrict hop, size_t columns) {
    const uint8_t *scales = hop;
    const uint8_t *codes = hop + 2 * bn_ceil_divide(columns, bn_hop_block);
    for (size_t begin = 0; begin < columns; begin += bn_hop_block) {
        size_t count = columns - begin < bn_hop_block ? columns - begin : bn_hop_block;
        uint16_t half = (uint16_t)(scales[0] | scales[1] << 8);
        scales += 2;
        if ((half & 0x7c00) == 0x7c00) return false;
        if (half & bn_outlier_mark) {
            if (count < bn_hop_block || !bn_outliers_decode(out + begin, half, codes + begin)) return false;
            continue;
        }
        float d = bn_float_of_half(half);
        for (size_t i = begin; i < begin + count; i++) out[i] = (float)(int8_t)codes[i] * d;
    }
    return true;
}

// What encoding and decoding make of one block without outliers; inlined with a count that is known, so that
// it becomes vectors.
BN_INLINE bool round_block(float *x, size_t count, uint32_t largest) {
    if (largest >= infinity_bits) return false;
    uint16_t half = bn_half_of_float(bn_float_of_bits(largest) / 127.0f);
    if (half >= 0x7c00) return false;
    if (half == 0) {
        for (size_t i = 0; i < count; i++) x[i] = 0;
        return true;
    }
    float d = bn_float_of_half(half);
    for (size_t i = 0; i < count; i++) {
        float code = bn_round_even(x[i] / d);
        code = code > 127.0f ? 127.0f : code;
        code = code < -127.0f ? -127.0f : code;
        x[i] = code * d;
    }
    return true;
}

static bool hop_round_token(float *x, size_t columns) {
    size_t begin = 0;
    for (; begin + bn_hop_block <= columns; begin += bn_hop_block) {
        part_magnitudes parts = magnitudes_of_parts(x + begin);
        uint32_t largest = (uint32_t)__builtin_reduce_max(parts);
        if (has_outliers(x + begin, parts, largest)) {
            if (!bn_outliers_round(x + begin)) return false;
        } else if (!round_block(x + begin, bn_hop_block, largest)) {
            return false;
        }
    }
    size_t rest = columns - begin;
    return round_block(x + begin, rest, magnitude_bits_max(x + begin, rest));
}

BN_KERNELS_END

#endif
