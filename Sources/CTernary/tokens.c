// SPDX-License-Identifier: MIT
//
// What is done token by token (or row by row of a table), spread over the pool.
#include "kernels.h"

typedef struct {
    const bn_float_kernels *floats;
    float *out;
    const float *x;
    const float *weight;
    size_t columns;
    float epsilon;
} norm_region;

static void norm_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const norm_region *region = context;
    for (size_t t = begin; t < end; t++) {
        size_t at = t * region->columns;
        region->floats->rms_norm_token(
            region->out + at, region->x + at, region->weight, region->columns, region->epsilon);
    }
}

void bn_rms_norm(
    const bn_kernels *kernels, bn_pool *pool, float *out, const float *x, const float *weight, size_t tokens,
    size_t columns, float epsilon) {
    norm_region region = {kernels->floats, out, x, weight, columns, epsilon};
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, 2 * columns), norm_tokens, &region);
}

typedef struct {
    const bn_float_kernels *floats;
    float *gate;
    const float *up;
    bool squared;
} gate_region;

static void gate_values(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const gate_region *region = context;
    region->floats->gate_span(region->gate + begin, region->up + begin, end - begin, region->squared);
}

void bn_gate(
    const bn_kernels *kernels, bn_pool *pool, float *gate, const float *up, size_t count, bool squared) {
    gate_region region = {kernels->floats, gate, up, squared};
    bn_pool_run(pool, count, bn_grain(pool, count, squared ? 1 : 4), gate_values, &region);
}

typedef struct {
    const bn_float_kernels *floats;
    float *out;
    const uint8_t *table;
    bn_float_type type;
    const uint32_t *ids;
    size_t columns;
} embed_region;

static size_t size_of(bn_float_type type) { return type == BN_FLOAT32 ? 4 : 2; }

static void embed_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const embed_region *region = context;
    for (size_t t = begin; t < end; t++) {
        const uint8_t *row = region->table + region->ids[t] * region->columns * size_of(region->type);
        region->floats->load_row(region->out + t * region->columns, row, region->type, region->columns);
    }
}

void bn_embed(
    const bn_kernels *kernels, bn_pool *pool, float *out, const void *table, bn_float_type type,
    const uint32_t *ids, size_t tokens, size_t columns) {
    embed_region region = {kernels->floats, out, table, type, ids, columns};
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, columns), embed_tokens, &region);
}

double bn_log_sum_exp(const bn_kernels *kernels, const float *logits, size_t count) {
    return kernels->floats->log_sum_exp(logits, count);
}
