// SPDX-License-Identifier: MIT
//
// T5 rows into the AVX-512 layouts.
#if defined(__x86_64__)
#include "matrix/avx512/grouped_layout.h"

enum { load_bytes = 64, load_steps = load_bytes / bn_avx512_step_groups, row_set = 16 };

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// In place: vector i, dword j becomes vector j, dword i.
BN_INLINE void transpose_dwords(__m512i v[16]) {
    __m512i a[16];
    for (size_t i = 0; i < 16; i += 4) {
        __m512i low = _mm512_unpacklo_epi32(v[i], v[i + 1]), high = _mm512_unpackhi_epi32(v[i], v[i + 1]);
        __m512i low2 = _mm512_unpacklo_epi32(v[i + 2], v[i + 3]);
        __m512i high2 = _mm512_unpackhi_epi32(v[i + 2], v[i + 3]);
        a[i] = _mm512_unpacklo_epi64(low, low2);
        a[i + 1] = _mm512_unpackhi_epi64(low, low2);
        a[i + 2] = _mm512_unpacklo_epi64(high, high2);
        a[i + 3] = _mm512_unpackhi_epi64(high, high2);
    }
    // Lane k of a[4·i + c] holds dword 4·k + c of the rows 4·i ... 4·i + 3.
    for (size_t c = 0; c < 4; c++) {
        __m512i low = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x44);
        __m512i high = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xee);
        __m512i low2 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x44);
        __m512i high2 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xee);
        v[c] = _mm512_shuffle_i32x4(low, low2, 0x88);
        v[4 + c] = _mm512_shuffle_i32x4(low, low2, 0xdd);
        v[8 + c] = _mm512_shuffle_i32x4(high, high2, 0x88);
        v[12 + c] = _mm512_shuffle_i32x4(high, high2, 0xdd);
    }
}

// steps[s], dword i = bytes 4·s ... 4·s + 3 of row i, as sign and magnitude; zero weights where there is none.
BN_INLINE void load_rows(
    __m512i steps[load_steps], const uint8_t *t5, size_t t5_stride, size_t row_count, size_t byte_count) {
    const __m512i zero = _mm512_set1_epi8(bn_t5_zeros);
    __mmask64 present = byte_count < load_bytes ? ((__mmask64)1 << byte_count) - 1 : ~(__mmask64)0;
    for (size_t i = 0; i < row_set; i++) {
        __m512i bytes = zero;
        if (i < row_count) bytes = _mm512_mask_loadu_epi8(zero, present, t5 + i * t5_stride);
        __m512i balanced = _mm512_sub_epi8(bytes, zero);
        __m512i magnitude = _mm512_abs_epi8(balanced);
        const __m512i sign = _mm512_set1_epi8((char)0x80);
        steps[i] = _mm512_or_si512(magnitude, _mm512_and_si512(balanced, sign));
    }
    transpose_dwords(steps);
}

// One step of four row sets, dword 4·k + r of set j being row 16·j + 4·k + r, as four group vectors.
BN_INLINE void store_step(uint8_t *to, const __m512i sets[4]) {
    const __m512i by_group = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    __m512i v[4];
    for (size_t j = 0; j < 4; j++) v[j] = _mm512_shuffle_epi8(sets[j], by_group);
    __m512i low = _mm512_unpacklo_epi32(v[0], v[1]), high = _mm512_unpackhi_epi32(v[0], v[1]);
    __m512i low2 = _mm512_unpacklo_epi32(v[2], v[3]), high2 = _mm512_unpackhi_epi32(v[2], v[3]);
    _mm512_storeu_si512(to, _mm512_unpacklo_epi64(low, low2));
    _mm512_storeu_si512(to + 64, _mm512_unpackhi_epi64(low, low2));
    _mm512_storeu_si512(to + 128, _mm512_unpacklo_epi64(high, high2));
    _mm512_storeu_si512(to + 192, _mm512_unpackhi_epi64(high, high2));
}

static void pack_tile(
    uint8_t *restrict tiles, size_t tile, size_t tile_total, const uint8_t *restrict t5, size_t t5_stride,
    size_t row_count, size_t columns) {
    size_t byte_count = bn_ceil_divide(columns, bn_t5_weights);
    size_t step_count = bn_avx512_step_count(columns);
    size_t stride = bn_avx512_step_bytes * bn_avx512_block_size(tile, tile_total);
    for (size_t step = 0; step < step_count; step += load_steps) {
        size_t first_byte = step * bn_avx512_step_groups;
        __m512i sets[4][load_steps];
        for (size_t j = 0; j < 4; j++) {
            size_t first_row = j * row_set;
            size_t rows = row_count > first_row ? row_count - first_row : 0;
            const uint8_t *from = t5 + (rows > 0 ? first_row * t5_stride + first_byte : 0);
            load_rows(sets[j], from, t5_stride, rows, byte_count - first_byte);
        }
        size_t count = step_count - step < load_steps ? step_count - step : load_steps;
        for (size_t s = 0; s < count; s++) {
            const __m512i one[4] = {sets[0][s], sets[1][s], sets[2][s], sets[3][s]};
            size_t in_chunk = (step + s) % bn_avx512_chunk_steps;
            size_t begin = bn_avx512_offset(tile, tile_total, step + s - in_chunk, step_count);
            store_step(tiles + begin + in_chunk * stride, one);
        }
    }
}

// ---- Scaled groups --------------------------------------------------------------------------------------

static size_t grouped_tile_byte_count(size_t columns, const bn_grouping *grouping) {
    return bn_grouped_pair_bytes * bn_group_count(columns, grouping) * bn_grouped_chunk_pairs(grouping);
}

