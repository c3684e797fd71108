// SPDX-License-Identifier: MIT
#include <stdatomic.h>
#include <string.h>

#include "kernels.h"

size_t bn_table_row_byte_count(bn_float_type type, size_t columns) { return bn_row_bytes(type, columns); }

typedef struct {
    const uint8_t *table;
    bn_float_type type;
    size_t columns;
    atomic_size_t first_invalid;
} table_region;

// Where a block's f16 scales are.
static size_t scales_offset(bn_float_type type) { return type == BN_Q6_K ? 208 : 0; }
static size_t scales_count(bn_float_type type) { return type == BN_Q4_K ? 2 : 1; }

static bool is_finite_row(const uint8_t *row, bn_float_type type, size_t byte_count) {
    uint32_t infinite = 0;
    for (size_t i = scales_offset(type); i < byte_count; i += bn_block_bytes(type)) {
        for (size_t scale = 0; scale < scales_count(type); scale++) {
            uint16_t half;
            memcpy(&half, row + i + scale * sizeof half, sizeof half);
            infinite |= (half & 0x7c00) == 0x7c00;
        }
    }
    return infinite == 0;
}

static void check_rows(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    table_region *region = context;
    size_t row_bytes = bn_row_bytes(region->type, region->columns);
    for (size_t r = begin; r < end; r++) {
        if (is_finite_row(region->table + r * row_bytes, region->type, row_bytes)) continue;
        size_t first = atomic_load(&region->first_invalid);
        while (r < first && !atomic_compare_exchange_weak(&region->first_invalid, &first, r)) {
        }
        return;
    }
}

size_t bn_table_first_invalid_row(
    bn_pool *pool, const void *table, bn_float_type type, size_t rows, size_t columns) {
    if (bn_block_elements(type) == 1) return rows;
    table_region region = {.table = table, .type = type, .columns = columns};
    atomic_init(&region.first_invalid, rows);
    bn_pool_run(pool, rows, bn_grain(pool, rows, bn_row_bytes(type, columns)), check_rows, &region);
    return atomic_load(&region.first_invalid);
}

// ---- Looking up -----------------------------------------------------------------------------------------

typedef struct {
    const bn_float_kernels *floats;
    float *out;
    const uint8_t *table;
    bn_float_type type;
    const uint32_t *ids;
    size_t columns;
} embed_region;

static void embed_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const embed_region *region = context;
    for (size_t t = begin; t < end; t++) {
        const uint8_t *row = region->table + region->ids[t] * bn_row_bytes(region->type, region->columns);
        region->floats->load_row(region->out + t * region->columns, row, region->type, region->columns);
    }
}

void bn_embed(
    const bn_kernels *kernels, bn_pool *pool, float *out, const void *table, bn_float_type type,
    const uint32_t *ids, size_t tokens, size_t columns) {
    embed_region region = {kernels->floats, out, table, type, ids, columns};
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, columns), embed_tokens, &region);
}
