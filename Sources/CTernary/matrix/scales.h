// SPDX-License-Identifier: MIT
//
// Scales of groups as they lie in memory, beside the weights that they belong to.
#ifndef C_TERNARY_SCALES_H
#define C_TERNARY_SCALES_H

#include <string.h>

#include "kernels.h"
#include "lanes/half.h"
#include "matrix/t5.h"

// 1 where groups have none.
static inline float bn_scale_at(const uint8_t *scales, size_t index, bn_scale_type type) {
    if (type == BN_SCALE_ROW) return 1.0f;
    if (type == BN_SCALE_SINGLE) {
        float scale;
        memcpy(&scale, scales + 4 * index, sizeof scale);
        return scale;
    }
    uint16_t half;
    memcpy(&half, scales + 2 * index, sizeof half);
    return bn_float_of_half(half);
}

static inline size_t bn_group_count(size_t columns, const bn_grouping *grouping) {
    return columns / grouping->columns;
}

// Group `index` of a row as bn_matrix_fill takes it, and the scales of all its groups.
static inline const uint8_t *bn_row_group(const uint8_t *row, size_t index, const bn_grouping *grouping) {
    return row + index * bn_t5_group_bytes(grouping->columns);
}

static inline const uint8_t *bn_row_scales(
    const uint8_t *row, size_t columns, const bn_grouping *grouping) {
    return bn_row_group(row, bn_group_count(columns, grouping), grouping);
}

#endif
