// SPDX-License-Identifier: MIT
//
// Look-ups in tables of a group's sums, for 64 rows at once: a weight byte's magnitude is the index, its sign negates
// what comes out.
//
// A sum v = -635 ... 635 is 127·high + low with low = 0 ... 126, a byte each. Then -v is
// 127·(-1 - high) + (127 - low): both parts negate by flipping bits.
#ifndef C_TERNARY_AVX512_LOOK_UPS_H
#define C_TERNARY_AVX512_LOOK_UPS_H

#include "matrix/avx512/avx512_layout.h"

enum {
    table_entries = 128,
    table_bytes = 2 * table_entries,
    // A high part is -6 ... 5, negated ones included: those of so many pairs of groups add up in a byte.
    high_pairs = 10,
    pair_bytes = 2 * bn_avx512_tile_rows,
    step_pairs = bn_avx512_step_groups / 2,
};

BN_TARGET_BEGIN(BN_AVX512_TARGET)

BN_INLINE __m512i load(const void *from) { return _mm512_loadu_si512(from); }

// The running sums of one tile over a chunk. Low parts of two groups are added as words and their upper bytes once more by
// themselves, so that even and odd rows can be told apart at the end. High parts are added in bytes, then in
// 16 bits of the even and of the odd rows.
typedef struct {
    __m512i words, odd, high_even, high_odd;
} tile_sums;

typedef struct {
    __m512i low[2], high[2];
} group_table;

BN_INLINE group_table load_table(const uint8_t *table) {
    return (group_table){
        .low = {load(table), load(table + 64)},
        .high = {load(table + 128), load(table + 192)},
    };
}

// Looks up one group of 64 rows; returns the low parts, adds the high ones.
BN_INLINE __m512i look_up(__m512i *high_sum, const uint8_t *weights, const group_table *table) {
    __m512i codes = load(weights);
    // All eight bits of a byte become its top one.
    __m512i signs = _mm512_gf2p8affine_epi64_epi8(codes, _mm512_set1_epi8((char)0x80), 0);
    __m512i low = _mm512_permutex2var_epi8(table->low[0], codes, table->low[1]);
    __m512i high = _mm512_permutex2var_epi8(table->high[0], codes, table->high[1]);
    *high_sum = _mm512_add_epi8(*high_sum, _mm512_xor_si512(high, signs));
    // (low ^ signs) & 127
    return _mm512_ternarylogic_epi64(low, signs, _mm512_set1_epi8(127), 0x28);
}

BN_INLINE void add_low(tile_sums *sums, __m512i low) {
    sums->words = _mm512_add_epi16(sums->words, low);
    sums->odd = _mm512_add_epi16(sums->odd, _mm512_srli_epi16(low, 8));
}

// Two groups of `tile_count` (a constant) tiles, `distance` bytes apart: a table is loaded once for all.
BN_INLINE void look_up_pair(
    tile_sums *restrict sums, __m512i *restrict high, const uint8_t *restrict weights, size_t distance,
    size_t tile_count, const uint8_t *restrict tables) {
    __m512i low[bn_avx512_block_tiles];
    group_table table = load_table(tables);
    for (size_t i = 0; i < tile_count; i++) {
        low[i] = look_up(&high[i], weights + i * distance, &table);
    }
    table = load_table(tables + table_bytes);
    weights += bn_avx512_tile_rows;
    for (size_t i = 0; i < tile_count; i++) {
        __m512i second = look_up(&high[i], weights + i * distance, &table);
        add_low(&sums[i], _mm512_add_epi8(low[i], second));
    }
}

// What up to high_pairs pairs have added to `high`.
BN_INLINE void add_high(tile_sums *restrict sums, const __m512i *restrict high, size_t tile_count) {
    for (size_t i = 0; i < tile_count; i++) {
        __m512i even = _mm512_srai_epi16(_mm512_slli_epi16(high[i], 8), 8);
        sums[i].high_even = _mm512_add_epi16(sums[i].high_even, even);
        sums[i].high_odd = _mm512_add_epi16(sums[i].high_odd, _mm512_srai_epi16(high[i], 8));
    }
}

BN_TARGET_END

#endif
