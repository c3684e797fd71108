// SPDX-License-Identifier: MIT
#include <string.h>

#include "attention/cache.h"

size_t bn_kv_byte_count(bn_kv_type type, size_t slots, size_t context, size_t kv_heads, size_t head_size) {
    return slots * kv_heads * bn_region_bytes(type, context, bn_round_up(head_size, 16));
}

// ---- Storing --------------------------------------------------------------------------------------------

typedef struct {
    const bn_float_kernels *floats;
    const bn_kv *kv;
    const float *k;
    const float *v;
    size_t tokens;
    const uint32_t *slots;
    const uint32_t *positions;
} store_region;

// Item i is token i mod tokens of head i / tokens: neighbours write the same blocks.
static void store_heads(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const store_region *region = context;
    const bn_kv *kv = region->kv;
    for (size_t item = begin; item < end; item++) {
        size_t t = item % region->tokens;
        size_t head = item / region->tokens;
        size_t position = region->positions[t];
        size_t lane = position % bn_key_block;
        size_t at = (t * kv->kv_heads + head) * kv->head_size;
        bn_kv_place keys = bn_keys_at(kv, region->slots[t], head, position - lane);
        bn_kv_place values = bn_values_at(kv, region->slots[t], head, position - lane);
        region->floats->store_key(
            keys.rows, keys.scales, region->k + at, kv->type, kv->head_size, lane);
        region->floats->store_value(
            values.rows, values.scales, region->v + at, kv->type, kv->head_size, lane);
    }
}

void bn_kv_store(
    const bn_kernels *kernels, bn_pool *pool, const bn_kv *kv, const float *k, const float *v, size_t tokens,
    const uint32_t *slots, const uint32_t *positions) {
    store_region region = {kernels->floats, kv, k, v, tokens, slots, positions};
    size_t item_count = tokens * kv->kv_heads;
    // A key is written with one line of cache for each two elements.
    bn_pool_run(pool, item_count, bn_grain(pool, item_count, 16 * kv->head_size), store_heads, &region);
}

// ---- Copying --------------------------------------------------------------------------------------------

typedef struct {
    const bn_kv *kv;
    uint32_t from;
    uint32_t to;
    size_t count;
    size_t span_count;
} copy_region;

static void copy_rows(const bn_kv *kv, bn_kv_place to, bn_kv_place from, size_t rows, size_t row_elements) {
    memcpy(to.rows, from.rows, rows * row_elements * bn_kv_element_bytes(kv->type));
    if (kv->type == BN_KV_INT8) memcpy(to.scales, from.scales, rows * sizeof(float));
}

// Item i is span i mod span_count of key head i / span_count.
static void copy_spans(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const copy_region *region = context;
    const bn_kv *kv = region->kv;
    for (size_t item = begin; item < end; item++) {
        size_t head = item / region->span_count;
        size_t first = item % region->span_count * bn_attention_span;
        size_t left = region->count - first;
        // Whole blocks of keys, of which there is room for each that has begun.
        size_t rows = bn_round_up(left < bn_attention_span ? left : bn_attention_span, bn_key_block);
        copy_rows(
            kv, bn_keys_at(kv, region->to, head, first), bn_keys_at(kv, region->from, head, first), rows,
            bn_key_elements(kv));
        copy_rows(
            kv, bn_values_at(kv, region->to, head, first), bn_values_at(kv, region->from, head, first), rows,
            bn_value_elements(kv));
    }
}

void bn_kv_copy(bn_pool *pool, const bn_kv *kv, uint32_t from, uint32_t to, size_t count) {
    copy_region region = {kv, from, to, count, bn_ceil_divide(count, bn_attention_span)};
    size_t item_count = region.span_count * kv->kv_heads;
    size_t cost = 2 * bn_attention_span * kv->head_size * bn_kv_element_bytes(kv->type);
    bn_pool_run(pool, item_count, bn_grain(pool, item_count, cost), copy_spans, &region);
}
