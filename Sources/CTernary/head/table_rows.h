// SPDX-License-Identifier: MIT
//
// Rows of an embedding or a head, of any type, as floats.
#ifndef C_TERNARY_TABLE_ROWS_H
#define C_TERNARY_TABLE_ROWS_H

#include "head/quantised_rows.h"
#include "kernels.h"
#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

BN_INLINE bn_lanes load_bfloats(const void *from) {
    uint16_t halves[bn_lane_count];
    float floats[bn_lane_count];
    memcpy(halves, from, sizeof halves);
    for (size_t i = 0; i < bn_lane_count; i++) floats[i] = bn_float_of_bits((uint32_t)halves[i] << 16);
    return load_floats(floats);
}

BN_INLINE size_t size_of(bn_float_type type) { return type == BN_FLOAT32 ? 4 : 2; }

// Elements i ..< i + 16 of a row of `type`; `type` is a constant wherever this is inlined.
BN_INLINE bn_lanes load_typed(const void *row, size_t i, bn_float_type type) {
    if (type == BN_FLOAT32) return load_floats((const float *)row + i);
    const uint16_t *halves = (const uint16_t *)row + i;
    return type == BN_FLOAT16 ? load_halves(halves) : load_bfloats(halves);
}

BN_INLINE bn_lanes load_some_typed(const void *row, size_t i, size_t count, bn_float_type type) {
    float padded[bn_lane_count] = {0};
    memcpy(padded, (const uint8_t *)row + i * size_of(type), count * size_of(type));
    return load_typed(padded, 0, type);
}

// `count` is whole blocks.
static void load_row(float *out, const void *row, bn_float_type type, size_t count) {
    switch (type) {
    case BN_Q8_0: load_blocks(out, row, BN_Q8_0, count); return;
    case BN_Q4_0: load_blocks(out, row, BN_Q4_0, count); return;
    case BN_Q4_K: load_blocks(out, row, BN_Q4_K, count); return;
    case BN_Q6_K: load_blocks(out, row, BN_Q6_K, count); return;
    default: break;
    }
    size_t i = 0;
    for (; i + bn_lane_count <= count; i += bn_lane_count) {
        store_floats(out + i, load_typed(row, i, type));
    }
    bn_lanes lanes = load_some_typed(row, i, count - i, type);
    memcpy(out + i, &lanes, (count - i) * sizeof(float));
}

BN_KERNELS_END

#endif
