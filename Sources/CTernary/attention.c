// SPDX-License-Identifier: MIT
#include "kernels.h"

static size_t size_of(bn_float_type type) { return type == BN_FLOAT32 ? 4 : 2; }

// Floats before (slot, position, head).
static size_t offset_in(const bn_kv *kv, uint32_t slot, uint32_t position, size_t head) {
    return (((size_t)slot * kv->context + position) * kv->kv_heads + head) * kv->head_size;
}

void bn_kv_store(
    const bn_kernels *kernels, const bn_kv *kv, const float *k, const float *v, size_t tokens,
    const uint32_t *slots, const uint32_t *positions) {
    size_t row = kv->kv_heads * kv->head_size;
    for (size_t t = 0; t < tokens; t++) {
        size_t offset = offset_in(kv, slots[t], positions[t], 0) * size_of(kv->type);
        kernels->floats->store_row((uint8_t *)kv->keys + offset, k + t * row, kv->type, row);
        kernels->floats->store_row((uint8_t *)kv->values + offset, v + t * row, kv->type, row);
    }
}

typedef struct {
    const bn_float_kernels *floats;
    const bn_kv *kv;
    float *out;
    const float *q;
    size_t heads;
    const uint32_t *slots;
    const uint32_t *positions;
    float *scratch;
} attention_region;

// Item i is query head i mod heads of token i / heads: neighbours share their keys and values.
static void attend(void *context, size_t begin, size_t end, size_t thread) {
    const attention_region *region = context;
    const bn_kv *kv = region->kv;
    size_t group = region->heads / kv->kv_heads;
    for (size_t item = begin; item < end; item++) {
        size_t t = item / region->heads;
        size_t kv_head = item % region->heads / group;
        size_t offset = offset_in(kv, region->slots[t], 0, kv_head) * size_of(kv->type);
        region->floats->attend_head(
            region->out + item * kv->head_size, region->q + item * kv->head_size,
            (const uint8_t *)kv->keys + offset, (const uint8_t *)kv->values + offset, kv->type,
            kv->kv_heads * kv->head_size, (size_t)region->positions[t] + 1, kv->head_size,
            region->scratch + thread * kv->context);
    }
}

void bn_attention(
    const bn_kernels *kernels, bn_pool *pool, const bn_kv *kv, float *out, const float *q, size_t tokens,
    size_t heads, const uint32_t *slots, const uint32_t *positions, float *scratch) {
    attention_region region = {kernels->floats, kv, out, q, heads, slots, positions, scratch};
    size_t reach = 0;
    for (size_t t = 0; t < tokens; t++) reach += (size_t)positions[t] + 1;
    size_t mean_cost = tokens == 0 ? 1 : 2 * kv->head_size * (reach / tokens + 1);
    bn_pool_run(pool, tokens * heads, bn_grain(pool, tokens * heads, mean_cost), attend, &region);
}
