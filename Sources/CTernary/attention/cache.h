// SPDX-License-Identifier: MIT
//
// Where keys and values lie.
#ifndef C_TERNARY_CACHE_H
#define C_TERNARY_CACHE_H

#include "kernels.h"

// Of one slot and key head: the keys or the values of all positions, their number rounded up to whole blocks;
// behind codes their scales.
static inline size_t bn_region_bytes(bn_kv_type type, size_t context, size_t row_elements) {
    size_t scale_bytes = type == BN_KV_INT8 ? sizeof(float) : 0;
    return bn_round_up(context, bn_key_block) * (row_elements * bn_kv_element_bytes(type) + scale_bytes);
}

typedef struct {
    uint8_t *rows;
    float *scales;
} bn_kv_place;

static inline size_t bn_key_elements(const bn_kv *kv) {
    return kv->type == BN_KV_INT8 ? bn_round_up(kv->head_size, 2) : kv->head_size;
}

static inline size_t bn_value_elements(const bn_kv *kv) { return bn_round_up(kv->head_size, 16); }

// The row of `position`, and its scale.
static inline bn_kv_place bn_place_of(
    const bn_kv *kv, void *all, size_t row_elements, uint32_t slot, size_t head, size_t position) {
    size_t region = (size_t)slot * kv->kv_heads + head;
    size_t row_bytes = row_elements * bn_kv_element_bytes(kv->type);
    uint8_t *rows = (uint8_t *)all + region * bn_region_bytes(kv->type, kv->context, row_elements);
    float *scales = (float *)(rows + bn_round_up(kv->context, bn_key_block) * row_bytes);
    return (bn_kv_place){rows + position * row_bytes, scales + position};
}

// From position `position` on, a multiple of bn_key_block.
static inline bn_kv_place bn_keys_at(const bn_kv *kv, uint32_t slot, size_t head, size_t position) {
    return bn_place_of(kv, kv->keys, bn_key_elements(kv), slot, head, position);
}

static inline bn_kv_place bn_values_at(const bn_kv *kv, uint32_t slot, size_t head, size_t position) {
    return bn_place_of(kv, kv->values, bn_value_elements(kv), slot, head, position);
}

#endif
