// SPDX-License-Identifier: MIT
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"

static size_t stride_of(const bn_product_kernel *kernel, size_t columns) {
    return bn_round_up(kernel->byte_count(columns), 64);
}

bn_activations *bn_activations_create(const bn_kernels *kernels, size_t tokens_max, size_t columns_max) {
    if (tokens_max == 0 || columns_max == 0) return NULL;
    bn_activations *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    size_t single = stride_of(&kernels->ternary->single, columns_max);
    size_t batch = stride_of(&kernels->ternary->batch, columns_max);
    made->kernels = kernels;
    made->tokens_max = tokens_max;
    made->columns_max = columns_max;
    made->codes_stride = bn_round_up(columns_max, 64) + bn_column_padding;
    size_t codes_bytes;
    bool fits = !__builtin_mul_overflow(tokens_max, batch, &made->arranged_byte_count) &&
                !__builtin_mul_overflow(tokens_max, made->codes_stride, &codes_bytes);
    if (fits) {
        if (made->arranged_byte_count < single) made->arranged_byte_count = single;
        made->codes = bn_memory_allocate(codes_bytes);
        made->arranged = bn_memory_allocate(made->arranged_byte_count);
        made->scales = calloc(tokens_max, sizeof(float));
        made->code_sums = calloc(tokens_max, sizeof(int32_t));
    }
    if (!fits || !made->codes || !made->arranged || !made->scales || !made->code_sums) {
        bn_activations_destroy(made);
        return NULL;
    }
    return made;
}

void bn_activations_destroy(bn_activations *activations) {
    if (activations == NULL) return;
    bn_memory_free(activations->codes, activations->tokens_max * activations->codes_stride);
    bn_memory_free(activations->arranged, activations->arranged_byte_count);
    free(activations->scales);
    free(activations->code_sums);
    free(activations);
}

typedef struct {
    bn_activations *out;
    const float *x;
    _Atomic bool is_not_finite;
} quantise_region;

static void quantise_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    quantise_region *region = context;
    bn_activations *out = region->out;
    const bn_product_kernel *kernel = bn_product_kernel_for(out->kernels, out->tokens);
    for (size_t t = begin; t < end; t++) {
        int8_t *codes = out->codes + t * out->codes_stride;
        const float *x = region->x + t * out->columns;
        if (!out->kernels->floats->quantise_token(codes, &out->scales[t], x, out->columns)) {
            atomic_store(&region->is_not_finite, true);
            return;
        }
        memset(codes + out->columns, 0, bn_column_padding);
        int32_t sum = 0;
        for (size_t i = 0; i < out->columns; i++) sum += codes[i];
        out->code_sums[t] = sum;
        kernel->arrange(out->arranged + t * out->arranged_stride, codes, out->columns);
    }
}

bn_status bn_quantise(
    bn_activations *out, bn_pool *pool, const float *x, size_t tokens, size_t columns) {
    assert(tokens <= out->tokens_max && columns <= out->columns_max);
    out->tokens = tokens;
    out->columns = columns;
    out->arranged_stride = stride_of(bn_product_kernel_for(out->kernels, tokens), columns);
    quantise_region region = {.out = out, .x = x};
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, 2 * columns), quantise_tokens, &region);
    return atomic_load(&region.is_not_finite) ? BN_NOT_FINITE : BN_OK;
}

void bn_activations_read(const bn_activations *activations, size_t token, int8_t *codes, float *scale) {
    assert(token < activations->tokens);
    memcpy(codes, activations->codes + token * activations->codes_stride, activations->columns);
    *scale = activations->scales[token];
}
