// SPDX-License-Identifier: MIT
//
// Attention over int8 codes: what float_attention.h does, but with integer products, whose sums are exact in
// any order. Codes stand in pairs, of two elements of a key and of two positions of a value, as the
// instructions want them that multiply int16 pairs and add the two products (add_pair_products). A query's
// elements and a span's weights become such int16 by a scale of their own.
#ifndef C_TERNARY_INT8_ATTENTION_H
#define C_TERNARY_INT8_ATTENTION_H

#include "attention/span_kernels.h"
#include "kernels.h"
#include "lanes/float_lanes.h"
#include "lanes/magnitude.h"

BN_KERNELS_BEGIN

enum {
    pair_bytes = 2 * bn_lane_count,
    // Σ over a key of 1024 elements of 127·16383 stays below 2^31, and so does Σ over a span of 127·32767.
    query_code_max = 16383,
    weight_code_max = 32767,
};

// ---- Codes ----------------------------------------------------------------------------------------------

// For values whose largest magnitude has these bits: what turns them into codes up to ±code_max, 0 if all
// are to be zero, and what turns codes back.
BN_INLINE float code_scale(uint32_t largest, float code_max, float *inverse) {
    float magnitude = bn_float_of_bits(largest);
    *inverse = 0.0f;
    // Whatever it is multiplied with becomes NaN, which the next ternary product reports.
    if (largest >= infinity_bits) return NAN;
    if (magnitude < 0x1p-100f) return 0.0f;
    *inverse = code_max / magnitude;
    return magnitude / code_max;
}

// None is beyond code_max: two roundings do not bring it to the next half.
BN_INLINE bn_integer_lanes codes_of(bn_lanes x, float inverse) {
    bn_lanes codes = (x * inverse + BN_ROUND_FLOAT) - BN_ROUND_FLOAT;
    if (!(inverse > 0.0f)) codes = (bn_lanes){0};
    return __builtin_convertvector(codes, bn_integer_lanes);
}

// Codes of x [count], element i at i/2·pair_stride + i%2·odd_stride; returns their scale.
BN_INLINE float store_codes(
    int8_t *restrict codes, size_t pair_stride, size_t odd_stride, const float *restrict x, size_t count) {
    float inverse;
    float scale = code_scale(magnitude_bits_max(x, count), 127.0f, &inverse);
    for (size_t i = 0; i < count; i += bn_lane_count) {
        size_t some = count - i < bn_lane_count ? count - i : bn_lane_count;
        bn_integer_lanes made = codes_of(load_some_floats(x + i, some), inverse);
        for (size_t j = 0; j < some; j++) {
            codes[(i + j) / 2 * pair_stride + j % 2 * odd_stride] = (int8_t)made[j];
        }
    }
    return scale;
}

// ---- Queries --------------------------------------------------------------------------------------------

// An encoded query is its scale, then its int16 codes in pairs, zero behind the last: floats of both.
BN_INLINE size_t encoded_query_stride(size_t head_size) { return 1 + bn_ceil_divide(head_size, 2); }

BN_INLINE void encode_query(float *restrict out, const float *restrict q, size_t head_size) {
    float inverse;
    out[0] = code_scale(magnitude_bits_max(q, head_size), query_code_max, &inverse);
    for (size_t i = 0; i < head_size; i += bn_lane_count) {
        size_t some = head_size - i < bn_lane_count ? head_size - i : bn_lane_count;
        bn_integer_lanes made = codes_of(load_some_floats(q + i, some), inverse);
        bn_few_words codes = __builtin_convertvector(made, bn_few_words);
        memcpy(out + 1 + i / 2, &codes, bn_round_up(some, 2) * sizeof(int16_t));
    }
}

// ---- Spans ----------------------------------------------------------------------------------------------

BN_INLINE bn_word_lanes load_pairs(const uint8_t *from) {
    bn_code_lanes codes;
    memcpy(&codes, from, sizeof codes);
    return __builtin_convertvector(codes, bn_word_lanes);
}

// scores[h][16·blocks] of `blocks` key blocks [pairs][16][2]; scores are bn_attention_span apart.
BN_INLINE void score_code_blocks(
    float *restrict scores, const float *restrict q, const uint8_t *restrict keys,
    const float *restrict key_scales, const uint8_t *upcoming, size_t head_size, size_t heads,
    size_t blocks) {
    bn_integer_lanes sums[attend_registers] = {0};
    size_t pairs = bn_ceil_divide(head_size, 2);
    size_t stride = encoded_query_stride(head_size);
    for (size_t i = 0; i < pairs; i++) {
        bn_word_lanes block[attend_blocks_max];
        BN_UNROLL
        for (size_t b = 0; b < blocks; b++) {
            block[b] = load_pairs(keys + (b * pairs + i) * pair_bytes);
            prefetch(upcoming + (b * pairs + i) * pair_bytes);
        }
        BN_UNROLL
        for (size_t h = 0; h < heads; h++) {
            uint32_t factors;
            memcpy(&factors, q + h * stride + 1 + i, sizeof factors);
            BN_UNROLL
            for (size_t b = 0; b < blocks; b++) {
                sums[h * blocks + b] = add_pair_products(sums[h * blocks + b], factors, block[b]);
            }
        }
    }
    BN_UNROLL
    for (size_t h = 0; h < heads; h++) {
        float scale = q[h * stride] * (1.0f / sqrtf((float)head_size));
        BN_UNROLL
        for (size_t b = 0; b < blocks; b++) {
            bn_lanes scaled = __builtin_convertvector(sums[h * blocks + b], bn_lanes);
            scaled = scaled * load_floats(key_scales + b * bn_lane_count);
            scaled = scaled * scale;
            memcpy(scores + h * bn_attention_span + b * bn_lane_count, &scaled, sizeof scaled);
        }
    }
}

