// SPDX-License-Identifier: MIT
//
// Portable layout: one row a tile, sixteen bytes for every 64 columns; byte j holds columns j, 16 + j,
// 32 + j and 48 + j of them from its low bits up, two bits each: weight + 1.
#include <string.h>

#include "kernels.h"
#include "matrix/t5.h"

enum { lanes = 16, block_columns = 64 };

// Blocks whose codes add up in 16 bits: 64 · 4 · 127 < 2^15.
enum { blocks_per_flush = 64 };

static size_t tile_byte_count(size_t columns) { return lanes * bn_ceil_divide(columns, block_columns); }

static void pack_tile(
    uint8_t *restrict tiles, size_t index, size_t tile_total, const uint8_t *restrict t5, size_t t5_stride,
    size_t row_count, size_t columns) {
    (void)tile_total;
    uint8_t *tile = tiles + index * tile_byte_count(columns);
    (void)t5_stride;
    (void)row_count;
    uint16_t digits[bn_t5_count];
    bn_t5_digits(digits);
    memset(tile, 0x55, tile_byte_count(columns));
    for (size_t i = 0; i < columns; i++) {
        uint32_t weight = digits[t5[i / 5]] >> (2 * (i % 5)) & 3u;
        uint8_t *byte = &tile[i / block_columns * lanes + i % lanes];
        size_t shift = i % block_columns / lanes * 2;
        *byte = (uint8_t)((*byte & ~(3u << shift)) | weight << shift);
    }
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

const bn_ternary_kernels bn_ternary_scalar = {
    .tile_rows = 1,
    .block_tiles = 1,
    .tile_byte_count = tile_byte_count,
    .pack_tile = pack_tile,
    .add_only = {64, 16, codes_byte_count, arrange, multiply},
    .dot = {64, 16, codes_byte_count, arrange, multiply},
};