// The weights of one group of rows `rows`.
static void pack_group(
    uint8_t *pairs, size_t stride, const uint8_t *rows, size_t row_stride, size_t row_count, size_t group) {
    __m512i sets[4][load_steps];
    for (size_t j = 0; j < 4; j++) {
        size_t first_row = j * row_set, count = row_count > first_row ? row_count - first_row : 0;
        const uint8_t *from = rows + (count > 0 ? first_row * row_stride : 0);
        load_rows(sets[j], from, row_stride, count, bn_t5_group_bytes(group));
    }
    size_t pair_count = bn_grouped_pairs(group);
    for (size_t pair = 0; pair < pair_count; pair += 2) {
        uint8_t step[bn_avx512_step_bytes];
        const __m512i one[4] = {sets[0][pair / 2], sets[1][pair / 2], sets[2][pair / 2], sets[3][pair / 2]};
        store_step(step, one);
        memcpy(pairs + pair * stride, step, bn_grouped_pair_bytes);
        if (pair + 1 == pair_count) break;
        memcpy(pairs + (pair + 1) * stride, step + bn_grouped_pair_bytes, bn_grouped_pair_bytes);
    }
}

static void pack_grouped_tile(
    uint8_t *restrict tiles, size_t tile, size_t tile_total, const uint8_t *restrict rows, size_t row_stride,
    size_t row_count, size_t columns, const bn_grouping *grouping) {
    size_t scale_bytes = bn_scale_bytes(grouping->scales);
    size_t stride = bn_grouped_pair_bytes * bn_avx512_block_size(tile, tile_total);
    const uint8_t *scales = bn_row_scales(rows, columns, grouping);
    for (size_t g = 0; g < bn_group_count(columns, grouping); g++) {
        uint8_t *pairs = tiles + bn_grouped_offset(tile, tile_total, g, columns, grouping);
        const bn_grouped_part part = {.pairs = pairs, .stride = stride};
        pack_group(
            pairs, stride, bn_row_group(rows, g, grouping), row_stride, row_count, grouping->columns);
        for (size_t r = 0; r < row_count && scale_bytes > 0; r++) {
            uint8_t *to = pairs + bn_grouped_scale_offset(&part, r, grouping);
            memcpy(to, scales + r * row_stride + g * scale_bytes, scale_bytes);
        }
    }
}

BN_TARGET_END

// One group of a tile's row: `digits` are bn_t5_digits'.
static void read_group(
    float *restrict out, const bn_grouped_part *part, size_t row, const uint16_t *digits,
    const bn_grouping *grouping) {
    // See avx512_layout.h.
    size_t place = row / 4 % 4 * 16 + row / 16 * 4 + row % 4;
    size_t scale_offset = bn_grouped_scale_offset(part, row, grouping);
    float scale = bn_scale_at(part->pairs + scale_offset, 0, grouping->scales);
    for (size_t i = 0; i < grouping->columns; i++) {
        size_t byte = i / bn_t5_weights;
        uint8_t code = part->pairs[byte / 2 * part->stride + byte % 2 * bn_avx512_tile_rows + place];
        int magnitude = code & 0x7f, balanced = code & 0x80 ? -magnitude : magnitude;
        int digit = digits[balanced + bn_t5_zeros] >> (2 * (i % bn_t5_weights)) & 3;
        out[i] = (float)(digit - 1) * scale;
    }
}

static void read_row(
    float *restrict out, const uint8_t *restrict tiles, size_t tile, size_t tile_total, size_t row,
    size_t columns, const bn_grouping *grouping) {
    uint16_t digits[bn_t5_count];
    bn_t5_digits(digits);
    const bn_tile_span span = {.tiles = tiles, .tile_total = tile_total, .columns = columns};
    for (size_t g = 0; g < bn_group_count(columns, grouping); g++) {
        bn_grouped_part part = bn_grouped_part_of(&span, tile, g, grouping);
        read_group(out + g * grouping->columns, &part, row, digits, grouping);
    }
}

static const bn_grouped_kernels grouped = {
    .tile_byte_count = grouped_tile_byte_count,
    .pack_tile = pack_grouped_tile,
    .read_row = read_row,
    .add_only = {
        .tiles_max = bn_avx512_add_only_tiles,
        .tokens_max = bn_avx512_add_only_tokens,
        .byte_count = bn_avx512_grouped_tables_byte_count,
        .arrange = bn_avx512_arrange_grouped_tables,
        .multiply = bn_avx512_grouped_add_only,
    },
    .dot = {
        .tiles_max = bn_avx512_dot_tiles,
        .tokens_max = bn_avx512_dot_tokens,
        .byte_count = bn_avx512_grouped_quads_byte_count,
        .arrange = bn_avx512_arrange_grouped_quads,
        .multiply = bn_avx512_grouped_dot,
    },
};

const bn_ternary_kernels bn_ternary_avx512 = {
    .tile_rows = bn_avx512_tile_rows,
    .block_tiles = bn_avx512_block_tiles,
    .tile_byte_count = bn_avx512_tile_byte_count,
    .pack_tile = pack_tile,
    .add_only = {
        .tiles_max = bn_avx512_add_only_tiles,
        .tokens_max = bn_avx512_add_only_tokens,
        .byte_count = bn_avx512_tables_byte_count,
        .arrange = bn_avx512_arrange_tables,
        .multiply = bn_avx512_add_only,
    },
    .dot = {
        .tiles_max = bn_avx512_dot_tiles,
        .tokens_max = bn_avx512_dot_tokens,
        .byte_count = bn_avx512_quads_byte_count,
        .arrange = bn_avx512_arrange_quads,
        .multiply = bn_avx512_dot,
    },
    .grouped = &grouped,
};

#else
typedef int bn_ternary_avx512_is_for_x86;
#endif
