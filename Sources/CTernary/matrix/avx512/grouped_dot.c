// SPDX-License-Identifier: MIT
//
// Integer dot product with scaled groups on AVX-512, as in ternary_avx512_dot.c. A group is a run of quads: four bytes of
// weights of each row, which vpdpbusd multiplies with four codes. Two pairs of bytes are five quads, as a step is there; of
// the ten columns of a last pair that is alone three are made, one of them half empty.
#if defined(__x86_64__)
#include "matrix/avx512/grouped_layout.h"
#include "matrix/avx512/step_weights.h"

enum {
    step_quads = bn_avx512_group_columns,
    half_quads = 3,
    // Of a group of 256.
    quads_max = 13 * step_quads,
    // Up to so many tokens weights stay in registers.
    few_tokens = 8,
    // Up to so many, reading weights again for each eight tokens costs less than spreading them out.
    passes_tokens = 32,
    // Tokens of one pass over a spread group: 24 sums in registers.
    pass_tokens = 6,
};

BN_INLINE size_t whole_steps(size_t group) { return bn_grouped_pairs(group) / 2; }

BN_INLINE bool ends_in_half(size_t group) { return bn_grouped_pairs(group) % 2 != 0; }

BN_INLINE size_t quad_count_of(size_t group) {
    return whole_steps(group) * step_quads + (ends_in_half(group) ? half_quads : 0);
}

size_t bn_avx512_grouped_quads_byte_count(size_t columns, size_t group) {
    return columns / group * quad_count_of(group) * quad_bytes;
}

// ---- Codes ----------------------------------------------------------------------------------------------

// Of the codes of two bytes of weights column i of both, side by side.
static void arrange_half(uint8_t *out, const int8_t codes[2 * bn_t5_weights]) {
    for (size_t i = 0; i < half_quads * 2; i++) {
        for (size_t byte = 0; byte < 2; byte++) {
            *out++ = i < bn_t5_weights ? (uint8_t)codes[byte * bn_t5_weights + i] : 0;
        }
    }
}

void bn_avx512_arrange_grouped_quads(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group) {
    int8_t padded[bn_group_chunk + 64] = {0};
    size_t whole = whole_steps(group) * bn_avx512_step_columns;
    for (size_t g = 0; g < columns / group; g++) {
        memcpy(padded, codes + g * group, group);
        bn_avx512_arrange_quads(out, padded, whole);
        if (ends_in_half(group)) {
            arrange_half(out + whole_steps(group) * step_quads * quad_bytes, padded + whole);
        }
        out += quad_count_of(group) * quad_bytes;
    }
}

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// ---- Weights --------------------------------------------------------------------------------------------

// The four bytes of two pairs, or of one that is alone and zero weights.
BN_INLINE step_weights load_pairs(
    const uint8_t *weights, size_t stride, const weight_tables *tables, size_t first, size_t count,
    bool is_alone) {
    const __m512i none = _mm512_setzero_si512();
    __m512i second = is_alone ? none : load(weights + stride);
    __m512i third = is_alone ? none : load(weights + stride + bn_avx512_tile_rows);
    return unpack_step(
        load(weights), load(weights + bn_avx512_tile_rows), second, third, tables, first, count);
}

// Quad q of a pair that is alone. What stands in an empty place meets codes of zero.
BN_INLINE __m512i half_weights(const step_weights *step, size_t j, unsigned q) {
    const __m512i low = _mm512_set1_epi32(0xffff);
    __m512i first = weights_of(step, j, 2 * q);
    if (q == half_quads - 1) return first;
    return _mm512_or_si512(
        _mm512_and_si512(first, low), _mm512_slli_epi32(weights_of(step, j, 2 * q + 1), 16));
}

// ---- Few tokens -----------------------------------------------------------------------------------------

typedef struct {
    __m512i totals[few_tokens][row_vectors];
} group_sums;

BN_INLINE void add_quad(
    group_sums *sums, const __m512i *weights, const uint8_t *quads, size_t quads_stride, size_t tokens,
    size_t vectors) {
    for (size_t t = 0; t < tokens; t++) {
        __m512i codes = load_quad(quads + t * quads_stride);
        for (size_t j = 0; j < vectors; j++) {
            sums->totals[t][j] = _mm512_dpbusd_epi32(sums->totals[t][j], weights[j], codes);
        }
    }
}

