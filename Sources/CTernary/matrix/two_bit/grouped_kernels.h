// SPDX-License-Identifier: MIT
//
// Products of two-bit tiles whose groups of columns have scales of their own, written once. A tile is, for each
// group, the vectors of its columns and then a scale for each row: one run of bytes, as it is read.
#ifndef C_TERNARY_TWO_BIT_GROUPED_KERNELS_H
#define C_TERNARY_TWO_BIT_GROUPED_KERNELS_H

#include "matrix/scales.h"
#include "matrix/two_bit/two_bit_kernels.h"

BN_KERNELS_BEGIN

// tile_rows half floats.
BN_INLINE void load_half_scales(float *restrict to, const uint8_t *restrict from);

static size_t group_bytes(const bn_grouping *grouping) {
    return tile_byte_count(grouping->columns) + tile_rows * bn_scale_bytes(grouping->scales);
}

static size_t grouped_tile_byte_count(size_t columns, const bn_grouping *grouping) {
    return bn_group_count(columns, grouping) * group_bytes(grouping);
}

static void pack_grouped_tile(
    uint8_t *restrict tiles, size_t index, size_t tile_total, const uint8_t *restrict rows, size_t row_stride,
    size_t row_count, size_t columns, const bn_grouping *grouping) {
    size_t group_count = bn_group_count(columns, grouping), scale_bytes = bn_scale_bytes(grouping->scales);
    uint8_t *tile = tiles + index * grouped_tile_byte_count(columns, grouping);
    const uint8_t *scales = bn_row_scales(rows, columns, grouping);
    for (size_t g = 0; g < group_count; g++) {
        uint8_t *to = tile + g * group_bytes(grouping);
        pack_tile(
            to, 0, tile_total, bn_row_group(rows, g, grouping), row_stride, row_count, grouping->columns);
        to += tile_byte_count(grouping->columns);
        for (size_t r = 0; r < row_count; r++) {
            memcpy(to + r * scale_bytes, scales + r * row_stride + g * scale_bytes, scale_bytes);
        }
    }
}

static void read_row(
    float *restrict out, const uint8_t *restrict tiles, size_t tile, size_t tile_total, size_t row,
    size_t columns, const bn_grouping *grouping) {
    (void)tile_total;
    const uint8_t *from = tiles + tile * grouped_tile_byte_count(columns, grouping);
    for (size_t i = 0; i < columns; i++) {
        const uint8_t *group = from + i / grouping->columns * group_bytes(grouping);
        size_t column = i % grouping->columns;
        int code = group[column / group_columns * tile_rows + row] >> (column % group_columns * 2) & 3;
        const uint8_t *scales = group + tile_byte_count(grouping->columns);
        out[i] = (float)(code - 1) * bn_scale_at(scales, row, grouping->scales);
    }
}

BN_INLINE void load_scales(float *restrict to, const uint8_t *restrict from, bn_scale_type type) {
    switch (type) {
    case BN_SCALE_HALF: load_half_scales(to, from); return;
    case BN_SCALE_SINGLE: memcpy(to, from, tile_rows * sizeof(float)); return;
    case BN_SCALE_ROW:
        for (size_t r = 0; r < tile_rows; r++) to[r] = 1.0f;
    }
}

BN_INLINE void add_scaled(
    float *restrict rows, const int32_t *restrict sums, const float *restrict scales, float code_scale) {
    for (size_t r = 0; r < tile_rows; r++) {
        float factor = scales[r] * code_scale;
        rows[r] = rows[r] + (float)sums[r] * factor;
    }
}

// ---- Additions only -------------------------------------------------------------------------------------

static size_t grouped_tables_byte_count(size_t columns, size_t group) {
    (void)group;
    return tables_byte_count(columns);
}

static void arrange_grouped_tables(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group) {
    (void)group;
    arrange_tables(out, codes, columns);
}

// `tile_count` (a constant) tiles side by side.
BN_INLINE void look_up_grouped_tiles(
    float *restrict rows, const uint8_t *restrict tiles, size_t tile_count, size_t columns,
    const bn_grouping *grouping, const uint8_t *restrict tables, const float *restrict code_scales) {
    size_t tile_bytes = grouped_tile_byte_count(columns, grouping);
    size_t vectors = grouping->columns / group_columns, group_count = bn_group_count(columns, grouping);
    memset(rows, 0, tile_count * tile_rows * sizeof(float));
    for (size_t g = 0; g < group_count; g++) {
        const uint8_t *weights = tiles + g * group_bytes(grouping);
        int32_t sums[piece_tiles * tile_rows];
        look_up_tiles(
            sums, weights, tile_bytes, tile_count, vectors, tables + g * vectors * group_table_bytes);
        for (size_t i = 0; i < tile_count; i++) {
            float scales[tile_rows];
            load_scales(scales, weights + i * tile_bytes + vectors * tile_rows, grouping->scales);
            add_scaled(rows + i * tile_rows, sums + i * tile_rows, scales, code_scales[g]);
        }
    }
}

