// SPDX-License-Identifier: MIT
//
// Attention over one span of positions, kept as floats. All orders depend on absolute positions only: a score
// sums its head's elements in order; sixteen neighbouring positions are the lanes of a vector, of which maximum
// and sum are taken as everywhere; a blend sums positions in order. Every head and every position is computed
// by itself, so how many are done at a time is free: it is chosen for the registers.
#ifndef C_TERNARY_FLOAT_ATTENTION_H
#define C_TERNARY_FLOAT_ATTENTION_H

#include "attention/span_kernels.h"
#include "kernels.h"
#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

// With half floats every product is exact in a float, so that adding it fused or in two steps gives the same
// bits: queries and weights are rounded to 13 significant bits (a half has 11, a float 24), and kept between
// 2^-90 and 2^102, where products neither overflow nor lose bits. The rounding is a quarter of that of the
// half floats themselves. Instruction sets that can, fuse (add_exact_product).
BN_INLINE bn_lanes round_to_13_bits(bn_lanes x) {
    // Becomes NaN from 2^102 on.
    bn_lanes scaled = x * 0x1p15f;
    bn_lanes split = scaled * 2049.0f;
    bn_lanes rounded = (split - (split - scaled)) * 0x1p-15f;
    bn_lanes magnitude = (bn_lanes)((bn_integer_lanes)rounded & 0x7fffffff);
    return select_lanes(magnitude < 0x1p-90f, (bn_lanes){0}, rounded);
}

static void round_queries(float *restrict out, const float *restrict q, size_t count) {
    size_t i = 0;
    for (; i + bn_lane_count <= count; i += bn_lane_count) {
        bn_lanes rounded = round_to_13_bits(load_floats(q + i));
        memcpy(out + i, &rounded, sizeof rounded);
    }
    bn_lanes rounded = round_to_13_bits(load_some_floats(q + i, count - i));
    memcpy(out + i, &rounded, (count - i) * sizeof(float));
}

BN_INLINE bn_lanes load_cached(const uint8_t *from, size_t i, bn_kv_type type) {
    if (type == BN_KV_FLOAT32) return load_floats((const float *)from + i);
    return load_halves((const uint16_t *)from + i);
}

// sum + factor·lanes
BN_INLINE bn_lanes add_product(bn_lanes sum, float factor, bn_lanes lanes, bn_kv_type type) {
    return type == BN_KV_FLOAT32 ? sum + factor * lanes : add_exact_product(sum, factor, lanes);
}

// scores[h][16·blocks] = scale · q[h]·k of `blocks` key blocks [head_size][16]; scores are
// bn_attention_span apart.
BN_INLINE void score_blocks(
    float *restrict scores, const float *restrict q, const uint8_t *restrict keys,
    const uint8_t *upcoming, size_t head_size, size_t heads, size_t blocks, float scale, bn_kv_type type) {
    bn_lanes sums[attend_registers] = {0};
    size_t vector_bytes = bn_lane_count * bn_kv_element_bytes(type);
    size_t block_bytes = head_size * vector_bytes;
    for (size_t i = 0; i < head_size; i++) {
        bn_lanes block[attend_blocks_max];
        BN_UNROLL
        for (size_t b = 0; b < blocks; b++) {
            block[b] = load_cached(keys + b * block_bytes, i * bn_lane_count, type);
            prefetch(upcoming + b * block_bytes + i * vector_bytes);
        }
        BN_UNROLL
        for (size_t h = 0; h < heads; h++) {
            float element = q[h * head_size + i];
            BN_UNROLL
            for (size_t b = 0; b < blocks; b++) {
                sums[h * blocks + b] = add_product(sums[h * blocks + b], element, block[b], type);
            }
        }
    }
    BN_UNROLL
    for (size_t h = 0; h < heads; h++) {
        BN_UNROLL
        for (size_t b = 0; b < blocks; b++) {
            bn_lanes scaled = sums[h * blocks + b] * scale;
            memcpy(scores + h * bn_attention_span + b * bn_lane_count, &scaled, sizeof scaled);
        }
    }
}

// scores := exp(score - max) in place, zeros behind `count` up to a whole vector; returns their sum.
BN_INLINE float exponentiate(float *restrict scores, size_t count, float *largest, bn_kv_type type) {
    *largest = largest_score(scores, count);
    bn_lanes sums = {0};
    for (size_t p = 0; p < count; p += bn_lane_count) {
        bn_lanes weights = exp_lanes(load_floats(scores + p) - *largest);
        if (type == BN_KV_FLOAT16) weights = round_to_13_bits(weights);
        memcpy(scores + p, &weights, sizeof weights);
        sums = sums + weights;
    }
    return sum_lanes(sums);
}

