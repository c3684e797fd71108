// SPDX-License-Identifier: MIT
#include "kernels.h"
#include "lanes/exponential.h"

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