// weights := codes of exp(score - max)·value_scale, zeros behind `count` up to a whole vector. summary: the
// largest score, and the sum of the exponentials. Returns the codes' scale.
BN_INLINE float encode_weights(
    int16_t *restrict weights, float *restrict summary, float *restrict scores,
    const float *restrict value_scales, size_t count) {
    summary[0] = largest_score(scores, count);
    bn_lanes sums = {0};
    bn_integer_lanes largest = {0};
    for (size_t p = 0; p < count; p += bn_lane_count) {
        bn_lanes exponentials = exp_lanes(load_floats(scores + p) - summary[0]);
        sums = sums + exponentials;
        // Behind the last position stands anything.
        bn_lanes scales = count - p < bn_lane_count ? load_some_floats(value_scales + p, count - p)
                                                    : load_floats(value_scales + p);
        bn_lanes scaled = exponentials * scales;
        bn_integer_lanes magnitude = (bn_integer_lanes)scaled & 0x7fffffff;
        bn_integer_lanes is_larger = magnitude > largest;
        largest = (magnitude & is_larger) | (largest & ~is_larger);
        memcpy(scores + p, &scaled, sizeof scaled);
    }
    summary[1] = sum_lanes(sums);
    int32_t bits = 0;
    for (size_t lane = 0; lane < bn_lane_count; lane++) bits = largest[lane] > bits ? largest[lane] : bits;
    float inverse;
    float scale = code_scale((uint32_t)bits, weight_code_max, &inverse);
    for (size_t p = 0; p < count; p += bn_lane_count) {
        bn_few_words codes = __builtin_convertvector(codes_of(load_floats(scores + p), inverse), bn_few_words);
        memcpy(weights + p, &codes, sizeof codes);
    }
    return scale;
}

// out[h][0 ..< 16·width] = scales[h] · Σ_p weights[h][p]·values[p]; values: [count/2][row_bytes/2][2].
BN_INLINE void blend_codes(
    float *restrict out, size_t out_stride, const int16_t *restrict weights, const float *restrict scales,
    const uint8_t *restrict values, const uint8_t *upcoming, size_t row_bytes, size_t count, size_t heads,
    size_t width) {
    bn_integer_lanes sums[attend_sums_max] = {0};
    for (size_t p = 0; p < count; p += 2) {
        bn_word_lanes row[attend_width_max];
        BN_UNROLL
        for (size_t j = 0; j < width; j++) {
            row[j] = load_pairs(values + p * row_bytes + j * pair_bytes);
            prefetch(upcoming + p * row_bytes + j * pair_bytes);
        }
        BN_UNROLL
        for (size_t h = 0; h < heads; h++) {
            uint32_t factors;
            memcpy(&factors, weights + h * bn_attention_span + p, sizeof factors);
            BN_UNROLL
            for (size_t j = 0; j < width; j++) {
                sums[h * width + j] = add_pair_products(sums[h * width + j], factors, row[j]);
            }
        }
    }
    BN_UNROLL
    for (size_t h = 0; h < heads; h++) {
        BN_UNROLL
        for (size_t j = 0; j < width; j++) {
            bn_lanes blended = __builtin_convertvector(sums[h * width + j], bn_lanes) * scales[h];
            memcpy(out + h * out_stride + j * bn_lane_count, &blended, sizeof blended);
        }
    }
}

BN_INLINE void attend_code_heads(
    float *restrict partial, const float *restrict q, const bn_kv_span *span, size_t head_size,
    size_t heads) {
    float scores[attend_heads_max * bn_attention_span];
    int16_t weights[attend_heads_max * bn_attention_span];
    float scales[attend_heads_max];
    size_t stride = bn_partial_stride(head_size);
    size_t row_bytes = bn_round_up(head_size, bn_lane_count);
    size_t key_bytes = bn_round_up(head_size, 2);
    size_t blocks = attend_registers / heads;
    blocks = blocks < attend_blocks_max ? blocks : attend_blocks_max;
    size_t p = 0;
    for (; p + blocks * bn_lane_count <= span->count; p += blocks * bn_lane_count) {
        score_code_blocks(
            scores + p, q, span->keys + p * key_bytes, span->key_scales + p, span->values + p * row_bytes,
            head_size, heads, blocks);
    }
    for (; p < span->count; p += bn_lane_count) {
        score_code_blocks(
            scores + p, q, span->keys + p * key_bytes, span->key_scales + p, span->values + p * row_bytes,
            head_size, heads, 1);
    }
    for (size_t h = 0; h < heads; h++) {
        scales[h] = encode_weights(
            weights + h * bn_attention_span, partial + h * stride + row_bytes,
            scores + h * bn_attention_span, span->value_scales, span->count);
    }
    size_t width = attend_sums_max / heads < attend_width_max ? attend_sums_max / heads : attend_width_max;
    size_t i = 0;
    for (; i + width * bn_lane_count <= row_bytes; i += width * bn_lane_count) {
        blend_codes(
            partial + i, stride, weights, scales, span->values + 2 * i, span->upcoming + 2 * i, row_bytes,
            span->count, heads, width);
    }
    for (; i < row_bytes; i += bn_lane_count) {
        blend_codes(
            partial + i, stride, weights, scales, span->values + 2 * i, span->upcoming + 2 * i, row_bytes,
            span->count, heads, 1);
    }
}

BN_KERNELS_END

#endif
