// SPDX-License-Identifier: MIT
//
// The float kernels, written once. Each instruction set's file includes this between BN_TARGET_BEGIN and
// BN_TARGET_END, so that the compiler makes the same arithmetic out of its instructions, and provides
//     BN_INLINE bn_lanes load_halves(const void *)      16 half floats
//     BN_INLINE void store_halves(void *, const float *) 16 half floats, rounded to nearest even
//     BN_INLINE bn_lanes add_exact_product(bn_lanes sum, float factor, bn_lanes lanes)
//         sum + factor·lanes, where no product needs rounding
//     BN_INLINE bn_integer_lanes add_pair_products(bn_integer_lanes sum, uint32_t factors, bn_word_lanes pairs)
//         of two int16 factors with each lane's pair, exact
// No order of operations is left to the compiler: sums over elements have sixteen explicit lanes, all else
// is element by element, and contraction is off.

BN_INLINE bn_lanes load_floats(const float *from) {
    bn_lanes lanes;
    memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

// The first `count` < 16 floats, then zeros. Adding a zero changes no lane: lanes start at +0 and a sum is
// -0 only where both terms are.
BN_INLINE bn_lanes load_some_floats(const float *from, size_t count) {
    bn_lanes lanes = {0};
    memcpy(&lanes, from, count * sizeof(float));
    return lanes;
}

BN_INLINE bn_lanes load_bfloats(const void *from) {
    uint16_t halves[bn_lane_count];
    float floats[bn_lane_count];
    memcpy(halves, from, sizeof halves);
    for (size_t i = 0; i < bn_lane_count; i++) floats[i] = bn_float_of_bits((uint32_t)halves[i] << 16);
    return load_floats(floats);
}

BN_INLINE size_t size_of(bn_float_type type) { return type == BN_FLOAT32 ? 4 : 2; }

// Elements i ..< i + 16 of a row of `type`; `type` is a constant wherever this is inlined.
BN_INLINE bn_lanes load_typed(const void *row, size_t i, bn_float_type type) {
    if (type == BN_FLOAT32) return load_floats((const float *)row + i);
    const uint16_t *halves = (const uint16_t *)row + i;
    return type == BN_FLOAT16 ? load_halves(halves) : load_bfloats(halves);
}

BN_INLINE bn_lanes load_some_typed(const void *row, size_t i, size_t count, bn_float_type type) {
    float padded[bn_lane_count] = {0};
    memcpy(padded, (const uint8_t *)row + i * size_of(type), count * size_of(type));
    return load_typed(padded, 0, type);
}

BN_INLINE float sum_lanes(bn_lanes lanes) {
    float sums[bn_lane_count];
    memcpy(sums, &lanes, sizeof sums);
    for (size_t width = bn_lane_count / 2; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++) sums[i] = sums[i] + sums[i + width];
    }
    return sums[0];
}

// a where the mask is all ones, b where it is zero.
BN_INLINE bn_lanes select_lanes(bn_integer_lanes mask, bn_lanes a, bn_lanes b) {
    return (bn_lanes)((mask & (bn_integer_lanes)a) | (~mask & (bn_integer_lanes)b));
}

// bn_exp_float by lane.
BN_INLINE bn_lanes exp_lanes(bn_lanes x) {
    x = select_lanes(x < -105.0f, (bn_lanes){0} - 105.0f, x);
    x = select_lanes(x > 90.0f, (bn_lanes){0} + 90.0f, x);
    bn_lanes shifted = x * 0x1.715476p0f + BN_ROUND_FLOAT;
    bn_integer_lanes n = (bn_integer_lanes)((bn_bit_lanes)shifted - 0x4b400000u);
    bn_lanes rounded = shifted - BN_ROUND_FLOAT;
    bn_lanes r = x - rounded * 0x1.62e4p-1f;
    r = r - rounded * 0x1.7f7d1cp-20f;
    bn_lanes p = 0x1.6a23dcp-10f * r + 0x1.123a26p-7f;
    p = p * r + 0x1.5558f4p-5f;
    p = p * r + 0x1.55549p-3f;
    p = p * r + 0x1.fffffcp-2f;
    p = (r * r) * p + r;
    p = p + 1.0f;
    bn_bit_lanes half = (bn_bit_lanes)(n >> 1);
    bn_lanes scale = (bn_lanes)((half + 127u) << 23);
    bn_lanes rest = (bn_lanes)(((bn_bit_lanes)n - half + 127u) << 23);
    return p * scale * rest;
}

