// SPDX-License-Identifier: MIT
//
// Integer dot product with scaled groups on AVX-512, as in ternary_avx512_dot.c. A group is a run of quads: four bytes of
// weights of each row, which vpdpbusd multiplies with four codes. A whole step is five quads. The half of a step that
// belongs to another group is left out: of the ten columns of a half three quads are made, the last of them half empty.
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
    // Tokens of one pass over a spread group: 24 sums in registers.
    pass_tokens = 6,
};

// Where a group lies in its chunk: the half of a step it begins with, whole steps, and the half that it ends with.
typedef struct {
    size_t first_step;
    bool begins_in_half, ends_in_half;
    size_t whole_steps;
    size_t quad_count;
} group_place;

BN_INLINE group_place place_of(size_t index, size_t group) {
    size_t first = index * bn_grouped_pairs(group), end = first + bn_grouped_pairs(group);
    group_place place = {
        .first_step = first / 2,
        .begins_in_half = first % 2 != 0,
        .ends_in_half = end % 2 != 0,
        .whole_steps = end / 2 - (first + 1) / 2,
    };
    size_t halves = (size_t)place.begins_in_half + (size_t)place.ends_in_half;
    place.quad_count = place.whole_steps * step_quads + halves * half_quads;
    return place;
}

BN_INLINE size_t chunk_quads_bytes(size_t group) {
    size_t quads = 0;
    for (size_t g = 0; g < bn_grouped_groups(group); g++) quads += place_of(g, group).quad_count;
    return quads * quad_bytes;
}

size_t bn_avx512_grouped_quads_byte_count(size_t columns, size_t group) {
    return bn_grouped_chunk_count(columns) * chunk_quads_bytes(group);
}

// ---- Codes ----------------------------------------------------------------------------------------------

// `codes` of the two bytes of a half: columns i of both, side by side.
static uint8_t *arrange_half(uint8_t *out, const int8_t codes[2 * bn_t5_weights]) {
    for (size_t i = 0; i < half_quads * 2; i++) {
        for (size_t byte = 0; byte < 2; byte++) {
            *out++ = i < bn_t5_weights ? (uint8_t)codes[byte * bn_t5_weights + i] : 0;
        }
    }
    return out;
}

static uint8_t *arrange_group(uint8_t *out, const int8_t *codes, size_t index, size_t group) {
    int8_t padded[bn_group_chunk + 64] = {0};
    if (codes != NULL) memcpy(padded, codes, group);
    group_place place = place_of(index, group);
    const int8_t *from = padded;
    if (place.begins_in_half) {
        out = arrange_half(out, from);
        from += 2 * bn_t5_weights;
    }
    size_t whole = place.whole_steps * bn_avx512_step_columns;
    bn_avx512_arrange_quads(out, from, whole);
    out += place.whole_steps * step_quads * quad_bytes;
    return place.ends_in_half ? arrange_half(out, from + whole) : out;
}

void bn_avx512_arrange_grouped_quads(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group) {
    size_t group_count = columns / group;
    size_t padded_count = bn_grouped_chunk_count(columns) * bn_grouped_groups(group);
    for (size_t g = 0; g < padded_count; g++) {
        const int8_t *from = g < group_count ? codes + g * group : NULL;
        out = arrange_group(out, from, g % bn_grouped_groups(group), group);
    }
}

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// ---- Weights --------------------------------------------------------------------------------------------

