// SPDX-License-Identifier: MIT
//
// Add-only product on AVX-512: a weight byte's magnitude indexes a table of 128 sums of its group's codes, by
// vpermi2b for 64 rows at once; its sign negates what comes out. The tables are made once for all matrices
// that multiply the same activations.
#if defined(__x86_64__)
#include "matrix/avx512/look_ups.h"

// Steps whose high parts add up in a byte.
enum { high_steps = high_pairs / step_pairs };

size_t bn_avx512_tables_byte_count(size_t columns) {
    return table_bytes * bn_avx512_step_groups * bn_avx512_step_count(columns);
}

// ---- Tables ---------------------------------------------------------------------------------------------

// m = low + 27·high with low = -13 ... 13 (weights 0, 1, 2) and high = 0 ... 4 (weights 3, 4): a table is the
// sum of one of 27 and one of five parts. The 27 + 5 parts stand in one vector.
enum { low_parts = 27, parts = 32 };

static struct {
    // For each entry the position of its two parts.
    uint8_t low[table_entries], high[table_entries];
    // Which parts have weight i of the group at +1, and at -1.
    uint32_t plus[bn_avx512_group_columns], minus[bn_avx512_group_columns];
} plan;

__attribute__((constructor)) static void plan_tables(void) {
    for (int part = 0; part < parts; part++) {
        int magnitude = part < low_parts ? part - 13 : 27 * (part - low_parts);
        for (int i = 0; i < bn_avx512_group_columns; i++) {
            int weight = bn_avx512_weight(magnitude, i);
            if (weight > 0) plan.plus[i] |= (uint32_t)1 << part;
            if (weight < 0) plan.minus[i] |= (uint32_t)1 << part;
        }
    }
    for (int entry = 0; entry <= 121; entry++) {
        int high = (entry + 13) / 27;
        plan.low[entry] = (uint8_t)(entry - 27 * high + 13);
        plan.high[entry] = (uint8_t)(low_parts + high);
    }
}

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// The 32 parts of a group as low (bytes 0 ... 31) and high parts (32 ... 63).
BN_INLINE __m512i make_parts(const int8_t *codes) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < bn_avx512_group_columns; i++) {
        __m512i code = _mm512_set1_epi16(codes[i]);
        sum = _mm512_mask_add_epi16(sum, plan.plus[i], sum, code);
        sum = _mm512_mask_sub_epi16(sum, plan.minus[i], sum, code);
    }
    // n = sum + 635 >= 0; n div 127 = (n + n div 128 + 1) div 128 up to 2·635.
    __m512i n = _mm512_add_epi16(sum, _mm512_set1_epi16(635));
    __m512i next = _mm512_add_epi16(_mm512_srli_epi16(n, 7), _mm512_set1_epi16(1));
    __m512i quotient = _mm512_srli_epi16(_mm512_add_epi16(n, next), 7);
    __m512i low = _mm512_add_epi16(_mm512_sub_epi16(n, _mm512_slli_epi16(quotient, 7)), quotient);
    __m512i high = _mm512_sub_epi16(quotient, _mm512_set1_epi16(5));
    __m512i both = _mm512_castsi256_si512(_mm512_cvtepi16_epi8(low));
    return _mm512_inserti64x4(both, _mm512_cvtepi16_epi8(high), 1);
}

void bn_avx512_arrange_tables(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    const __m512i to_high = _mm512_set1_epi8(parts);
    size_t group_count = bn_avx512_step_groups * bn_avx512_step_count(columns);
    for (size_t g = 0; g < group_count; g++) {
        __m512i both = make_parts(codes + g * bn_avx512_group_columns);
        for (size_t half = 0; half < table_entries; half += 64) {
            __m512i a = load(plan.low + half), b = load(plan.high + half);
            __m512i low = _mm512_add_epi8(
                _mm512_permutexvar_epi8(a, both), _mm512_permutexvar_epi8(b, both));
            __m512i high = _mm512_add_epi8(
                _mm512_permutexvar_epi8(_mm512_or_si512(a, to_high), both),
                _mm512_permutexvar_epi8(_mm512_or_si512(b, to_high), both));
            __mmask64 carries = _mm512_cmpge_epu8_mask(low, _mm512_set1_epi8(127));
            low = _mm512_mask_sub_epi8(low, carries, low, _mm512_set1_epi8(127));
            high = _mm512_mask_add_epi8(high, carries, high, _mm512_set1_epi8(1));
            uint8_t *entries = out + g * table_bytes + half;
            _mm512_storeu_si512(entries, low);
            _mm512_storeu_si512(entries + table_entries, high);
        }
    }
}

// ---- Look-ups -------------------------------------------------------------------------------------------

