// SPDX-License-Identifier: MIT
//
// Add-only product with scaled groups on AVX-512: look-ups as in ternary_avx512_add_only.c, pair by pair.
#if defined(__x86_64__)
#include "matrix/avx512/grouped_layout.h"
#include "matrix/avx512/look_ups.h"

// Tables of one group: one for each byte of weights.
static size_t tables_bytes(size_t group) { return bn_t5_group_bytes(group) * table_bytes; }

size_t bn_avx512_grouped_tables_byte_count(size_t columns, size_t group) {
    return columns / group * tables_bytes(group);
}

void bn_avx512_arrange_grouped_tables(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group) {
    // Weights are padded to whole pairs of bytes, tables are made for whole steps, four bytes.
    uint8_t tables[(bn_group_chunk / bn_t5_weights + 8) * table_bytes];
    int8_t padded[bn_group_chunk + 64] = {0};
    for (size_t g = 0; g < columns / group; g++) {
        memcpy(padded, codes + g * group, group);
        bn_avx512_arrange_tables(tables, padded, bn_grouped_padded_columns(group));
        memcpy(out + g * tables_bytes(group), tables, tables_bytes(group));
    }
}

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// rows += the sums of a group's weights, which 16 bits hold, times their factors.
BN_INLINE void add_group(
    float *rows, const tile_sums *sums, const bn_grouped_part *part, const bn_grouping *grouping,
    __m512 code_scale) {
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
        __m512 factor = _mm512_mul_ps(bn_grouped_load_scales(part, j, grouping), code_scale);
        bn_grouped_add(rows + 16 * j, _mm512_srai_epi32(words, 16), factor);
    }
}

// One group of a block of `tile_count` (a constant) tiles.
BN_INLINE void look_up_group(
    float *restrict rows, const bn_grouped_part *part, size_t tile_count, const bn_grouping *grouping,
    const uint8_t *restrict tables, float code_scale) {
    size_t stride = tile_count * bn_grouped_pair_bytes, pair_count = bn_grouped_pairs(grouping->columns);
    const uint8_t *weights = part->pairs;
    tile_sums sums[bn_avx512_block_tiles] = {0};
    for (size_t begin = 0; begin < pair_count; begin += high_pairs) {
        size_t count = pair_count - begin < high_pairs ? pair_count - begin : high_pairs;
        __m512i high[bn_avx512_block_tiles];
        for (size_t i = 0; i < tile_count; i++) high[i] = _mm512_setzero_si512();
        for (size_t pair = 0; pair < count; pair++) {
            look_up_pair(sums, high, weights, bn_grouped_pair_bytes, tile_count, tables);
            weights += stride;
            tables += 2 * table_bytes;
        }
        add_high(sums, high, tile_count);
    }
    for (size_t i = 0; i < tile_count; i++) {
        const bn_grouped_part tile = {
            part->pairs + i * bn_grouped_pair_bytes, stride, tile_count};
        add_group(
            rows + i * bn_avx512_tile_rows, &sums[i], &tile, grouping, _mm512_set1_ps(code_scale));
    }
}

void bn_avx512_grouped_add_only(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens) {
    size_t group_count = bn_group_count(span->columns, grouping);
    for (size_t t = 0; t < tokens; t++) {
        float *rows = sums + t * sums_stride;
        memset(rows, 0, span->tile_count * bn_avx512_tile_rows * sizeof(float));
        for (size_t g = 0; g < group_count; g++) {
            const uint8_t *tables =
                activations + t * activations_stride + g * tables_bytes(grouping->columns);
            float scale = codes->scales[t * codes->stride + g];
            for (size_t i = 0; i < span->tile_count; i += bn_avx512_block_tiles) {
                bn_grouped_part part = bn_grouped_part_of(span, i, g, grouping);
                float *to = rows + i * bn_avx512_tile_rows;
                switch (part.block_size) {
                case 4: look_up_group(to, &part, 4, grouping, tables, scale); break;
                case 3: look_up_group(to, &part, 3, grouping, tables, scale); break;
                case 2: look_up_group(to, &part, 2, grouping, tables, scale); break;
                default: look_up_group(to, &part, 1, grouping, tables, scale); break;
                }
            }
        }
    }
}

BN_TARGET_END

#else
typedef int bn_grouped_add_only_is_for_x86;
#endif
