// SPDX-License-Identifier: MIT
#ifndef C_TERNARY_MATRIX_H
#define C_TERNARY_MATRIX_H

#include "kernels.h"

struct bn_matrix {
    const bn_kernels *kernels;
    size_t rows;
    size_t columns;
    float scale;
    bn_grouping grouping;  // of 0 columns if there is one scale
    float *row_scales;     // [rows], or NULL
    size_t tile_count;
    size_t tile_bytes;
    size_t tiles_byte_count;
    size_t byte_count;
    uint8_t *tiles;
};

// Which step's codes a thread has arranged; a line of the cache for each thread.
typedef struct {
    _Alignas(64) uint64_t number;
} bn_arranged_step;

struct bn_activations {
    const bn_kernels *kernels;
    size_t dot_tokens_min;  // from how many tokens on the dot kernel serves
    size_t thread_count;
    size_t tokens_max;
    size_t columns_max;
    size_t group;  // 0, or the group of the matrices
    size_t tokens;
    size_t columns;
    size_t codes_stride;
    int8_t *codes;       // [tokens_max][codes_stride], zeros behind the columns
    float *scales;       // [tokens_max]
    int32_t *code_sums;  // [tokens_max]
    // With groups, [tokens_max][group_stride], which is whole chunks, zeros behind the columns.
    size_t group_stride;
    float *group_scales;
    int32_t *group_sums;
    size_t arranged_byte_count;
    size_t arranged_stride;
    uint8_t *arranged;  // as the kernel that serves `tokens` wants it
    // The tables of a single token are many times as large as its codes: a thread makes its own in the time
    // that it would take to fetch another thread's.
    bool is_arranged_by_thread;
    uint64_t step_number;
    bn_arranged_step *arranged_steps;  // [thread_count]
};

// All tokens' arranged codes for use by `thread`, the only one that may ask for them.
const uint8_t *bn_activations_arranged(const bn_activations *activations, size_t thread);

static inline size_t bn_group_stride(size_t columns, size_t group) {
    return group == 0 ? 0 : bn_round_up(columns, bn_group_chunk) / group;
}

// Whether a step of `tokens` tokens is multiplied by the dot product.
static inline bool bn_uses_dot(const bn_activations *activations, size_t tokens) {
    return tokens >= activations->dot_tokens_min;
}

// The kernel that serves a step of `tokens` tokens.
static inline const bn_product_kernel *bn_product_kernel_for(
    const bn_activations *activations, size_t tokens) {
    const bn_ternary_kernels *ternary = activations->kernels->ternary;
    return bn_uses_dot(activations, tokens) ? &ternary->dot : &ternary->add_only;
}

static inline const bn_grouped_product_kernel *bn_grouped_kernel_for(
    const bn_activations *activations, size_t tokens) {
    const bn_grouped_kernels *grouped = activations->kernels->ternary->grouped;
    return bn_uses_dot(activations, tokens) ? &grouped->dot : &grouped->add_only;
}

#endif
