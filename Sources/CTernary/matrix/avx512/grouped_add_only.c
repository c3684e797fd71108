// SPDX-License-Identifier: MIT
//
// Add-only product with scaled groups on AVX-512: look-ups as in ternary_avx512_add_only.c, pair by pair, so that a group
// may end in the middle of a step.
#if defined(__x86_64__)
#include "matrix/avx512/grouped_layout.h"
#include "matrix/avx512/look_ups.h"

size_t bn_avx512_grouped_tables_byte_count(size_t columns, size_t group) {
    return bn_grouped_chunk_count(columns) * bn_avx512_tables_byte_count(bn_grouped_padded_chunk(group));
}

// The codes of a chunk, five to a byte of weights, with zeros where weights are padded or columns end.
static void pad_chunk(int8_t *padded, const int8_t *codes, size_t columns, size_t group) {
    size_t stride = bn_t5_group_bytes(group) * bn_t5_weights;
    memset(padded, 0, bn_grouped_padded_chunk(group));
    for (size_t g = 0; g < columns / group; g++) memcpy(padded + g * stride, codes + g * group, group);
}

void bn_avx512_arrange_grouped_tables(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group) {
    size_t padded_columns = bn_grouped_padded_chunk(group);
    int8_t padded[bn_group_chunk + 64];
    for (size_t begin = 0; begin < columns; begin += bn_group_chunk) {
        size_t count = columns - begin < bn_group_chunk ? columns - begin : (size_t)bn_group_chunk;
        pad_chunk(padded, codes + begin, count, group);
        bn_avx512_arrange_tables(out, padded, padded_columns);
        out += bn_avx512_tables_byte_count(padded_columns);
    }
}

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// rows += the sums of a group's weights, which 16 bits hold, times their factors.
BN_INLINE void add_group(
    float *rows, const tile_sums *sums, const uint8_t *scales, bn_scale_type type, __m512 code_scale) {
    const __m512i zero = _mm512_setzero_si512();
    // 127·high modulo 2^16
    __m512i even = _mm512_sub_epi16(_mm512_slli_epi16(sums->high_even, 7), sums->high_even);
    __m512i odd = _mm512_sub_epi16(_mm512_slli_epi16(sums->high_odd, 7), sums->high_odd);
    even = _mm512_add_epi16(even, _mm512_sub_epi16(sums->words, _mm512_slli_epi16(sums->odd, 8)));
    odd = _mm512_add_epi16(odd, sums->odd);
    // Lane k of the first: row sets 0 and 1 (rows 16·j + 4·k ... + 3), of the second: 2 and 3.
    const __m512i pairs[2] = {_mm512_unpacklo_epi16(even, odd), _mm512_unpackhi_epi16(even, odd)};
    for (size_t j = 0; j < 4; j++) {
        __m512i words = j % 2 == 0 ? _mm512_unpacklo_epi16(zero, pairs[j / 2])
                                   : _mm512_unpackhi_epi16(zero, pairs[j / 2]);
        __m512 factor = _mm512_mul_ps(bn_grouped_load_scales(scales, j, type), code_scale);
        bn_grouped_add(rows + 16 * j, _mm512_srai_epi32(words, 16), factor);
    }
}

typedef struct {
    tile_sums tiles[bn_avx512_block_tiles];
    __m512i high[bn_avx512_block_tiles];
} block_sums;

// Pairs `first` ..< `end` of a chunk, at most high_pairs, of a block of `tile_count` tiles: all but the weights and tables
// are constants.
BN_INLINE void look_up_run(
    block_sums *restrict sums, const uint8_t *restrict weights, size_t tile_count,
    const uint8_t *restrict tables, size_t first, size_t end) {
    size_t stride = tile_count * bn_avx512_step_bytes;
    for (size_t i = 0; i < tile_count; i++) sums->high[i] = _mm512_setzero_si512();
    size_t pair = first;
    weights += pair / step_pairs * stride;
    tables += 2 * table_bytes * pair;
    if (pair % step_pairs != 0 && pair < end) {
        look_up_pair(sums->tiles, sums->high, weights + pair_bytes, tile_count, tables);
        weights += stride;
        tables += 2 * table_bytes;
        pair++;
    }
    // Unrolled whole, the sums would not stay in registers.
    _Pragma("clang loop unroll(disable)")
    for (; pair + step_pairs <= end; pair += step_pairs) {
        look_up_pair(sums->tiles, sums->high, weights, tile_count, tables);
        look_up_pair(
            sums->tiles, sums->high, weights + pair_bytes, tile_count, tables + 2 * table_bytes);
        weights += stride;
        tables += 4 * table_bytes;
    }
    if (pair < end) look_up_pair(sums->tiles, sums->high, weights, tile_count, tables);
    add_high(sums->tiles, sums->high, tile_count);
}

