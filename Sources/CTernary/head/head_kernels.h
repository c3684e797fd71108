// SPDX-License-Identifier: MIT
//
// The exact head from a table of any type.
#ifndef C_TERNARY_HEAD_KERNELS_H
#define C_TERNARY_HEAD_KERNELS_H

#include "head/quantised_head.h"
#include "head/table_rows.h"
#include "kernels.h"
#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

// Products of `rows` table rows with `tokens` tokens, each loaded vector used for all of the other side.
BN_INLINE void head_block(
    float *restrict logits, size_t logits_stride, const float *restrict x, const uint8_t *restrict table,
    size_t columns, size_t rows, size_t tokens, bn_float_type type) {
    if (bn_block_elements(type) > 1) {
        head_block_quantised(logits, logits_stride, x, table, columns, rows, tokens, type);
        return;
    }
    bn_lanes sums[4][4] = {0};
    size_t row_bytes = columns * size_of(type);
    size_t whole = columns - columns % bn_lane_count;
    for (size_t i = 0; i < whole; i += bn_lane_count) {
        for (size_t r = 0; r < rows; r++) {
            bn_lanes weights = load_typed(table + r * row_bytes, i, type);
            // Rows are too short for the processor to find the next ones by itself in time.
            prefetch(table + (r + rows) * row_bytes + i * size_of(type));
            for (size_t t = 0; t < tokens; t++) {
                sums[r][t] = sums[r][t] + load_floats(x + t * columns + i) * weights;
            }
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t t = 0; t < tokens; t++) {
            if (whole < columns) {
                bn_lanes weights = load_some_typed(table + r * row_bytes, whole, columns - whole, type);
                bn_lanes values = load_some_floats(x + t * columns + whole, columns - whole);
                sums[r][t] = sums[r][t] + values * weights;
            }
            logits[t * logits_stride + r] = sum_lanes(sums[r][t]);
        }
    }
}

BN_INLINE void head_rows_typed(
    float *restrict logits, size_t logits_stride, const float *restrict x, const uint8_t *restrict table,
    size_t tokens, size_t row_count, size_t columns, bn_float_type type) {
    size_t row_bytes = bn_row_bytes(type, columns);
    size_t r = 0;
    if (tokens == 1) {
        for (; r + 4 <= row_count; r += 4) {
            head_block(logits + r, logits_stride, x, table + r * row_bytes, columns, 4, 1, type);
        }
    }
    for (; r < row_count; r++) {
        const uint8_t *row = table + r * row_bytes;
        size_t t = 0;
        for (; t + 4 <= tokens; t += 4) {
            head_block(
                logits + t * logits_stride + r, logits_stride, x + t * columns, row, columns, 1, 4, type);
        }
        for (; t < tokens; t++) {
            head_block(
                logits + t * logits_stride + r, logits_stride, x + t * columns, row, columns, 1, 1, type);
        }
    }
}

static void head_rows(
    float *restrict logits, size_t logits_stride, const float *restrict x, const void *table,
    bn_float_type type, size_t tokens, size_t row_count, size_t columns) {
    switch (type) {
    case BN_FLOAT32:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_FLOAT32);
        return;
    case BN_FLOAT16:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_FLOAT16);
        return;
    case BN_BFLOAT16:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_BFLOAT16);
        return;
    case BN_Q8_0:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_Q8_0);
        return;
    case BN_Q4_0:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_Q4_0);
        return;
    case BN_Q4_K:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_Q4_K);
        return;
    case BN_Q6_K:
        head_rows_typed(logits, logits_stride, x, table, tokens, row_count, columns, BN_Q6_K);
        return;
    }
}

BN_KERNELS_END

#endif
