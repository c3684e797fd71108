// SPDX-License-Identifier: MIT
#include <stdatomic.h>

#include "kernels.h"

static size_t token_byte_count(size_t columns) {
    return 2 * bn_ceil_divide(columns, bn_hop_block) + columns;
}

typedef struct {
    const bn_float_kernels *floats;
    uint8_t *encoded;
    const uint8_t *hop;
    float *decoded;
    const float *x;
    size_t columns;
    _Atomic bool is_not_finite;
} hop_region;

static void encode_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    hop_region *region = context;
    for (size_t t = begin; t < end; t++) {
        uint8_t *out = region->encoded + t * token_byte_count(region->columns);
        const float *x = region->x + t * region->columns;
        if (!region->floats->hop_encode_token(out, x, region->columns)) {
            atomic_store(&region->is_not_finite, true);
        }
    }
}

static void decode_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    hop_region *region = context;
    for (size_t t = begin; t < end; t++) {
        float *out = region->decoded + t * region->columns;
        const uint8_t *hop = region->hop + t * token_byte_count(region->columns);
        if (!region->floats->hop_decode_token(out, hop, region->columns)) {
            atomic_store(&region->is_not_finite, true);
        }
    }
}

static void round_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    hop_region *region = context;
    for (size_t t = begin; t < end; t++) {
        if (!region->floats->hop_round_token(region->decoded + t * region->columns, region->columns)) {
            atomic_store(&region->is_not_finite, true);
        }
    }
}

bn_status bn_hop_round(const bn_kernels *kernels, bn_pool *pool, float *x, size_t tokens, size_t columns) {
    hop_region region = {.floats = kernels->floats, .decoded = x, .columns = columns};
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, 3 * columns), round_tokens, &region);
    return atomic_load(&region.is_not_finite) ? BN_NOT_FINITE : BN_OK;
}

bn_status bn_hop_encode(
    const bn_kernels *kernels, bn_pool *pool, uint8_t *out, const float *x, size_t tokens, size_t columns) {
    hop_region region = {.floats = kernels->floats, .encoded = out, .x = x, .columns = columns};
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, 2 * columns), encode_tokens, &region);
    return atomic_load(&region.is_not_finite) ? BN_NOT_FINITE : BN_OK;
}

bn_status bn_hop_decode(
    const bn_kernels *kernels, bn_pool *pool, float *out, const uint8_t *hop, size_t tokens, size_t columns) {
    hop_region region = {.floats = kernels->floats, .decoded = out, .hop = hop, .columns = columns};
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, columns), decode_tokens, &region);
    return atomic_load(&region.is_not_finite) ? BN_NOT_FINITE : BN_OK;
}