// `step_count` (up to high_steps) steps of `tile_count` (a constant) tiles: a table is loaded once for all.
BN_INLINE void look_up_steps(
    tile_sums *restrict sums, const uint8_t *restrict weights, size_t tile_count,
    const uint8_t *restrict tables, size_t step_count) {
    __m512i high[bn_avx512_block_tiles];
    for (size_t i = 0; i < tile_count; i++) high[i] = _mm512_setzero_si512();
    for (size_t s = 0; s < step_count; s++) {
        for (size_t pair = 0; pair < step_pairs; pair++) {
            look_up_pair(
                sums, high, weights + pair * pair_bytes, bn_avx512_step_bytes, tile_count, tables);
            tables += 2 * table_bytes;
        }
        weights += tile_count * bn_avx512_step_bytes;
    }
    add_high(sums, high, tile_count);
}

// rows += low + 127·high, where low (unsigned) and high (signed) stand in the upper halves of the dwords.
BN_INLINE void add_row_vector(int32_t *rows, __m512i low, __m512i high) {
    __m512i wide = _mm512_srai_epi32(high, 16);
    __m512i sum = _mm512_add_epi32(_mm512_srli_epi32(low, 16), _mm512_slli_epi32(wide, 7));
    sum = _mm512_sub_epi32(sum, wide);
    _mm512_storeu_si512(rows, _mm512_add_epi32(load(rows), sum));
}

// rows[0 ..< 64] += the sums of a tile.
BN_INLINE void add_to_rows(int32_t *rows, const tile_sums *sums) {
    const __m512i zero = _mm512_setzero_si512();
    __m512i even = _mm512_sub_epi16(sums->words, _mm512_slli_epi16(sums->odd, 8));
    // Lane k of the first: row sets 0 and 1 (rows 16·j + 4·k ... + 3), of the second: 2 and 3.
    __m512i low[2] = {_mm512_unpacklo_epi16(even, sums->odd), _mm512_unpackhi_epi16(even, sums->odd)};
    __m512i high[2] = {
        _mm512_unpacklo_epi16(sums->high_even, sums->high_odd),
        _mm512_unpackhi_epi16(sums->high_even, sums->high_odd)};
    for (size_t i = 0; i < 2; i++) {
        __m512i l = _mm512_unpacklo_epi16(zero, low[i]), h = _mm512_unpacklo_epi16(zero, high[i]);
        add_row_vector(rows + 32 * i, l, h);
        l = _mm512_unpackhi_epi16(zero, low[i]), h = _mm512_unpackhi_epi16(zero, high[i]);
        add_row_vector(rows + 32 * i + 16, l, h);
    }
}

// rows += the products of one block of `tile_count` (a constant) tiles over the steps of a chunk.
BN_INLINE void look_up_block(
    int32_t *restrict rows, const uint8_t *restrict block, size_t tile_count, size_t step_count,
    const uint8_t *restrict tables) {
    tile_sums sums[bn_avx512_block_tiles] = {0};
    for (size_t step = 0; step < step_count; step += high_steps) {
        size_t count = step_count - step < high_steps ? step_count - step : high_steps;
        look_up_steps(
            sums, block + step * tile_count * bn_avx512_step_bytes, tile_count,
            tables + step * bn_avx512_step_groups * table_bytes, count);
    }
    for (size_t i = 0; i < tile_count; i++) add_to_rows(rows + i * bn_avx512_tile_rows, &sums[i]);
}

static void look_up_chunk(
    int32_t *restrict rows, const bn_tile_span *span, size_t begin, const uint8_t *restrict tables) {
    tables += begin * bn_avx512_step_groups * table_bytes;
    for (size_t i = 0; i < span->tile_count; i += bn_avx512_block_tiles) {
        bn_avx512_part part = bn_avx512_part_of(span, i, begin);
        int32_t *to = rows + i * bn_avx512_tile_rows;
        switch (part.block_size) {
        case 4: look_up_block(to, part.steps, 4, part.count, tables); break;
        case 3: look_up_block(to, part.steps, 3, part.count, tables); break;
        case 2: look_up_block(to, part.steps, 2, part.count, tables); break;
        default: look_up_block(to, part.steps, 1, part.count, tables); break;
        }
    }
}

void bn_avx512_add_only(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
    const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
    size_t tokens) {
    (void)code_sums;
    size_t step_count = bn_avx512_step_count(span->columns);
    for (size_t t = 0; t < tokens; t++) {
        int32_t *rows = sums + t * sums_stride;
        memset(rows, 0, span->tile_count * bn_avx512_tile_rows * sizeof(int32_t));
        for (size_t begin = 0; begin < step_count; begin += bn_avx512_chunk_steps) {
            look_up_chunk(rows, span, begin, activations + t * activations_stride);
        }
    }
}

BN_TARGET_END

#else
typedef int bn_ternary_avx512_add_only_is_for_x86;
#endif
