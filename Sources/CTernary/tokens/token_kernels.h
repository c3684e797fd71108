// SPDX-License-Identifier: MIT
//
// What is done with the values of one token.
#ifndef C_TERNARY_TOKEN_KERNELS_H
#define C_TERNARY_TOKEN_KERNELS_H

#include <stdbool.h>

#include "lanes/float_lanes.h"
#include "lanes/magnitude.h"

BN_KERNELS_BEGIN

BN_INLINE void round_codes(int8_t *restrict codes, const float *restrict x, size_t count, float factor) {
    for (size_t i = 0; i < count; i++) {
        float code = bn_round_even(x[i] * factor);
        code = code > 127.0f ? 127.0f : code;
        code = code < -127.0f ? -127.0f : code;
        codes[i] = (int8_t)(int32_t)code;
    }
}

static bool quantise_token(int8_t *restrict codes, float *restrict scale, const float *x, size_t columns) {
    uint32_t largest = magnitude_bits_max(x, columns);
    if (largest >= infinity_bits) return false;
    float magnitude = bn_float_of_bits(largest);
    float s = 127.0f / (magnitude > 1e-5f ? magnitude : 1e-5f);
    round_codes(codes, x, columns, s);
    *scale = s;
    return true;
}

static bool quantise_groups(
    int8_t *restrict codes, float *restrict scales, const float *x, size_t columns, size_t group) {
    for (size_t g = 0; g < columns / group; g++) {
        uint32_t largest = magnitude_bits_max(x + g * group, group);
        if (largest >= infinity_bits) return false;
        float magnitude = bn_float_of_bits(largest);
        bool is_nothing = magnitude < 0x1p-100f;
        scales[g] = is_nothing ? 0.0f : magnitude / 127.0f;
        round_codes(codes + g * group, x + g * group, group, is_nothing ? 0.0f : 127.0f / magnitude);
    }
    return true;
}

static void rms_norm_token(float *out, const float *x, const float *weight, size_t columns, float epsilon) {
    bn_lanes lanes = {0};
    size_t i = 0;
    for (; i + bn_lane_count <= columns; i += bn_lane_count) {
        bn_lanes values = load_floats(x + i);
        lanes = lanes + values * values;
    }
    bn_lanes values = load_some_floats(x + i, columns - i);
    lanes = lanes + values * values;
    float mean = sum_lanes(lanes) / (float)columns;
    float factor = 1.0f / sqrtf(mean + epsilon);
    for (i = 0; i < columns; i++) out[i] = (x[i] * factor) * weight[i];
}

static void gate_span(float *restrict gate, const float *restrict up, size_t count, bool squared) {
    if (squared) {
        for (size_t i = 0; i < count; i++) {
            float positive = gate[i] > 0.0f ? gate[i] : 0.0f;
            gate[i] = (positive * positive) * up[i];
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            gate[i] = (gate[i] / (1.0f + bn_exp_float(-gate[i]))) * up[i];
        }
    }
}

BN_KERNELS_END

#endif
