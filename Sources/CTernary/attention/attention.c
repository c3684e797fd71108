// SPDX-License-Identifier: MIT
//
// Attention goes through a sequence in spans of bn_attention_span positions, counted from its first, and
// merges them in order. Who computes a span, and when, is no matter for the result.
#include "attention/cache.h"

enum {
    // Neighbouring tokens that one thread takes together at most, each span for all of them while its keys
    // and values are in the cache.
    tokens_together_max = 16,
    // Results of spans that wait for their merge, for each thread.
    partials_per_thread = 16,
    // Neighbouring spans that one thread takes at a time.
    neighbours_max = 4,
};

size_t bn_attention_scratch_count(size_t threads, size_t heads, size_t kv_heads, size_t head_size) {
    size_t partial = bn_partial_stride(head_size) + 2;
    return threads * (heads / kv_heads) * (partials_per_thread * partial + head_size + 1);
}

typedef struct {
    const bn_float_kernels *floats;
    const bn_kv *kv;
    float *out;
    const float *q;
    size_t tokens;
    size_t heads;
    size_t group;
    const uint32_t *slots;
    const uint32_t *positions;
    float *partials;  // [threads][partials_per_thread][group][bn_partial_stride]
    float *states;    // [threads][partials_per_thread][group][2]
    float *queries;   // [threads][group][head_size + 1]
    size_t tokens_together;
    // Of the token whose spans are handed out one by one: units [first_unit ..< first_unit + unit_count),
    // unit i being span i mod span_count of key head i / span_count.
    size_t token;
    size_t span_count;
    size_t first_unit;
    size_t unit_count;
} attention_region;

static size_t row_of(const attention_region *region, size_t token, size_t kv_head) {
    return (token * region->heads + kv_head * region->group) * region->kv->head_size;
}

static float *partial_of(const attention_region *region, size_t index) {
    return region->partials + index * region->group * bn_partial_stride(region->kv->head_size);
}

static float *state_of(const attention_region *region, size_t index) {
    return region->states + index * region->group * 2;
}

static void attend_one_span(
    const attention_region *region, float *partial, size_t token, size_t kv_head, size_t first,
    size_t thread) {
    const bn_kv *kv = region->kv;
    const float *q = region->q + row_of(region, token, kv_head);
    if (kv->type != BN_KV_FLOAT32) {
        float *encoded = region->queries + thread * region->group * (kv->head_size + 1);
        region->floats->encode_queries(encoded, q, kv->type, kv->head_size, region->group);
        q = encoded;
    }
    uint32_t slot = region->slots[token];
    size_t count = (size_t)region->positions[token] + 1 - first;
    bn_kv_place keys = bn_keys_at(kv, slot, kv_head, first);
    bn_kv_place values = bn_values_at(kv, slot, kv_head, first);
    bn_kv_span span = {
        .keys = keys.rows, .values = values.rows, .key_scales = keys.scales, .value_scales = values.scales,
        .upcoming = values.rows, .type = kv->type,
        .count = count < bn_attention_span ? count : bn_attention_span,
    };
    if (count > bn_attention_span) span.upcoming = bn_keys_at(kv, slot, kv_head, first + bn_attention_span).rows;
    region->floats->attend_span(partial, q, &span, kv->head_size, region->group);
}

// Tokens begin ..< end, which are of one sequence.
static void attend_run(
    const attention_region *region, size_t begin, size_t end, size_t kv_head, size_t thread) {
    size_t reach = 0;
    for (size_t t = begin; t < end; t++) {
        if (region->positions[t] >= reach) reach = (size_t)region->positions[t] + 1;
    }
    float *partial = partial_of(region, thread * partials_per_thread);
    for (size_t first = 0; first < reach; first += bn_attention_span) {
        for (size_t t = begin; t < end; t++) {
            if (region->positions[t] < first) continue;
            attend_one_span(region, partial, t, kv_head, first, thread);
            region->floats->merge_span(
                region->out + row_of(region, t, kv_head),
                state_of(region, thread * partials_per_thread + (t - begin)), partial,
                region->kv->head_size, region->group, first == 0);
        }
    }
    for (size_t t = begin; t < end; t++) {
        region->floats->finish_heads(
            region->out + row_of(region, t, kv_head),
            state_of(region, thread * partials_per_thread + (t - begin)), region->kv->head_size,
            region->group);
    }
}

// Item i is key head i mod kv_heads of the tokens_together tokens from i / kv_heads · tokens_together.
static void attend_tokens(void *context, size_t begin, size_t end, size_t thread) {
    const attention_region *region = context;
    for (size_t item = begin; item < end; item++) {
        size_t kv_head = item % region->kv->kv_heads;
        size_t first = item / region->kv->kv_heads * region->tokens_together;
        size_t last = region->tokens - first;
        last = first + (last < region->tokens_together ? last : region->tokens_together);
        while (first < last) {
            size_t run = first + 1;
            while (run < last && region->slots[run] == region->slots[first]) run++;
            attend_run(region, first, run, kv_head, thread);
            first = run;
        }
    }
}

