// SPDX-License-Identifier: MIT
//
// What is done token by token (or row by row of a table), spread over the pool.
#include "exponential.h"
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

// Logits are summed in spans, as many whatever the pool, and the spans in order.
enum { logit_spans_max = 64 };

typedef struct {
    const bn_float_kernels *floats;
    const float *logits;
    size_t count;
    size_t span;
    float largest;
    float maxima[logit_spans_max];
    double sums[logit_spans_max];
} logit_region;

static size_t span_end(const logit_region *region, size_t span) {
    size_t end = (span + 1) * region->span;
    return end < region->count ? end : region->count;
}

static void find_maxima(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    logit_region *region = context;
    for (size_t i = begin; i < end; i++) {
        size_t first = i * region->span;
        region->maxima[i] =
            region->floats->largest_logit(region->logits + first, span_end(region, i) - first);
    }
}

static void sum_spans(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    logit_region *region = context;
    for (size_t i = begin; i < end; i++) {
        size_t first = i * region->span;
        region->sums[i] = region->floats->sum_exponentials(
            region->logits + first, span_end(region, i) - first, region->largest);
    }
}

double bn_log_sum_exp(const bn_kernels *kernels, bn_pool *pool, const float *logits, size_t count) {
    logit_region region = {.floats = kernels->floats, .logits = logits, .count = count};
    region.span = bn_round_up(bn_ceil_divide(count, logit_spans_max), 1024);
    size_t span_count = bn_ceil_divide(count, region.span);
    bn_pool_run(pool, span_count, bn_grain(pool, span_count, region.span / 4), find_maxima, &region);
    region.largest = region.maxima[0];
    for (size_t i = 1; i < span_count; i++) {
        if (region.maxima[i] > region.largest) region.largest = region.maxima[i];
    }
    bn_pool_run(pool, span_count, bn_grain(pool, span_count, 8 * region.span), sum_spans, &region);
    double sum = 0;
    for (size_t i = 0; i < span_count; i++) sum = sum + region.sums[i];
    return (double)region.largest + bn_log_double(sum);
}
