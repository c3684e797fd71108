// SPDX-License-Identifier: MIT
#ifndef C_TERNARY_MATRIX_H
#define C_TERNARY_MATRIX_H

#include "kernels.h"

struct bn_matrix {
    const bn_kernels *kernels;
    size_t rows;
    size_t columns;
    float scale;
    size_t tile_count;
    size_t tile_bytes;
    size_t byte_count;
    uint8_t *tiles;
};

struct bn_activations {
    const bn_kernels *kernels;
    size_t tokens_max;
    size_t columns_max;
    size_t tokens;
    size_t columns;
    size_t codes_stride;
    int8_t *codes;       // [tokens_max][codes_stride], zeros behind the columns
    float *scales;       // [tokens_max]
    int32_t *code_sums;  // [tokens_max]
    size_t arranged_byte_count;
    size_t arranged_stride;
    uint8_t *arranged;  // as the kernel that serves `tokens` wants it
};

// One token is decoded add-only.
static inline const bn_product_kernel *bn_product_kernel_for(const bn_kernels *kernels, size_t tokens) {
    return tokens == 1 ? &kernels->ternary->single : &kernels->ternary->batch;
}

#endif
