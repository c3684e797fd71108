// SPDX-License-Identifier: MIT
#include "floats/float_kernels.h"

BN_INLINE bn_lanes load_halves(const void *from) {
    uint16_t halves[bn_lane_count];
    float floats[bn_lane_count];
    bn_lanes lanes;
    memcpy(halves, from, sizeof halves);
    for (size_t i = 0; i < bn_lane_count; i++) floats[i] = bn_float_of_half(halves[i]);
    memcpy(&lanes, floats, sizeof lanes);
    return lanes;
}

BN_INLINE void store_halves(void *to, const float *from) {
    uint16_t halves[bn_lane_count];
    for (size_t i = 0; i < bn_lane_count; i++) halves[i] = bn_half_of_float(from[i]);
    memcpy(to, halves, sizeof halves);
}

BN_INLINE bn_lanes add_exact_product(bn_lanes sum, float factor, bn_lanes lanes) {
    return sum + factor * lanes;
}

BN_INLINE bn_integer_lanes add_pair_products(bn_integer_lanes sum, uint32_t factors, bn_word_lanes pairs) {
    int16_t factor[2], words[2 * bn_lane_count];
    int32_t sums[bn_lane_count];
    memcpy(factor, &factors, sizeof factor);
    memcpy(words, &pairs, sizeof words);
    memcpy(sums, &sum, sizeof sums);
    for (size_t i = 0; i < bn_lane_count; i++) {
        sums[i] += factor[0] * words[2 * i] + factor[1] * words[2 * i + 1];
    }
    memcpy(&sum, sums, sizeof sum);
    return sum;
}

const bn_float_kernels bn_float_scalar = BN_FLOAT_KERNELS;
