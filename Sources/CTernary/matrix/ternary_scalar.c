// SPDX-License-Identifier: MIT
//
// Portable layout: one row a tile, sixteen bytes for every 64 columns; byte j holds columns j, 16 + j,
// 32 + j and 48 + j of them from its low bits up, two bits each: weight + 1. With scaled groups the scales of all
// of a row's groups stand behind it.
#include <string.h>

#include "kernels.h"
#include "matrix/scales.h"
#include "matrix/t5.h"

enum { lanes = 16, block_columns = 64 };

// Blocks whose codes add up in 16 bits: 64 · 4 · 127 < 2^15.
enum { blocks_per_flush = 64 };

static size_t tile_byte_count(size_t columns) { return lanes * bn_ceil_divide(columns, block_columns); }

static void pack_weights(uint8_t *restrict to, const uint8_t *restrict t5, size_t columns) {
    uint16_t digits[bn_t5_count];
    bn_t5_digits(digits);
    memset(to, 0x55, tile_byte_count(columns));
    for (size_t i = 0; i < columns; i++) {
        uint32_t weight = digits[t5[i / 5]] >> (2 * (i % 5)) & 3u;
        uint8_t *byte = &to[i / block_columns * lanes + i % lanes];
        size_t shift = i % block_columns / lanes * 2;
        *byte = (uint8_t)((*byte & ~(3u << shift)) | weight << shift);
    }
}

static void pack_tile(
    uint8_t *restrict tiles, size_t index, size_t tile_total, const uint8_t *restrict t5, size_t t5_stride,
    size_t row_count, size_t columns) {
    (void)tile_total;
    (void)t5_stride;
    (void)row_count;
    pack_weights(tiles + index * tile_byte_count(columns), t5, columns);
}

static size_t codes_byte_count(size_t columns) { return bn_round_up(columns, block_columns); }

static void arrange(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    memcpy(out, codes, codes_byte_count(columns));
}

// The selections of one block: a weight of +1 adds the code, one of -1 subtracts it, 0 selects nothing.
static inline void add_block(
    int16_t *restrict sums, const uint8_t *restrict weights, const int8_t *restrict codes) {
    for (size_t digit = 0; digit < 4; digit++) {
        for (size_t j = 0; j < lanes; j++) {
            uint8_t weight = weights[j] >> (2 * digit) & 3;
            int8_t plus = (int8_t)(weight == 2 ? codes[digit * lanes + j] : 0);
            int8_t minus = (int8_t)(weight == 0 ? codes[digit * lanes + j] : 0);
            sums[j] = (int16_t)(sums[j] + plus - minus);
        }
    }
}

static int32_t row_sum(const uint8_t *restrict row, const int8_t *restrict codes, size_t columns) {
    size_t block_count = bn_ceil_divide(columns, block_columns);
    int32_t total = 0;
    for (size_t begin = 0; begin < block_count; begin += blocks_per_flush) {
        size_t end = block_count - begin < blocks_per_flush ? block_count : begin + blocks_per_flush;
        int16_t sums[lanes] = {0};
        for (size_t b = begin; b < end; b++) add_block(sums, row + b * lanes, codes + b * block_columns);
        for (size_t j = 0; j < lanes; j++) total += sums[j];
    }
    return total;
}

static void multiply(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
    const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
    size_t tokens) {
    size_t columns = span->columns, tile_count = span->tile_count;
    const uint8_t *tiles = span->tiles + span->first_tile * tile_byte_count(columns);
    (void)code_sums;
    size_t row_bytes = tile_byte_count(columns);
    for (size_t r = 0; r < tile_count; r++) {
        for (size_t t = 0; t < tokens; t++) {
            const int8_t *codes = (const int8_t *)activations + t * activations_stride;
            sums[t * sums_stride + r] = row_sum(tiles + r * row_bytes, codes, columns);
        }
    }
}

// ---- Scaled groups --------------------------------------------------------------------------------------

static size_t grouped_tile_byte_count(size_t columns, const bn_grouping *grouping) {
    return tile_byte_count(columns) + bn_group_count(columns, grouping) * bn_scale_bytes(grouping->scales);
}

static void pack_grouped_tile(
    uint8_t *restrict tiles, size_t index, size_t tile_total, const uint8_t *restrict rows, size_t row_stride,
    size_t row_count, size_t columns, const bn_grouping *grouping) {
    (void)tile_total;
    (void)row_stride;
    (void)row_count;
    uint8_t *tile = tiles + index * grouped_tile_byte_count(columns, grouping);
    size_t group_count = bn_group_count(columns, grouping);
    for (size_t g = 0; g < group_count; g++) {
        pack_weights(
            tile + g * tile_byte_count(grouping->columns), bn_row_group(rows, g, grouping),
            grouping->columns);
    }
    memcpy(
        tile + tile_byte_count(columns), bn_row_scales(rows, columns, grouping),
        group_count * bn_scale_bytes(grouping->scales));
}

static void read_row(
    float *restrict out, const uint8_t *restrict tiles, size_t tile, size_t tile_total, size_t row,
    size_t columns, const bn_grouping *grouping) {
    (void)tile_total;
    (void)row;
    const uint8_t *from = tiles + tile * grouped_tile_byte_count(columns, grouping);
    for (size_t i = 0; i < columns; i++) {
        int code = from[i / block_columns * lanes + i % lanes] >> (i % block_columns / lanes * 2) & 3;
        float scale =
            bn_scale_at(from + tile_byte_count(columns), i / grouping->columns, grouping->scales);
        out[i] = (float)(code - 1) * scale;
    }
}

static size_t grouped_codes_byte_count(size_t columns, size_t group) {
    (void)group;
    return codes_byte_count(columns);
}

static void arrange_grouped(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group) {
    (void)group;
    arrange(out, codes, columns);
}

static void multiply_grouped(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens) {
    size_t columns = span->columns, group = grouping->columns;
    size_t group_count = bn_group_count(columns, grouping);
    size_t tile_bytes = grouped_tile_byte_count(columns, grouping);
    for (size_t r = 0; r < span->tile_count; r++) {
        const uint8_t *tile = span->tiles + (span->first_tile + r) * tile_bytes;
        for (size_t t = 0; t < tokens; t++) {
            const int8_t *token = (const int8_t *)activations + t * activations_stride;
            const float *scales = codes->scales + t * codes->stride;
            float sum = 0.0f;
            for (size_t g = 0; g < group_count; g++) {
                int32_t product = row_sum(tile + g * tile_byte_count(group), token + g * group, group);
                float factor =
                    bn_scale_at(tile + tile_byte_count(columns), g, grouping->scales) * scales[g];
                sum = sum + (float)product * factor;
            }
            sums[t * sums_stride + r] = sum;
        }
    }
}

static const bn_grouped_kernels grouped = {
    .tile_byte_count = grouped_tile_byte_count,
    .pack_tile = pack_grouped_tile,
    .read_row = read_row,
    .add_only = {64, 16, grouped_codes_byte_count, arrange_grouped, multiply_grouped},
    .dot = {64, 16, grouped_codes_byte_count, arrange_grouped, multiply_grouped},
};

const bn_ternary_kernels bn_ternary_scalar = {
    .tile_rows = 1,
    .block_tiles = 1,
    .tile_byte_count = tile_byte_count,
    .pack_tile = pack_tile,
    .add_only = {64, 16, codes_byte_count, arrange, multiply},
    .dot = {64, 16, codes_byte_count, arrange, multiply},
    .grouped = &grouped,
};
