// SPDX-License-Identifier: MIT
#if defined(__aarch64__)
#include <arm_neon.h>

#include "floats/float_kernels.h"

BN_INLINE bn_lanes load_halves(const void *from) {
    uint16_t halves[bn_lane_count];
    float32x4_t parts[4];
    bn_lanes lanes;
    memcpy(halves, from, sizeof halves);
    for (size_t i = 0; i < 4; i++) {
        parts[i] = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves + 4 * i)));
    }
    memcpy(&lanes, parts, sizeof lanes);
    return lanes;
}

BN_INLINE void store_halves(void *to, const float *from) {
    uint16_t halves[bn_lane_count];
    for (size_t i = 0; i < 4; i++) {
        vst1_u16(halves + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(from + 4 * i))));
    }
    memcpy(to, halves, sizeof halves);
}

BN_INLINE bn_lanes add_exact_product(bn_lanes sum, float factor, bn_lanes lanes) {
    float32x4_t parts[4], sums[4];
    memcpy(parts, &lanes, sizeof parts);
    memcpy(sums, &sum, sizeof sums);
    for (size_t i = 0; i < 4; i++) sums[i] = vfmaq_n_f32(sums[i], parts[i], factor);
    memcpy(&sum, sums, sizeof sum);
    return sum;
}

BN_INLINE bn_integer_lanes add_pair_products(bn_integer_lanes sum, uint32_t factors, bn_word_lanes pairs) {
    int16x8_t parts[4];
    int32x4_t sums[4];
    int16x4_t factor = vreinterpret_s16_u32(vdup_n_u32(factors));
    memcpy(parts, &pairs, sizeof parts);
    memcpy(sums, &sum, sizeof sums);
    for (size_t i = 0; i < 2; i++) {
        int16x8_t first = vuzp1q_s16(parts[2 * i], parts[2 * i + 1]);
        int16x8_t second = vuzp2q_s16(parts[2 * i], parts[2 * i + 1]);
        sums[2 * i] = vmlal_lane_s16(sums[2 * i], vget_low_s16(first), factor, 0);
        sums[2 * i] = vmlal_lane_s16(sums[2 * i], vget_low_s16(second), factor, 1);
        sums[2 * i + 1] = vmlal_high_lane_s16(sums[2 * i + 1], first, factor, 0);
        sums[2 * i + 1] = vmlal_high_lane_s16(sums[2 * i + 1], second, factor, 1);
    }
    memcpy(&sum, sums, sizeof sum);
    return sum;
}

const bn_float_kernels bn_float_neon = BN_FLOAT_KERNELS;

#else
typedef int bn_float_neon_is_for_aarch64;
#endif
