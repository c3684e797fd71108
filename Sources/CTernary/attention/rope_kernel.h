// SPDX-License-Identifier: MIT
#ifndef C_TERNARY_ROPE_KERNEL_H
#define C_TERNARY_ROPE_KERNEL_H

#include <stdbool.h>

#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

static void rope_head(
    float *restrict x, const float *restrict cosines, const float *restrict sines, size_t head_size,
    bool adjacent) {
    size_t half = head_size / 2;
    if (adjacent) {
        for (size_t j = 0; j < half; j++) {
            float a = x[2 * j];
            float b = x[2 * j + 1];
            x[2 * j] = a * cosines[j] - b * sines[j];
            x[2 * j + 1] = a * sines[j] + b * cosines[j];
        }
        return;
    }
    size_t j = 0;
    for (; j + bn_lane_count <= half; j += bn_lane_count) {
        bn_lanes a = load_floats(x + j), b = load_floats(x + half + j);
        bn_lanes cosine = load_floats(cosines + j), sine = load_floats(sines + j);
        bn_lanes first = a * cosine - b * sine;
        bn_lanes second = a * sine + b * cosine;
        memcpy(x + j, &first, sizeof first);
        memcpy(x + half + j, &second, sizeof second);
    }
    for (; j < half; j++) {
        float a = x[j];
        float b = x[half + j];
        x[j] = a * cosines[j] - b * sines[j];
        x[half + j] = a * sines[j] + b * cosines[j];
    }
}

BN_KERNELS_END

#endif
