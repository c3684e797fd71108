// SPDX-License-Identifier: MIT
#ifndef C_TERNARY_LOGIT_KERNELS_H
#define C_TERNARY_LOGIT_KERNELS_H

#include "lanes/exponential.h"
#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

static float largest_logit(const float *logits, size_t count) {
    size_t whole = count - count % bn_lane_count;
    float largest = logits[0];
    if (whole > 0) {
        bn_lanes lanes = load_floats(logits);
        for (size_t i = bn_lane_count; i < whole; i += bn_lane_count) {
            lanes = larger_lanes(load_floats(logits + i), lanes);
        }
        largest = largest_of_lanes(lanes);
    }
    for (size_t i = whole; i < count; i++) largest = logits[i] > largest ? logits[i] : largest;
    return largest;
}

static double sum_exponentials(const float *logits, size_t count, float largest) {
    double sums[bn_lane_count] = {0};
    size_t i = 0;
    for (; i + bn_lane_count <= count; i += bn_lane_count) {
        for (size_t lane = 0; lane < bn_lane_count; lane++) {
            sums[lane] = sums[lane] + bn_exp_double((double)logits[i + lane] - (double)largest);
        }
    }
    for (size_t lane = 0; i + lane < count; lane++) {
        sums[lane] = sums[lane] + bn_exp_double((double)logits[i + lane] - (double)largest);
    }
    for (size_t width = bn_lane_count / 2; width > 0; width /= 2) {
        for (size_t lane = 0; lane < width; lane++) sums[lane] = sums[lane] + sums[lane + width];
    }
    return sums[0];
}

BN_KERNELS_END

#endif