// out[h][0 ..< 16·width] = Σ_p weights[h][p]·values[p], in the order of p.
BN_INLINE void blend(
    float *restrict out, size_t out_stride, const float *restrict weights, const uint8_t *restrict values,
    const uint8_t *upcoming, size_t row_bytes, size_t count, size_t heads, size_t width, bn_kv_type type) {
    bn_lanes sums[attend_sums_max] = {0};
    for (size_t p = 0; p < count; p++) {
        bn_lanes row[attend_width_max];
        BN_UNROLL
        for (size_t j = 0; j < width; j++) {
            row[j] = load_cached(values + p * row_bytes, j * bn_lane_count, type);
            prefetch(upcoming + p * row_bytes + j * bn_lane_count * bn_kv_element_bytes(type));
        }
        BN_UNROLL
        for (size_t h = 0; h < heads; h++) {
            float weight = weights[h * bn_attention_span + p];
            BN_UNROLL
            for (size_t j = 0; j < width; j++) {
                sums[h * width + j] = add_product(sums[h * width + j], weight, row[j], type);
            }
        }
    }
    BN_UNROLL
    for (size_t h = 0; h < heads; h++) {
        memcpy(out + h * out_stride, &sums[h * width], width * sizeof(bn_lanes));
    }
}

BN_INLINE void attend_float_heads(
    float *restrict partial, const float *restrict q, const bn_kv_span *span, size_t head_size, size_t heads,
    bn_kv_type type) {
    float scores[attend_heads_max * bn_attention_span];
    float scale = 1.0f / sqrtf((float)head_size);
    size_t stride = bn_partial_stride(head_size);
    size_t columns = bn_round_up(head_size, bn_lane_count);
    size_t element_bytes = bn_kv_element_bytes(type);
    size_t row_bytes = columns * element_bytes;
    size_t key_bytes = head_size * element_bytes;
    size_t blocks = attend_registers / heads;
    blocks = blocks < attend_blocks_max ? blocks : attend_blocks_max;
    size_t p = 0;
    for (; p + blocks * bn_lane_count <= span->count; p += blocks * bn_lane_count) {
        score_blocks(
            scores + p, q, span->keys + p * key_bytes, span->values + p * row_bytes, head_size, heads, blocks,
            scale, type);
    }
    for (; p < span->count; p += bn_lane_count) {
        score_blocks(
            scores + p, q, span->keys + p * key_bytes, span->values + p * row_bytes, head_size, heads, 1, scale,
            type);
    }
    for (size_t h = 0; h < heads; h++) {
        float *summary = partial + h * stride + columns;
        summary[1] = exponentiate(scores + h * bn_attention_span, span->count, &summary[0], type);
    }
    size_t width = attend_sums_max / heads < attend_width_max ? attend_sums_max / heads : attend_width_max;
    size_t i = 0;
    for (; i + width * bn_lane_count <= columns; i += width * bn_lane_count) {
        size_t offset = i * element_bytes;
        blend(
            partial + i, stride, scores, span->values + offset, span->upcoming + offset, row_bytes,
            span->count, heads, width, type);
    }
    for (; i < columns; i += bn_lane_count) {
        size_t offset = i * element_bytes;
        blend(
            partial + i, stride, scores, span->values + offset, span->upcoming + offset, row_bytes,
            span->count, heads, 1, type);
    }
}

static void merge_span(
    float *restrict out, float *restrict state, const float *restrict partial, size_t head_size,
    size_t heads, bool is_first) {
    size_t columns = bn_round_up(head_size, bn_lane_count);
    size_t stride = bn_partial_stride(head_size);
    for (size_t h = 0; h < heads; h++, partial += stride, out += head_size, state += 2) {
        const float *summary = partial + columns;
        if (is_first) {
            memcpy(out, partial, head_size * sizeof(float));
            memcpy(state, summary, 2 * sizeof(float));
            continue;
        }
        float largest = summary[0] > state[0] ? summary[0] : state[0];
        float before = bn_exp_float(state[0] - largest);
        float added = bn_exp_float(summary[0] - largest);
        for (size_t i = 0; i < head_size; i++) out[i] = out[i] * before + partial[i] * added;
        state[0] = largest;
        state[1] = state[1] * before + summary[1] * added;
    }
}

static void finish_heads(float *restrict out, const float *restrict state, size_t head_size, size_t heads) {
    for (size_t h = 0; h < heads; h++) {
        float *blend = out + h * head_size;
        for (size_t i = 0; i < head_size; i++) blend[i] = blend[i] / state[2 * h + 1];
    }
}

BN_KERNELS_END

#endif
