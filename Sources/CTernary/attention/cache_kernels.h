// SPDX-License-Identifier: MIT
//
// The kernels of a KV cache of any type.
#ifndef C_TERNARY_CACHE_KERNELS_H
#define C_TERNARY_CACHE_KERNELS_H

#include "attention/float_attention.h"
#include "attention/int8_attention.h"
#include "kernels.h"
#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

static void encode_queries(
    float *restrict out, const float *restrict q, bn_kv_type type, size_t head_size, size_t heads) {
    switch (type) {
    case BN_KV_FLOAT32: memcpy(out, q, heads * head_size * sizeof(float)); return;
    case BN_KV_FLOAT16: round_queries(out, q, heads * head_size); return;
    case BN_KV_INT8:
        for (size_t h = 0; h < heads; h++) {
            encode_query(out + h * encoded_query_stride(head_size), q + h * head_size, head_size);
        }
    }
}

BN_INLINE void attend_heads(
    float *restrict partial, const float *restrict q, const bn_kv_span *span, size_t head_size, size_t heads,
    bn_kv_type type) {
    if (type == BN_KV_INT8) {
        attend_code_heads(partial, q, span, head_size, heads);
    } else {
        attend_float_heads(partial, q, span, head_size, heads, type);
    }
}

BN_INLINE void attend_span_typed(
    float *restrict partial, const float *restrict q, const bn_kv_span *span, size_t head_size, size_t heads,
    bn_kv_type type) {
    size_t stride = bn_partial_stride(head_size);
    size_t q_stride = type == BN_KV_INT8 ? encoded_query_stride(head_size) : head_size;
    size_t h = 0;
    for (; attend_heads_max >= 8 && h + 8 <= heads; h += 8) {
        attend_heads(partial + h * stride, q + h * q_stride, span, head_size, 8, type);
    }
    for (; h + 4 <= heads; h += 4) {
        attend_heads(partial + h * stride, q + h * q_stride, span, head_size, 4, type);
    }
    for (; h + 2 <= heads; h += 2) {
        attend_heads(partial + h * stride, q + h * q_stride, span, head_size, 2, type);
    }
    for (; h < heads; h++) {
        attend_heads(partial + h * stride, q + h * q_stride, span, head_size, 1, type);
    }
}

static void attend_span(
    float *restrict partial, const float *restrict q, const bn_kv_span *span, size_t head_size,
    size_t heads) {
    switch (span->type) {
    case BN_KV_FLOAT32: attend_span_typed(partial, q, span, head_size, heads, BN_KV_FLOAT32); return;
    case BN_KV_FLOAT16: attend_span_typed(partial, q, span, head_size, heads, BN_KV_FLOAT16); return;
    case BN_KV_INT8: attend_span_typed(partial, q, span, head_size, heads, BN_KV_INT8); return;
    }
}

// ---- Storing --------------------------------------------------------------------------------------------

BN_INLINE size_t store_some_halves(uint16_t *restrict to, const float *restrict x, size_t left) {
    size_t count = left < bn_lane_count ? left : bn_lane_count;
    float padded[bn_lane_count] = {0};
    memcpy(padded, x, count * sizeof(float));
    store_halves(to, padded);
    return count;
}

static void store_key(
    uint8_t *restrict block, float *restrict scales, const float *restrict x, bn_kv_type type,
    size_t head_size, size_t lane) {
    if (type == BN_KV_FLOAT32) {
        float *floats = (float *)block + lane;
        for (size_t i = 0; i < head_size; i++) floats[i * bn_lane_count] = x[i];
        return;
    }
    if (type == BN_KV_INT8) {
        scales[lane] = store_codes((int8_t *)block + 2 * lane, pair_bytes, 1, x, head_size);
        return;
    }
    uint16_t *halves = (uint16_t *)block + lane;
    for (size_t i = 0; i < head_size; i += bn_lane_count) {
        uint16_t converted[bn_lane_count];
        size_t count = store_some_halves(converted, x + i, head_size - i);
        for (size_t j = 0; j < count; j++) halves[(i + j) * bn_lane_count] = converted[j];
    }
}

static void store_value(
    uint8_t *restrict block, float *restrict scales, const float *restrict x, bn_kv_type type,
    size_t head_size, size_t lane) {
    uint8_t *row = block + lane * bn_round_up(head_size, bn_lane_count) * bn_kv_element_bytes(type);
    if (type == BN_KV_FLOAT32) {
        memcpy(row, x, head_size * sizeof(float));
        return;
    }
    if (type == BN_KV_INT8) {
        uint8_t *pair = block + (lane - lane % 2) * bn_round_up(head_size, bn_lane_count);
        scales[lane] = store_codes((int8_t *)pair + lane % 2, 4, 2, x, head_size);
        return;
    }
    for (size_t i = 0; i < head_size; i += bn_lane_count) {
        uint16_t converted[bn_lane_count];
        size_t count = store_some_halves(converted, x + i, head_size - i);
        memcpy((uint16_t *)row + i, converted, count * sizeof(uint16_t));
    }
}

BN_KERNELS_END

#endif