// One group of `vectors` (4, or 2 from `first` on) row vectors of a tile with `tokens` tokens, all constants.
BN_INLINE void multiply_group(
    float *restrict rows, size_t rows_stride, const bn_grouped_part *part, const bn_grouping *grouping,
    const weight_tables *tables, const uint8_t *quads, size_t quads_stride, const float *code_scales,
    const int32_t *code_sums, size_t stride, size_t tokens, size_t first, size_t vectors) {
    group_sums sums;
    for (size_t t = 0; t < tokens; t++) {
        // Weights are + 1 in the products: start from what that adds.
        __m512i start = _mm512_set1_epi32(-code_sums[t * stride]);
        for (size_t j = 0; j < vectors; j++) sums.totals[t][j] = start;
    }
    const uint8_t *weights = part->pairs;
    // The same tile's pairs in the next block.
    const uint8_t *ahead = weights + bn_grouped_chunk_pairs(grouping) * part->stride;
    for (size_t s = 0; s < whole_steps(grouping->columns); s++, weights += 2 * part->stride) {
        if (first == 0) {
            for (size_t line = 0; line < bn_grouped_pair_bytes; line += 64) {
                _mm_prefetch((const char *)ahead + line, _MM_HINT_T0);
                _mm_prefetch((const char *)ahead + part->stride + line, _MM_HINT_T0);
            }
            ahead += 2 * part->stride;
        }
        step_weights step = load_pairs(weights, part->stride, tables, first, vectors, false);
        for (unsigned i = 0; i < step_quads; i++, quads += quad_bytes) {
            __m512i w[row_vectors];
            for (size_t j = 0; j < vectors; j++) w[j] = weights_of(&step, j, i);
            add_quad(&sums, w, quads, quads_stride, tokens, vectors);
        }
    }
    if (ends_in_half(grouping->columns)) {
        step_weights step = load_pairs(weights, part->stride, tables, first, vectors, true);
        for (unsigned q = 0; q < half_quads; q++, quads += quad_bytes) {
            __m512i w[row_vectors];
            for (size_t j = 0; j < vectors; j++) w[j] = half_weights(&step, j, q);
            add_quad(&sums, w, quads, quads_stride, tokens, vectors);
        }
    }
    for (size_t j = 0; j < vectors; j++) {
        __m512 scale = bn_grouped_load_scales(part, first + j, grouping);
        for (size_t t = 0; t < tokens; t++) {
            __m512 factor = _mm512_mul_ps(scale, _mm512_set1_ps(code_scales[t * stride]));
            bn_grouped_add(rows + t * rows_stride + 16 * (first + j), sums.totals[t][j], factor);
        }
    }
}

BN_INLINE void multiply_few(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const weight_tables *tables, const uint8_t *restrict quads, size_t quads_stride,
    const bn_group_codes *codes, size_t first_token, size_t tokens) {
    size_t group_count = bn_group_count(span->columns, grouping);
    size_t group_bytes = quad_count_of(grouping->columns) * quad_bytes;
    size_t vectors = tokens <= 4 ? row_vectors : row_vectors / 2;
    for (size_t g = 0; g < group_count; g++, quads += group_bytes) {
        size_t index = first_token * codes->stride + g;
        for (size_t i = 0; i < span->tile_count; i++) {
            bn_grouped_part part = bn_grouped_part_of(span, i, g, grouping);
            for (size_t first = 0; first < row_vectors; first += vectors) {
                multiply_group(
                    sums + i * bn_avx512_tile_rows, sums_stride, &part, grouping, tables, quads,
                    quads_stride, codes->scales + index, codes->code_sums + index, codes->stride, tokens,
                    first, vectors);
            }
        }
    }
}

// ---- Many tokens ----------------------------------------------------------------------------------------

// Weights + 1 of a group of one tile, a byte each.
typedef struct {
    __m512i quads[quads_max][row_vectors];
    __m512 scales[row_vectors];
} spread_group;

BN_INLINE void spread(
    spread_group *to, const bn_grouped_part *part, const bn_grouping *grouping, const weight_tables *tables) {
    const uint8_t *weights = part->pairs;
    size_t quad = 0;
    for (size_t s = 0; s < whole_steps(grouping->columns); s++, weights += 2 * part->stride) {
        step_weights step = load_pairs(weights, part->stride, tables, 0, row_vectors, false);
        for (unsigned i = 0; i < step_quads; i++, quad++) {
            for (size_t j = 0; j < row_vectors; j++) to->quads[quad][j] = weights_of(&step, j, i);
        }
    }
    if (ends_in_half(grouping->columns)) {
        step_weights step = load_pairs(weights, part->stride, tables, 0, row_vectors, true);
        for (unsigned q = 0; q < half_quads; q++, quad++) {
            for (size_t j = 0; j < row_vectors; j++) to->quads[quad][j] = half_weights(&step, j, q);
        }
    }
    for (size_t j = 0; j < row_vectors; j++) to->scales[j] = bn_grouped_load_scales(part, j, grouping);
}

