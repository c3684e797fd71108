// SPDX-License-Identifier: MIT
#include <assert.h>

#include "matrix/matrix.h"

typedef struct {
    const bn_product *product;
    const float *x;
    size_t tokens;
} floats_region;

enum { columns_max = 1 << 18 };

static void multiply_rows(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const floats_region *region = context;
    const bn_matrix *matrix = region->product->matrix;
    size_t columns = matrix->columns, stride = region->product->out_stride;
    float values[columns_max];
    for (size_t row = begin; row < end; row++) {
        uint32_t index = (uint32_t)row;
        bn_matrix_read_rows(matrix, NULL, values, &index, 1);
        for (size_t t = 0; t < region->tokens; t++) {
            float sum;
            matrix->kernels->floats->head_rows(
                &sum, 1, region->x + t * columns, values, BN_FLOAT32, 1, 1, columns);
            float *out = region->product->out + t * stride + row;
            *out = region->product->accumulate ? *out + sum : sum;
        }
    }
}

void bn_multiply_floats(bn_pool *pool, const bn_product *product, const float *x, size_t tokens) {
    assert(product->matrix->grouping.columns > 0);
    const floats_region region = {product, x, tokens};
    bn_pool_run(pool, product->matrix->rows, 4, multiply_rows, (void *)&region);
}