// max |x|, as bits: the bits of non-negative floats are in the order of their values, and those of
// infinities and NaN come last, so one maximum answers both questions.
BN_INLINE uint32_t magnitude_bits_max(const float *x, size_t count) {
    int32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t magnitude = (int32_t)(bn_bits_of_float(x[i]) & 0x7fffffff);
        largest = magnitude > largest ? magnitude : largest;
    }
    return (uint32_t)largest;
}

enum { infinity_bits = 0x7f800000 };

static bool quantise_token(int8_t *restrict codes, float *restrict scale, const float *x, size_t columns) {
    uint32_t largest = magnitude_bits_max(x, columns);
    if (largest >= infinity_bits) return false;
    float magnitude = bn_float_of_bits(largest);
    float s = 127.0f / (magnitude > 1e-5f ? magnitude : 1e-5f);
    for (size_t i = 0; i < columns; i++) {
        float code = bn_round_even(x[i] * s);
        code = code > 127.0f ? 127.0f : code;
        code = code < -127.0f ? -127.0f : code;
        codes[i] = (int8_t)(int32_t)code;
    }
    *scale = s;
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

#include "quantised_rows.h"

// `count` is whole blocks.
static void load_row(float *out, const void *row, bn_float_type type, size_t count) {
    switch (type) {
    case BN_Q8_0: load_blocks(out, row, BN_Q8_0, count); return;
    case BN_Q4_0: load_blocks(out, row, BN_Q4_0, count); return;
    case BN_Q4_K: load_blocks(out, row, BN_Q4_K, count); return;
    case BN_Q6_K: load_blocks(out, row, BN_Q6_K, count); return;
    default: break;
    }
    size_t i = 0;
    for (; i + bn_lane_count <= count; i += bn_lane_count) {
        bn_lanes lanes = load_typed(row, i, type);
        memcpy(out + i, &lanes, sizeof lanes);
    }
    bn_lanes lanes = load_some_typed(row, i, count - i, type);
    memcpy(out + i, &lanes, (count - i) * sizeof(float));
}

#include "cache_kernels.h"

// ---- Head -----------------------------------------------------------------------------------------------

#include "quantised_head.h"

// Products of `rows` table rows with `tokens` tokens, each loaded vector used for all of the other side.
BN_INLINE void head_block(
    float *restrict logits, size_t logits_stride, const float *restrict x, const uint8_t *restrict table,
    size_t columns, size_t rows, size_t tokens, bn_float_type type) {
    if (bn_block_elements(type) > 1) {
        head_block_quantised(logits, logits_stride, x, table, columns, rows, tokens, type);
        return;
    }
    bn_lanes sums[4][4] = {0};
    size_t row_bytes = columns * size_of(type);
    size_t whole = columns - columns % bn_lane_count;
    for (size_t i = 0; i < whole; i += bn_lane_count) {
        for (size_t r = 0; r < rows; r++) {
            bn_lanes weights = load_typed(table + r * row_bytes, i, type);
            // Rows are too short for the processor to find the next ones by itself in time.
            prefetch(table + (r + rows) * row_bytes + i * size_of(type));
            for (size_t t = 0; t < tokens; t++) {
                sums[r][t] = sums[r][t] + load_floats(x + t * columns + i) * weights;
            }
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t t = 0; t < tokens; t++) {
            if (whole < columns) {
                bn_lanes weights = load_some_typed(table + r * row_bytes, whole, columns - whole, type);
                bn_lanes values = load_some_floats(x + t * columns + whole, columns - whole);
                sums[r][t] = sums[r][t] + values * weights;
            }
            logits[t * logits_stride + r] = sum_lanes(sums[r][t]);
        }
    }
}

BN_INLINE void head_rows_typed(
    float *restrict logits, size_t logits_stride, const float *restrict x, const uint8_t *restrict table,
    size_t tokens, size_t row_count, size_t columns, bn_float_type type) {
    size_t row_bytes = bn_row_bytes(type, columns);
    size_t r = 0;
    if (tokens == 1) {
        for (; r + 4 <= row_count; r += 4) {
            head_block(logits + r, logits_stride, x, table + r * row_bytes, columns, 4, 1, type);
        }
    }
    for (; r < row_count; r++) {
        const uint8_t *row = table + r * row_bytes;
        size_t t = 0;
        for (; t + 4 <= tokens; t += 4) {
            head_block(
                logits + t * logits_stride + r, logits_stride, x + t * columns, row, columns, 1, 4, type);
        }
        for (; t < tokens; t++) {
            head_block(
                logits + t * logits_stride + r, logits_stride, x + t * columns, row, columns, 1, 1, type);
        }
    }
}

static void head_rows(
    float *restrict logits, size_t logits_stride, const float *restrict x, const void *table,
    bn_float_type type, size_t tokens, size_t row_count, size_t columns) {
    switch (type) {
    case BN_FLOAT32:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_FLOAT32);
        return;
    case BN_FLOAT16:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_FLOAT16);
        return;
    case BN_BFLOAT16:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_BFLOAT16);
        return;
    case BN_Q8_0:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_Q8_0);
        return;
    case BN_Q4_0:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_Q4_0);
        return;
    case BN_Q4_K:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_Q4_K);
        return;
    case BN_Q6_K:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_Q6_K);
        return;
    }
}

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

