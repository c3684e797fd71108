// SPDX-License-Identifier: MIT
//
// One token of a hop: scales of bn_hop_block values each, then codes.
#ifndef C_TERNARY_HOP_KERNELS_H
#define C_TERNARY_HOP_KERNELS_H

#include <stdbool.h>

#include "kernels.h"
#include "lanes/exponential.h"
#include "lanes/magnitude.h"

BN_KERNELS_BEGIN

static bool hop_encode_token(uint8_t *restrict out, const float *restrict x, size_t columns) {
    uint8_t *scales = out;
    int8_t *codes = (int8_t *)out + 2 * bn_ceil_divide(columns, bn_hop_block);
    for (size_t begin = 0; begin < columns; begin += bn_hop_block) {
        size_t count = columns - begin < bn_hop_block ? columns - begin : bn_hop_block;
        uint32_t largest = magnitude_bits_max(x + begin, count);
        if (largest >= infinity_bits) return false;
        uint16_t half = bn_half_of_float(bn_float_of_bits(largest) / 127.0f);
        // Beyond what a half float can hold.
        if (half == 0x7c00) return false;
        float d = half == 0 ? 1.0f : bn_float_of_half(half);
        *scales++ = (uint8_t)half;
        *scales++ = (uint8_t)(half >> 8);
        for (size_t i = begin; i < begin + count; i++) {
            float code = bn_round_even(x[i] / d);
            code = code > 127.0f ? 127.0f : code;
            code = code < -127.0f ? -127.0f : code;
            codes[i] = half == 0 ? 0 : (int8_t)(int32_t)code;
        }
    }
    return true;
}

static bool hop_decode_token(float *restrict out, const uint8_t *restrict hop, size_t columns) {
    const uint8_t *scales = hop;
    const int8_t *codes = (const int8_t *)hop + 2 * bn_ceil_divide(columns, bn_hop_block);
    for (size_t begin = 0; begin < columns; begin += bn_hop_block) {
        size_t count = columns - begin < bn_hop_block ? columns - begin : bn_hop_block;
        uint16_t half = (uint16_t)(scales[0] | scales[1] << 8);
        scales += 2;
        if ((half & 0x7c00) == 0x7c00) return false;
        float d = bn_float_of_half(half);
        for (size_t i = begin; i < begin + count; i++) out[i] = (float)codes[i] * d;
    }
    return true;
}

// What encoding and decoding make of one block; inlined with a count that is known, so that it becomes vectors.
static inline bool round_block(float *x, size_t count) {
    uint32_t largest = magnitude_bits_max(x, count);
    if (largest >= infinity_bits) return false;
    uint16_t half = bn_half_of_float(bn_float_of_bits(largest) / 127.0f);
    if (half == 0x7c00) return false;
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
        if (!round_block(x + begin, bn_hop_block)) return false;
    }
    return begin == columns || round_block(x + begin, columns - begin);
}

BN_KERNELS_END

#endif
