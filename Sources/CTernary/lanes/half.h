// SPDX-License-Identifier: MIT
//
// Half floats by bit manipulation, the same bits as the F16C instructions: round to nearest even,
// subnormals kept, signalling NaN made quiet.
#ifndef C_TERNARY_HALF_H
#define C_TERNARY_HALF_H

#include <stdint.h>
#include <string.h>

static inline float bn_float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bn_bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float bn_float_of_half(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    // Moves the exponent's bias from 15 to 127; exact, for subnormals too.
    uint32_t finite = bn_bits_of_float(bn_float_of_bits(magnitude) * 0x1p112f);
    uint32_t quiet = magnitude > 0x0f800000 ? 0x00400000 : 0;
    uint32_t special = magnitude | 0x7f800000 | quiet;
    return bn_float_of_bits(sign | (magnitude < 0x0f800000 ? finite : special));
}

static inline uint16_t bn_half_of_float(float value) {
    uint32_t bits = bn_bits_of_float(value);
    uint32_t magnitude = bits & 0x7fffffff;
    // Below 2^-14: adding 1/2 rounds to multiples of 2^-24, a half's smallest step.
    uint32_t subnormal = bn_bits_of_float(bn_float_of_bits(magnitude) + 0.5f) - 0x3f000000;
    // Else the exponent's bias moves from 127 to 15 and thirteen bits are rounded off, ties to even.
    uint32_t normal = (magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    uint32_t half = magnitude < 0x38800000 ? subnormal : normal;
    half = magnitude >= 0x477ff000 ? 0x7c00 : half;
    uint32_t nan = 0x7e00 | ((magnitude >> 13) & 0x3ff);
    half = magnitude > 0x7f800000 ? nan : half;
    return (uint16_t)((bits >> 16 & 0x8000) | half);
}

#endif