// `tokens` is a constant.
BN_INLINE void multiply_spread(
    float *restrict rows, size_t rows_stride, const spread_group *group, size_t quad_count,
    const uint8_t *restrict quads, size_t quads_stride, const float *code_scales, const int32_t *code_sums,
    size_t stride, size_t tokens) {
    __m512i totals[pass_tokens][row_vectors];
    for (size_t t = 0; t < tokens; t++) {
        __m512i start = _mm512_set1_epi32(-code_sums[t * stride]);
        for (size_t j = 0; j < row_vectors; j++) totals[t][j] = start;
    }
    for (size_t q = 0; q < quad_count; q++, quads += quad_bytes) {
        for (size_t t = 0; t < tokens; t++) {
            __m512i codes = load_quad(quads + t * quads_stride);
            for (size_t j = 0; j < row_vectors; j++) {
                totals[t][j] = _mm512_dpbusd_epi32(totals[t][j], group->quads[q][j], codes);
            }
        }
    }
    for (size_t t = 0; t < tokens; t++) {
        __m512 code_scale = _mm512_set1_ps(code_scales[t * stride]);
        for (size_t j = 0; j < row_vectors; j++) {
            __m512 factor = _mm512_mul_ps(group->scales[j], code_scale);
            bn_grouped_add(rows + t * rows_stride + 16 * j, totals[t][j], factor);
        }
    }
}

#define BN_MULTIPLY_SPREAD(count)                                                                        \
    multiply_spread(                                                                                     \
        rows, rows_stride, group, quad_count, quads, quads_stride, code_scales, code_sums, stride, count)

static void multiply_spread_all(
    float *restrict rows, size_t rows_stride, const spread_group *group, size_t quad_count,
    const uint8_t *restrict quads, size_t quads_stride, const float *code_scales, const int32_t *code_sums,
    size_t stride, size_t tokens) {
    for (; tokens >= pass_tokens; tokens -= pass_tokens) {
        BN_MULTIPLY_SPREAD(pass_tokens);
        rows += pass_tokens * rows_stride;
        quads += pass_tokens * quads_stride;
        code_scales += pass_tokens * stride;
        code_sums += pass_tokens * stride;
    }
    switch (tokens) {
    case 1: BN_MULTIPLY_SPREAD(1); break;
    case 2: BN_MULTIPLY_SPREAD(2); break;
    case 3: BN_MULTIPLY_SPREAD(3); break;
    case 4: BN_MULTIPLY_SPREAD(4); break;
    case 5: BN_MULTIPLY_SPREAD(5); break;
    }
}

static void multiply_many(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const weight_tables *tables, const uint8_t *restrict quads, size_t quads_stride,
    const bn_group_codes *codes, size_t tokens) {
    size_t group_count = bn_group_count(span->columns, grouping);
    size_t quad_count = quad_count_of(grouping->columns);
    for (size_t g = 0; g < group_count; g++, quads += quad_count * quad_bytes) {
        for (size_t i = 0; i < span->tile_count; i++) {
            bn_grouped_part part = bn_grouped_part_of(span, i, g, grouping);
            spread_group weights;
            spread(&weights, &part, grouping, tables);
            multiply_spread_all(
                sums + i * bn_avx512_tile_rows, sums_stride, &weights, quad_count, quads, quads_stride,
                codes->scales + g, codes->code_sums + g, codes->stride, tokens);
        }
    }
}

#define BN_MULTIPLY_FEW(count)                                                                      \
    multiply_few(                                                                                   \
        sums, sums_stride, span, grouping, tables, activations, activations_stride, codes, first, count)

BN_INLINE void multiply_up_to_eight(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const weight_tables *tables, const uint8_t *restrict activations, size_t activations_stride,
    const bn_group_codes *codes, size_t first, size_t tokens) {
    switch (tokens) {
    case 1: BN_MULTIPLY_FEW(1); break;
    case 2: BN_MULTIPLY_FEW(2); break;
    case 3: BN_MULTIPLY_FEW(3); break;
    case 4: BN_MULTIPLY_FEW(4); break;
    case 5: BN_MULTIPLY_FEW(5); break;
    case 6: BN_MULTIPLY_FEW(6); break;
    case 7: BN_MULTIPLY_FEW(7); break;
    default: BN_MULTIPLY_FEW(8); break;
    }
}

void bn_avx512_grouped_dot(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens) {
    const weight_tables tables = load_weight_tables();
    for (size_t t = 0; t < tokens; t++) {
        memset(sums + t * sums_stride, 0, span->tile_count * bn_avx512_tile_rows * sizeof(float));
    }
    if (tokens > passes_tokens) {
        multiply_many(
            sums, sums_stride, span, grouping, &tables, activations, activations_stride, codes, tokens);
        return;
    }
    for (size_t t = 0; t < tokens; t += few_tokens) {
        size_t count = tokens - t < few_tokens ? tokens - t : (size_t)few_tokens;
        float *to = sums + t * sums_stride;
        const uint8_t *quads = activations + t * activations_stride;
        // Published groups are constants here.
        if (grouping->columns == 128 && grouping->scales == BN_SCALE_HALF) {
            const bn_grouping known = {128, BN_SCALE_HALF};
            multiply_up_to_eight(
                to, sums_stride, span, &known, &tables, quads, activations_stride, codes, t, count);
        } else {
            multiply_up_to_eight(
                to, sums_stride, span, grouping, &tables, quads, activations_stride, codes, t, count);
        }
    }
}

BN_TARGET_END

#else
typedef int bn_grouped_dot_is_for_x86;
#endif