// ---- Hops -----------------------------------------------------------------------------------------------

enum { hop_block = 32 };

static bool hop_encode_token(uint8_t *restrict out, const float *restrict x, size_t columns) {
    uint8_t *scales = out;
    int8_t *codes = (int8_t *)out + 2 * bn_ceil_divide(columns, hop_block);
    for (size_t begin = 0; begin < columns; begin += hop_block) {
        size_t count = columns - begin < hop_block ? columns - begin : hop_block;
        uint32_t largest = magnitude_bits_max(x + begin, count);
        if (largest >= infinity_bits) return false;
        uint16_t half = bn_half_of_float(bn_float_of_bits(largest) / 127.0f);
        // Beyond what a half float can hold.
        if (half == 0x7c00) return false;
        float d = half == 0 ? 1.0f : bn_float_of_half(half);
        *scales++ = (uint8_t)half;
        *scales++ = (uint8_t)(half >> 8);
        for (size_t i = begin; i < begin + count; i++) {
            float code = bn_round_even(x[i] / d);
            code = code > 127.0f ? 127.0f : code;
            code = code < -127.0f ? -127.0f : code;
            codes[i] = half == 0 ? 0 : (int8_t)(int32_t)code;
        }
    }
    return true;
}

static bool hop_decode_token(float *restrict out, const uint8_t *restrict hop, size_t columns) {
    const uint8_t *scales = hop;
    const int8_t *codes = (const int8_t *)hop + 2 * bn_ceil_divide(columns, hop_block);
    for (size_t begin = 0; begin < columns; begin += hop_block) {
        size_t count = columns - begin < hop_block ? columns - begin : hop_block;
        uint16_t half = (uint16_t)(scales[0] | scales[1] << 8);
        scales += 2;
        if ((half & 0x7c00) == 0x7c00) return false;
        float d = bn_float_of_half(half);
        for (size_t i = begin; i < begin + count; i++) out[i] = (float)codes[i] * d;
    }
    return true;
}

#define BN_FLOAT_KERNELS                                                                                   \
    {                                                                                                      \
        .quantise_token = quantise_token, .rms_norm_token = rms_norm_token, .rope_head = rope_head,        \
        .gate_span = gate_span, .load_row = load_row, .store_key = store_key, .store_value = store_value,  \
        .encode_queries = encode_queries, .attend_span = attend_span, .merge_span = merge_span,            \
        .finish_heads = finish_heads, .head_rows = head_rows, .largest_logit = largest_logit,              \
        .sum_exponentials = sum_exponentials, .hop_encode_token = hop_encode_token,                        \
        .hop_decode_token = hop_decode_token,                                                              \
    }