// Quad q of the lower or upper half of a step. What stands in an empty place meets codes of zero.
BN_INLINE __m512i half_weights(const step_weights *step, size_t j, unsigned q, bool is_upper) {
    const __m512i low = _mm512_set1_epi32(0xffff);
    __m512i first = weights_of(step, j, 2 * q);
    if (q == half_quads - 1) return is_upper ? _mm512_srli_epi32(first, 16) : first;
    __m512i second = weights_of(step, j, 2 * q + 1);
    return is_upper
               ? _mm512_or_si512(_mm512_srli_epi32(first, 16), _mm512_andnot_si512(low, second))
               : _mm512_or_si512(_mm512_and_si512(first, low), _mm512_slli_epi32(second, 16));
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

BN_INLINE const uint8_t *add_half(
    group_sums *sums, const step_weights *step, bool is_upper, const uint8_t *quads, size_t quads_stride,
    size_t tokens, size_t vectors) {
    for (unsigned q = 0; q < half_quads; q++, quads += quad_bytes) {
        __m512i w[row_vectors];
        for (size_t j = 0; j < vectors; j++) w[j] = half_weights(step, j, q, is_upper);
        add_quad(sums, w, quads, quads_stride, tokens, vectors);
    }
    return quads;
}

// One group of `vectors` (4, or 2 from `first` on) row vectors of a tile with `tokens` tokens, all constants.
BN_INLINE void multiply_group(
    float *restrict rows, size_t rows_stride, const bn_grouped_part *part, const uint8_t *scales,
    bn_scale_type type, const group_place *place, const weight_tables *tables, const uint8_t *quads,
    size_t quads_stride, const float *code_scales, const int32_t *code_sums, size_t stride, size_t tokens,
    size_t first, size_t vectors) {
    group_sums sums;
    for (size_t t = 0; t < tokens; t++) {
        // Weights are + 1 in the products: start from what that adds.
        __m512i start = _mm512_set1_epi32(-code_sums[t * stride]);
        for (size_t j = 0; j < vectors; j++) sums.totals[t][j] = start;
    }
    const uint8_t *weights = part->steps + place->first_step * part->stride;
    if (place->begins_in_half) {
        step_weights step = load_step(weights, tables, first, vectors);
        quads = add_half(&sums, &step, true, quads, quads_stride, tokens, vectors);
        weights += part->stride;
    }
    for (size_t s = 0; s < place->whole_steps; s++, weights += part->stride) {
        step_weights step = load_step(weights, tables, first, vectors);
        for (unsigned i = 0; i < step_quads; i++, quads += quad_bytes) {
            __m512i w[row_vectors];
            for (size_t j = 0; j < vectors; j++) w[j] = weights_of(&step, j, i);
            add_quad(&sums, w, quads, quads_stride, tokens, vectors);
        }
    }
    if (place->ends_in_half) {
        step_weights step = load_step(weights, tables, first, vectors);
        add_half(&sums, &step, false, quads, quads_stride, tokens, vectors);
    }
    for (size_t j = 0; j < vectors; j++) {
        __m512 scale = bn_grouped_load_scales(scales, first + j, type);
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
    size_t group = grouping->columns, chunk_count = bn_grouped_chunk_count(span->columns);
    size_t chunk_bytes = chunk_quads_bytes(group), step_bytes = bn_grouped_chunk_steps(grouping) * 64;
    size_t vectors = tokens <= 4 ? row_vectors : row_vectors / 2;
    for (size_t chunk = 0; chunk < chunk_count; chunk++, quads += chunk_bytes) {
        for (size_t i = 0; i < span->tile_count; i++) {
            bn_grouped_part part = bn_grouped_part_of(span, i, chunk, grouping);
            // While a tile is multiplied, its share of the next block is fetched.
            size_t place_in_block = (span->first_tile + i) % bn_avx512_block_tiles;
            const uint8_t *ahead = part.steps - place_in_block * bn_avx512_step_bytes +
                                   bn_grouped_chunk_steps(grouping) * part.stride +
                                   place_in_block * step_bytes * 4;
            for (size_t line = 0; line < 4 * step_bytes; line += 64) {
                _mm_prefetch((const char *)ahead + line, _MM_HINT_T0);
            }
            const uint8_t *group_quads = quads;
            for (size_t g = 0; g < bn_grouped_groups(group); g++) {
                group_place place = place_of(g, group);
                size_t index = first_token * codes->stride + chunk * bn_grouped_groups(group) + g;
                const uint8_t *scales = bn_grouped_scales(&part, g, grouping);
                for (size_t first = 0; first < row_vectors; first += vectors) {
                    multiply_group(
                        sums + i * bn_avx512_tile_rows, sums_stride, &part, scales, grouping->scales, &place,
                        tables, group_quads, quads_stride, codes->scales + index, codes->code_sums + index,
                        codes->stride, tokens, first, vectors);
                }
                group_quads += place.quad_count * quad_bytes;
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

BN_INLINE __m512i (*spread_half(
    __m512i (*to)[row_vectors], const uint8_t *weights, const weight_tables *tables,
    bool is_upper))[row_vectors] {
    step_weights step = load_step(weights, tables, 0, row_vectors);
    for (unsigned q = 0; q < half_quads; q++, to++) {
        for (size_t j = 0; j < row_vectors; j++) (*to)[j] = half_weights(&step, j, q, is_upper);
    }
    return to;
}

BN_INLINE void spread(
    spread_group *group, const bn_grouped_part *part, const group_place *place, const uint8_t *scales,
    bn_scale_type type, const weight_tables *tables) {
    __m512i(*to)[row_vectors] = group->quads;
    const uint8_t *weights = part->steps + place->first_step * part->stride;
    if (place->begins_in_half) {
        to = spread_half(to, weights, tables, true);
        weights += part->stride;
    }
    for (size_t s = 0; s < place->whole_steps; s++, weights += part->stride) {
        step_weights step = load_step(weights, tables, 0, row_vectors);
        for (unsigned i = 0; i < step_quads; i++, to++) {
            for (size_t j = 0; j < row_vectors; j++) (*to)[j] = weights_of(&step, j, i);
        }
    }
    if (place->ends_in_half) spread_half(to, weights, tables, false);
    for (size_t j = 0; j < row_vectors; j++) {
        group->scales[j] = bn_grouped_load_scales(scales, j, type);
    }
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
    size_t group = grouping->columns, chunk_count = bn_grouped_chunk_count(span->columns);
    for (size_t chunk = 0; chunk < chunk_count; chunk++) {
        for (size_t i = 0; i < span->tile_count; i++) {
            bn_grouped_part part = bn_grouped_part_of(span, i, chunk, grouping);
            const uint8_t *group_quads = quads + chunk * chunk_quads_bytes(group);
            for (size_t g = 0; g < bn_grouped_groups(group); g++) {
                group_place place = place_of(g, group);
                spread_group weights;
                spread(
                    &weights, &part, &place, bn_grouped_scales(&part, g, grouping), grouping->scales,
                    tables);
                size_t index = chunk * bn_grouped_groups(group) + g;
                multiply_spread_all(
                    sums + i * bn_avx512_tile_rows, sums_stride, &weights, place.quad_count, group_quads,
                    quads_stride, codes->scales + index, codes->code_sums + index, codes->stride, tokens);
                group_quads += place.quad_count * quad_bytes;
            }
        }
    }
}

#define BN_MULTIPLY_FEW(count)                                                                            \
    multiply_few(                                                                                         \
        sums + t * sums_stride, sums_stride, span, grouping, &tables, activations + t * activations_stride, \
        activations_stride, codes, t, count)

void bn_avx512_grouped_dot(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens) {
    const weight_tables tables = load_weight_tables();
    for (size_t t = 0; t < tokens; t++) {
        memset(sums + t * sums_stride, 0, span->tile_count * bn_avx512_tile_rows * sizeof(float));
    }
    if (tokens > few_tokens) {
        multiply_many(
            sums, sums_stride, span, grouping, &tables, activations, activations_stride, codes, tokens);
        return;
    }
    size_t t = 0;
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

BN_TARGET_END

#else
typedef int bn_grouped_dot_is_for_x86;
#endif
