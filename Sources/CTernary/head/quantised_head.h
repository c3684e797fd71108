// SPDX-License-Identifier: MIT
//
// The exact head from a quantised table.
#ifndef C_TERNARY_QUANTISED_HEAD_H
#define C_TERNARY_QUANTISED_HEAD_H

#include "head/quantised_rows.h"
#include "kernels.h"
#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

enum { quantised_chunk = 256 };

// As head_block: each lane takes its products in the same order.
BN_INLINE void head_block_quantised(
    float *restrict logits, size_t logits_stride, const float *restrict x, const uint8_t *restrict table,
    size_t columns, size_t rows, size_t tokens, bn_float_type type) {
    bn_lanes sums[4][4] = {0};
    size_t row_bytes = bn_row_bytes(type, columns);
    for (size_t begin = 0; begin < columns; begin += quantised_chunk) {
        size_t count = columns - begin < quantised_chunk ? columns - begin : quantised_chunk;
        float weights[4][quantised_chunk];
        for (size_t r = 0; r < rows; r++) {
            const uint8_t *from = table + r * row_bytes + bn_row_bytes(type, begin);
            load_blocks(weights[r], from, type, count);
            for (size_t b = 0; b < bn_row_bytes(type, count); b += 64) prefetch(from + rows * row_bytes + b);
        }
        for (size_t i = 0; i < count; i += bn_lane_count) {
            for (size_t r = 0; r < rows; r++) {
                bn_lanes lanes = load_floats(weights[r] + i);
                for (size_t t = 0; t < tokens; t++) {
                    sums[r][t] = sums[r][t] + load_floats(x + t * columns + begin + i) * lanes;
                }
            }
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t t = 0; t < tokens; t++) logits[t * logits_stride + r] = sum_lanes(sums[r][t]);
    }
}

BN_KERNELS_END

#endif
