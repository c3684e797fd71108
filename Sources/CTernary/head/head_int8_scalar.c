// SPDX-License-Identifier: MIT
//
// For every processor, and what the other kernels are compared with.
#include <string.h>

#include "head/head_int8.h"

static void multiply_tile(
    uint32_t *restrict sums, const uint8_t *restrict tile, const int8_t *restrict halves, size_t columns,
    size_t tokens) {
    memset(sums, 0, 2 * tokens * bn_head_tile_rows * sizeof *sums);
    for (size_t h = 0; h < 2 * tokens; h++) {
        const int8_t *half = halves + h * columns;
        uint32_t *out = sums + h * bn_head_tile_rows;
        for (size_t k = 0; k < columns; k += 4) {
            const uint8_t *codes = tile + k * bn_head_tile_rows;
            for (size_t r = 0; r < bn_head_tile_rows; r++) {
                int32_t sum = 0;
                for (size_t j = 0; j < 4; j++) sum += codes[4 * r + j] * half[k + j];
                out[r] += (uint32_t)sum;
            }
        }
    }
}

const bn_head_kernels bn_head_scalar = BN_HEAD_KERNELS;
