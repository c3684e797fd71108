// SPDX-License-Identifier: MIT
#ifndef C_TERNARY_FAST_HEAD_H
#define C_TERNARY_FAST_HEAD_H

#include "kernels.h"

struct bn_fast_head {
    const bn_kernels *kernels;
    // [rows][columns], the caller's.
    const uint8_t *table;
    bn_float_type type;
    size_t rows;
    size_t columns;
    size_t tile_count;
    size_t tile_bytes;
    size_t byte_count;
    // One block: the tiles, then three floats for each row of each tile.
    uint8_t *tiles;
    // Row r is scales[r] · (codes - 128), but for a remainder.
    float *scales;
    // At least ‖row - scale·codes‖ and ‖scale·codes‖; infinite where the row is not finite.
    float *remainder_norms;
    float *code_norms;
    // At least the largest of the rows' norms.
    double norm_max;
};

// Columns of a tile: whole groups of four.
static inline size_t bn_head_tile_columns(size_t columns) { return bn_round_up(columns, 4); }

#endif
