// SPDX-License-Identifier: MIT
//
// What is done token by token, spread over the pool.
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
    float *to;
    const float *x;
    float factor;
} scale_region;

static void scale_values(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const scale_region *region = context;
    for (size_t i = begin; i < end; i++) region->to[i] = region->to[i] * region->factor;
}

void bn_scale(bn_pool *pool, float *x, size_t count, float factor) {
    scale_region region = {x, NULL, factor};
    bn_pool_run(pool, count, bn_grain(pool, count, 1), scale_values, &region);
}

static void add_scaled_values(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const scale_region *region = context;
    for (size_t i = begin; i < end; i++) region->to[i] = region->to[i] + region->x[i] * region->factor;
}

void bn_add_scaled(bn_pool *pool, float *sum, const float *x, size_t count, float factor) {
    scale_region region = {sum, x, factor};
    bn_pool_run(pool, count, bn_grain(pool, count, 1), add_scaled_values, &region);
}