static void multiply_grouped_add_only(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens) {
    size_t columns = span->columns, tile_bytes = grouped_tile_byte_count(columns, grouping);
    const uint8_t *tiles = span->tiles + span->first_tile * tile_bytes;
    for (size_t t = 0; t < tokens; t++) {
        float *rows = sums + t * sums_stride;
        const uint8_t *tables = activations + t * activations_stride;
        const float *scales = codes->scales + t * codes->stride;
        if (span->tile_count == piece_tiles) {
            look_up_grouped_tiles(rows, tiles, piece_tiles, columns, grouping, tables, scales);
            continue;
        }
        for (size_t i = 0; i < span->tile_count; i++) {
            look_up_grouped_tiles(
                rows + i * tile_rows, tiles + i * tile_bytes, 1, columns, grouping, tables, scales);
        }
    }
}

// ---- Dot products ---------------------------------------------------------------------------------------

static size_t grouped_codes_byte_count(size_t columns, size_t group) {
    (void)group;
    return codes_byte_count(columns);
}

static void arrange_grouped_codes(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group) {
    (void)group;
    arrange_codes(out, codes, columns);
}

// What a product of weights + 1 begins with.
BN_INLINE void begin_sums(int32_t *restrict sums, int32_t code_sum) {
    for (size_t r = 0; r < tile_rows; r++) sums[r] = -code_sum;
}

// One group of one tile, its weights spread, with `tokens` (a constant) tokens.
BN_INLINE void multiply_spread_group(
    float *restrict rows, size_t rows_stride, const spread_step *steps, size_t step_count,
    const float *restrict scales, const uint8_t *restrict activations, size_t activations_stride,
    const bn_group_codes *codes, size_t first_token, size_t group, size_t tokens) {
    int32_t sums[block_tokens][tile_rows];
    for (size_t t = 0; t < tokens; t++) {
        begin_sums(sums[t], codes->code_sums[(first_token + t) * codes->stride + group]);
    }
    for (size_t begin = 0; begin < step_count; begin += chunk_steps) {
        size_t count = step_count - begin < chunk_steps ? step_count - begin : chunk_steps;
        multiply_spread(
            sums[0], tile_rows, steps + begin, count, activations + begin * step_codes_bytes,
            activations_stride, tokens);
    }
    for (size_t t = 0; t < tokens; t++) {
        float code_scale = codes->scales[(first_token + t) * codes->stride + group];
        add_scaled(rows + t * rows_stride, sums[t], scales, code_scale);
    }
}

static void multiply_grouped_dot(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens) {
    size_t columns = span->columns, tile_bytes = grouped_tile_byte_count(columns, grouping);
    size_t group_count = bn_group_count(columns, grouping);
    size_t step_count = grouping->columns / step_columns;
    for (size_t t = 0; t < tokens; t++) {
        memset(sums + t * sums_stride, 0, span->tile_count * tile_rows * sizeof(float));
    }
    for (size_t g = 0; g < group_count; g++) {
        const uint8_t *group_codes = activations + g * step_count * step_codes_bytes;
        for (size_t i = 0; i < span->tile_count; i++) {
            const uint8_t *weights =
                span->tiles + (span->first_tile + i) * tile_bytes + g * group_bytes(grouping);
            spread_step steps[bn_group_chunk / step_columns];
            for (size_t step = 0; step < step_count; step++) {
                prefetch(weights, step * step_bytes, step_bytes);
                spread(&steps[step], weights + step * step_bytes);
            }
            float scales[tile_rows];
            load_scales(scales, weights + step_count * step_bytes, grouping->scales);
            float *rows = sums + i * tile_rows;
            size_t t = 0;
            for (; t + block_tokens <= tokens; t += block_tokens) {
                multiply_spread_group(
                    rows + t * sums_stride, sums_stride, steps, step_count, scales,
                    group_codes + t * activations_stride, activations_stride, codes, t, g, block_tokens);
            }
            for (; t < tokens; t++) {
                multiply_spread_group(
                    rows + t * sums_stride, sums_stride, steps, step_count, scales,
                    group_codes + t * activations_stride, activations_stride, codes, t, g, 1);
            }
        }
    }
}

BN_KERNELS_END

static const bn_grouped_kernels grouped = {
    .tile_byte_count = grouped_tile_byte_count,
    .pack_tile = pack_grouped_tile,
    .read_row = read_row,
    .add_only = {
        piece_tiles, tokens_max, grouped_tables_byte_count, arrange_grouped_tables,
        multiply_grouped_add_only},
    .dot = {piece_tiles, tokens_max, grouped_codes_byte_count, arrange_grouped_codes, multiply_grouped_dot},
};

#endif