static void attend_units(void *context, size_t begin, size_t end, size_t thread) {
    const attention_region *region = context;
    for (size_t i = begin; i < end; i++) {
        size_t unit = region->first_unit + i;
        attend_one_span(
            region, partial_of(region, i), region->token, unit / region->span_count,
            unit % region->span_count * bn_attention_span, thread);
    }
}

// Item i is the i-th key head of which there are units.
static void merge_units(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const attention_region *region = context;
    size_t head_size = region->kv->head_size;
    for (size_t item = begin; item < end; item++) {
        size_t kv_head = region->first_unit / region->span_count + item;
        float *out = region->out + row_of(region, region->token, kv_head);
        float *state = state_of(region, kv_head);
        for (size_t span = 0; span < region->span_count; span++) {
            size_t unit = kv_head * region->span_count + span;
            if (unit < region->first_unit || unit >= region->first_unit + region->unit_count) continue;
            region->floats->merge_span(
                out, state, partial_of(region, unit - region->first_unit), head_size, region->group,
                span == 0);
            if (span + 1 == region->span_count) {
                region->floats->finish_heads(out, state, head_size, region->group);
            }
        }
    }
}

// One token after the other, every span by itself: for few key heads and long sequences.
static void attend_by_spans(bn_pool *pool, attention_region *region) {
    size_t unit_count_max = bn_pool_thread_count(pool) * partials_per_thread;
    for (size_t t = 0; t < region->tokens; t++) {
        region->token = t;
        region->span_count = bn_ceil_divide((size_t)region->positions[t] + 1, bn_attention_span);
        size_t unit_count = region->kv->kv_heads * region->span_count;
        for (size_t first = 0; first < unit_count; first += unit_count_max) {
            size_t left = unit_count - first;
            region->first_unit = first;
            region->unit_count = left < unit_count_max ? left : unit_count_max;
            // Neighbours to one thread, for which each asks for the keys of the next.
            size_t grain = region->unit_count / (4 * bn_pool_thread_count(pool));
            grain = grain < neighbours_max ? grain : neighbours_max;
            bn_pool_run(pool, region->unit_count, grain, attend_units, region);
            size_t last_head = (first + region->unit_count - 1) / region->span_count;
            bn_pool_run(pool, last_head - first / region->span_count + 1, 1, merge_units, region);
        }
    }
}

// Whether handing out key heads of tokens would leave threads idle where spans can occupy them.
static bool spans_are_better(const bn_pool *pool, size_t item_count, size_t reach_max) {
    size_t threads = pool == NULL ? 1 : bn_pool_thread_count(pool);
    bool is_even = item_count % threads == 0 || item_count >= 8 * threads;
    return !is_even && reach_max > bn_attention_span;
}

void bn_attention(
    const bn_kernels *kernels, bn_pool *pool, const bn_kv *kv, float *out, const float *q, size_t tokens,
    size_t heads, const uint32_t *slots, const uint32_t *positions, float *scratch) {
    if (tokens == 0) return;
    size_t threads = pool == NULL ? 1 : bn_pool_thread_count(pool);
    size_t group = heads / kv->kv_heads;
    attention_region region = {
        .floats = kernels->floats, .kv = kv, .out = out, .q = q, .tokens = tokens, .heads = heads,
        .group = group, .slots = slots, .positions = positions, .partials = scratch,
    };
    size_t partial_count = threads * partials_per_thread * group;
    region.states = region.partials + partial_count * bn_partial_stride(kv->head_size);
    region.queries = region.states + partial_count * 2;
    size_t reach = 0, reach_max = 0;
    for (size_t t = 0; t < tokens; t++) {
        size_t length = (size_t)positions[t] + 1;
        reach += length;
        reach_max = length > reach_max ? length : reach_max;
    }
    if (spans_are_better(pool, tokens * kv->kv_heads, reach_max)) {
        attend_by_spans(pool, &region);
        return;
    }
    size_t together = tokens * kv->kv_heads / (8 * threads);
    together = together < tokens_together_max ? together : tokens_together_max;
    region.tokens_together = together > 1 ? together : 1;
    size_t item_count = bn_ceil_divide(tokens, region.tokens_together) * kv->kv_heads;
    // Sixteen lanes at a time, but two multiplications and additions for each.
    size_t cost = region.tokens_together * group * kv->head_size * (reach / tokens + 16) / 4;
    bn_pool_run(pool, item_count, bn_grain(pool, item_count, cost), attend_tokens, &region);
}
