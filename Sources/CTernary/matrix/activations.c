// SPDX-License-Identifier: MIT
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "matrix/matrix.h"

// Bytes of one token's codes as the dot or the add-only kernel wants them.
static size_t arranged_bytes(const bn_kernels *kernels, bool is_dot, size_t columns, size_t group) {
    const bn_ternary_kernels *ternary = kernels->ternary;
    if (group == 0) return (is_dot ? &ternary->dot : &ternary->add_only)->byte_count(columns);
    return (is_dot ? &ternary->grouped->dot : &ternary->grouped->add_only)->byte_count(columns, group);
}

static size_t stride_of(const bn_kernels *kernels, bool is_dot, size_t columns, size_t group) {
    return bn_round_up(arranged_bytes(kernels, is_dot, columns, group), 64);
}

static size_t codes_stride_of(size_t columns) { return bn_round_up(columns, 64) + bn_column_padding; }

static bool multiply_sizes(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

// What the largest step of each kernel takes once arranged; 0 if that is more than memory can hold. A single
// token's codes are arranged for each thread.
static size_t arranged_byte_count(
    const bn_kernels *kernels, size_t dot_tokens_min, size_t thread_count, size_t tokens_max, size_t columns,
    size_t group) {
    size_t add_only_tokens = tokens_max < dot_tokens_min ? tokens_max : dot_tokens_min - 1;
    size_t copies = add_only_tokens > thread_count || add_only_tokens == 0 ? add_only_tokens : thread_count;
    size_t add_only_bytes, dot_bytes;
    if (!multiply_sizes(copies, stride_of(kernels, false, columns, group), &add_only_bytes)) return 0;
    size_t dot_tokens = tokens_max < dot_tokens_min ? 0 : tokens_max;
    if (!multiply_sizes(dot_tokens, stride_of(kernels, true, columns, group), &dot_bytes)) return 0;
    return add_only_bytes > dot_bytes ? add_only_bytes : dot_bytes;
}

size_t bn_activations_byte_count_for(
    const bn_kernels *kernels, size_t dot_tokens_min, size_t thread_count, size_t tokens_max,
    size_t columns_max, size_t group) {
    if (tokens_max == 0 || columns_max == 0 || dot_tokens_min == 0 || thread_count == 0) return 0;
    size_t arranged =
        arranged_byte_count(kernels, dot_tokens_min, thread_count, tokens_max, columns_max, group);
    size_t numbers = 1 + bn_group_stride(columns_max, group);
    size_t token_bytes = codes_stride_of(columns_max) + numbers * (sizeof(float) + sizeof(int32_t));
    size_t codes, threads, byte_count;
    bool fits = arranged > 0 && multiply_sizes(tokens_max, token_bytes, &codes) &&
                multiply_sizes(thread_count, sizeof(bn_arranged_step), &threads) &&
                !__builtin_add_overflow(codes, arranged, &byte_count) &&
                !__builtin_add_overflow(byte_count, threads, &byte_count);
    return fits ? byte_count : 0;
}

bn_activations *bn_activations_create(
    const bn_kernels *kernels, size_t dot_tokens_min, size_t thread_count, size_t tokens_max,
    size_t columns_max, size_t group) {
    size_t byte_count = bn_activations_byte_count_for(
        kernels, dot_tokens_min, thread_count, tokens_max, columns_max, group);
    if (byte_count == 0) return NULL;
    bn_activations *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    made->kernels = kernels;
    made->dot_tokens_min = dot_tokens_min;
    made->thread_count = thread_count;
    made->tokens_max = tokens_max;
    made->columns_max = columns_max;
    made->group = group;
    made->codes_stride = codes_stride_of(columns_max);
    made->arranged_byte_count =
        arranged_byte_count(kernels, dot_tokens_min, thread_count, tokens_max, columns_max, group);
    made->codes = bn_memory_allocate(tokens_max * made->codes_stride);
    made->arranged = bn_memory_allocate(made->arranged_byte_count);
    made->arranged_steps = bn_memory_allocate(thread_count * sizeof(bn_arranged_step));
    made->scales = calloc(tokens_max, sizeof(float));
    made->code_sums = calloc(tokens_max, sizeof(int32_t));
    size_t groups = tokens_max * bn_group_stride(columns_max, group) + 1;
    made->group_scales = calloc(groups, sizeof(float));
    made->group_sums = calloc(groups, sizeof(int32_t));
    if (!made->codes || !made->arranged || !made->arranged_steps || !made->scales || !made->code_sums ||
        !made->group_scales || !made->group_sums) {
        bn_activations_destroy(made);
        return NULL;
    }
    return made;
}

void bn_activations_destroy(bn_activations *activations) {
    if (activations == NULL) return;
    bn_memory_free(activations->codes, activations->tokens_max * activations->codes_stride);
    bn_memory_free(activations->arranged, activations->arranged_byte_count);
    bn_memory_free(activations->arranged_steps, activations->thread_count * sizeof(bn_arranged_step));
    free(activations->scales);
    free(activations->code_sums);
    free(activations->group_scales);
    free(activations->group_sums);
    free(activations);
}

// The first `columns` of `codes` as the kernel wants them.
static void arrange(
    const bn_activations *with, bool is_dot, uint8_t *out, const int8_t *codes, size_t columns) {
    const bn_ternary_kernels *ternary = with->kernels->ternary;
    if (with->group == 0) {
        (is_dot ? &ternary->dot : &ternary->add_only)->arrange(out, codes, columns);
    } else {
        const bn_grouped_kernels *grouped = ternary->grouped;
        (is_dot ? &grouped->dot : &grouped->add_only)->arrange(out, codes, columns, with->group);
    }
}

const uint8_t *bn_activations_arranged(const bn_activations *activations, size_t thread) {
    if (!activations->is_arranged_by_thread) return activations->arranged;
    uint8_t *arranged = activations->arranged + thread * activations->arranged_stride;
    if (activations->arranged_steps[thread].number != activations->step_number) {
        arrange(activations, false, arranged, activations->codes, activations->columns);
        activations->arranged_steps[thread].number = activations->step_number;
    }
    return arranged;
}

typedef struct {
    bn_activations *out;
    const float *x;
    bool is_dot;
    bool by_token;  // the codes have one scale for a token
    size_t span_columns;
    size_t span_count;
    _Atomic bool is_not_finite;
} quantise_region;

static int32_t sum_codes(const int8_t *codes, size_t columns) {
    int32_t sum = 0;
    for (size_t i = 0; i < columns; i++) sum += codes[i];
    return sum;
}

// What groups need besides codes: their scales, or the token's, and sums.
static bool quantise_groups(const quantise_region *region, const float *x, size_t t) {
    bn_activations *out = region->out;
    size_t group = out->group, group_count = out->columns / group;
    int8_t *codes = out->codes + t * out->codes_stride;
    float *scales = out->group_scales + t * out->group_stride;
    int32_t *sums = out->group_sums + t * out->group_stride;
    if (!region->by_token && !out->kernels->floats->quantise_groups(codes, scales, x, out->columns, group)) {
        return false;
    }
    for (size_t g = 0; g < group_count; g++) {
        if (region->by_token) scales[g] = 1.0f / out->scales[t];
        if (region->is_dot) sums[g] = sum_codes(codes + g * group, group);
    }
    for (size_t g = group_count; g < out->group_stride; g++) scales[g] = 0, sums[g] = 0;
    return true;
}

static bool quantise_token(const quantise_region *region, size_t t) {
    bn_activations *out = region->out;
    int8_t *codes = out->codes + t * out->codes_stride;
    const float *x = region->x + t * out->columns;
    if (region->by_token && !out->kernels->floats->quantise_token(codes, &out->scales[t], x, out->columns)) {
        return false;
    }
    memset(codes + out->columns, 0, bn_column_padding);
    if (out->group > 0) return quantise_groups(region, x, t);
    if (region->is_dot) out->code_sums[t] = sum_codes(codes, out->columns);
    return true;
}

static void quantise_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    quantise_region *region = context;
    for (size_t t = begin; t < end; t++) {
        if (quantise_token(region, t)) continue;
        atomic_store(&region->is_not_finite, true);
        return;
    }
}