// Group `index` of a chunk; it, `group` and `tile_count` are constants.
BN_INLINE void look_up_group(
    float *restrict rows, const bn_grouped_part *part, size_t tile_count, size_t index, size_t group,
    bn_scale_type type, const uint8_t *restrict tables, const float *restrict code_scales) {
    const bn_grouping grouping = {group, type};
    block_sums sums = {0};
    size_t first = index * bn_grouped_pairs(group), end = first + bn_grouped_pairs(group);
    look_up_run(&sums, part->steps, tile_count, tables, first, end < first + high_pairs ? end : first + high_pairs);
    if (end > first + high_pairs) {
        size_t middle = end < first + 2 * high_pairs ? end : first + 2 * high_pairs;
        look_up_run(&sums, part->steps, tile_count, tables, first + high_pairs, middle);
    }
    if (end > first + 2 * high_pairs) {
        look_up_run(&sums, part->steps, tile_count, tables, first + 2 * high_pairs, end);
    }
    __m512 code_scale = _mm512_set1_ps(code_scales[index]);
    const uint8_t *scales = bn_grouped_scales(part, index, &grouping);
    for (size_t i = 0; i < tile_count; i++) {
        add_group(
            rows + i * bn_avx512_tile_rows, &sums.tiles[i], scales + i * bn_avx512_step_bytes, type,
            code_scale);
    }
}

// A chunk of a block of `tile_count` tiles; it and `group` are constants.
BN_INLINE void look_up_chunk(
    float *restrict rows, const bn_grouped_part *part, size_t tile_count, size_t group, bn_scale_type type,
    const uint8_t *restrict tables, const float *restrict code_scales) {
    bn_grouped_fetch_scales(part, tile_count, group, type);
    look_up_group(rows, part, tile_count, 0, group, type, tables, code_scales);
    if (group <= 128) look_up_group(rows, part, tile_count, 1, group, type, tables, code_scales);
    if (group <= 64) {
        look_up_group(rows, part, tile_count, 2, group, type, tables, code_scales);
        look_up_group(rows, part, tile_count, 3, group, type, tables, code_scales);
    }
}

BN_INLINE void look_up_grouped(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, size_t group, bn_scale_type type,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens) {
    const bn_grouping grouping = {group, type};
    size_t chunk_count = bn_grouped_chunk_count(span->columns);
    size_t chunk_bytes = bn_avx512_grouped_tables_byte_count(bn_group_chunk, group);
    for (size_t t = 0; t < tokens; t++) {
        float *rows = sums + t * sums_stride;
        memset(rows, 0, span->tile_count * bn_avx512_tile_rows * sizeof(float));
        for (size_t chunk = 0; chunk < chunk_count; chunk++) {
            const uint8_t *tables = activations + t * activations_stride + chunk * chunk_bytes;
            const float *scales = codes->scales + t * codes->stride + chunk * bn_grouped_groups(group);
            for (size_t i = 0; i < span->tile_count; i += bn_avx512_block_tiles) {
                bn_grouped_part part = bn_grouped_part_of(span, i, chunk, &grouping);
                float *to = rows + i * bn_avx512_tile_rows;
                switch (part.block_size) {
                case 4: look_up_chunk(to, &part, 4, group, type, tables, scales); break;
                case 3: look_up_chunk(to, &part, 3, group, type, tables, scales); break;
                case 2: look_up_chunk(to, &part, 2, group, type, tables, scales); break;
                default: look_up_chunk(to, &part, 1, group, type, tables, scales); break;
                }
            }
        }
    }
}

#define BN_LOOK_UP(group, type) \
    look_up_grouped(            \
        sums, sums_stride, span, group, type, activations, activations_stride, codes, tokens)

void bn_avx512_grouped_add_only(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens) {
    switch (grouping->columns) {
    case 64: BN_LOOK_UP(64, grouping->scales); break;
    case 128: BN_LOOK_UP(128, grouping->scales); break;
    default: BN_LOOK_UP(256, grouping->scales); break;
    }
}

BN_TARGET_END

#else
typedef int bn_grouped_add_only_is_for_x86;
#endif
