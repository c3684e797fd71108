// SPDX-License-Identifier: MIT
//
// What makes the int8 head from a table, written once: each instruction set's file includes this between
// BN_TARGET_BEGIN and BN_TARGET_END, as float_kernels.h is. Codes and norms are the same bits everywhere.

// The bits of max |value|; above those of any finite value if one is not finite.
static uint32_t largest_bits(const float *values, size_t count) {
    int32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t magnitude = (int32_t)(bn_bits_of_float(values[i]) & 0x7fffffff);
        largest = magnitude > largest ? magnitude : largest;
    }
    return (uint32_t)largest;
}

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