// Item i is span i mod span_count of token i / span_count.
static void arrange_spans(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const quantise_region *region = context;
    const bn_activations *out = region->out;
    for (size_t item = begin; item < end; item++) {
        size_t t = item / region->span_count;
        size_t first = item % region->span_count * region->span_columns;
        size_t count = out->columns - first < region->span_columns ? out->columns - first : region->span_columns;
        size_t offset =
            first == 0 ? 0 : arranged_bytes(out->kernels, region->is_dot, first, out->group);
        arrange(
            out, region->is_dot, out->arranged + t * out->arranged_stride + offset,
            out->codes + t * out->codes_stride + first, count);
    }
}

static bn_status quantise(
    bn_activations *out, bn_pool *pool, const float *x, size_t tokens, size_t columns, bool by_token) {
    assert(tokens <= out->tokens_max && columns <= out->columns_max);
    size_t span_columns = out->group == 0 ? bn_span_columns : bn_grouped_span_columns;
    quantise_region region = {
        .out = out,
        .x = x,
        .is_dot = bn_uses_dot(out, tokens),
        .by_token = by_token,
        .span_columns = span_columns,
        .span_count = bn_ceil_divide(columns, span_columns),
    };
    out->tokens = tokens;
    out->columns = columns;
    out->group_stride = bn_group_stride(columns, out->group);
    out->arranged_stride = stride_of(out->kernels, region.is_dot, columns, out->group);
    out->step_number++;
    out->is_arranged_by_thread = tokens == 1 && !region.is_dot;
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, 2 * columns), quantise_tokens, &region);
    if (atomic_load(&region.is_not_finite)) return BN_NOT_FINITE;
    if (out->is_arranged_by_thread) return BN_OK;
    size_t item_count = tokens * region.span_count;
    size_t span_cost = span_columns + arranged_bytes(out->kernels, region.is_dot, span_columns, out->group);
    bn_pool_run(pool, item_count, bn_grain(pool, item_count, span_cost), arrange_spans, &region);
    return BN_OK;
}

bn_status bn_quantise(
    bn_activations *out, bn_pool *pool, const float *x, size_t tokens, size_t columns) {
    return quantise(out, pool, x, tokens, columns, true);
}

bn_status bn_quantise_groups(
    bn_activations *out, bn_pool *pool, const float *x, size_t tokens, size_t columns) {
    assert(out->group > 0 && columns % out->group == 0);
    return quantise(out, pool, x, tokens, columns, false);
}

void bn_activations_read_scales(const bn_activations *activations, size_t token, float *scales) {
    assert(token < activations->tokens && activations->group > 0);
    memcpy(
        scales, activations->group_scales + token * activations->group_stride,
        activations->columns / activations->group * sizeof(float));
}

void bn_activations_read(const bn_activations *activations, size_t token, int8_t *codes, float *scale) {
    assert(token < activations->tokens);
    memcpy(codes, activations->codes + token * activations->codes_stride, activations->columns);
    *scale = activations->scales[token];
}
