// SPDX-License-Identifier: MIT
#include <assert.h>
#include <string.h>

#include "matrix.h"

// One matrix of a region, with what becomes of its sums: scaled into `out`, or kept in `integers`.
typedef struct {
    bn_product product;
    int32_t *integers;  // [tokens][rows], or NULL
    size_t piece_count;
} region_product;

enum { products_max = 4 };

typedef struct {
    const bn_activations *activations;
    const bn_product_kernel *kernel;
    region_product products[products_max];
    size_t product_count;
} multiply_region;

static void deliver(
    const multiply_region *region, const region_product *to, const int32_t *restrict sums,
    size_t sums_stride, size_t first_row, size_t row_count, size_t first_token, size_t token_count) {
    for (size_t t = 0; t < token_count; t++) {
        size_t token = first_token + t;
        const int32_t *from = sums + t * sums_stride;
        if (to->integers != NULL) {
            int32_t *integers = to->integers + token * to->product.matrix->rows + first_row;
            memcpy(integers, from, row_count * sizeof(int32_t));
            continue;
        }
        float *restrict out = to->product.out + token * to->product.out_stride + first_row;
        float factor = to->product.matrix->scale / region->activations->scales[token];
        if (to->product.accumulate) {
            for (size_t r = 0; r < row_count; r++) out[r] = out[r] + (float)from[r] * factor;
        } else {
            for (size_t r = 0; r < row_count; r++) out[r] = (float)from[r] * factor;
        }
    }
}

// A few tiles of one matrix with all tokens, a group of tokens at a time: the weights come from memory once
// and from the cache for the other groups.
static void multiply_piece(const multiply_region *region, const region_product *product, size_t piece) {
    const bn_activations *activations = region->activations;
    const bn_matrix *matrix = product->product.matrix;
    const bn_product_kernel *kernel = region->kernel;
    size_t tile_rows = matrix->kernels->ternary->tile_rows;
    size_t first_tile = piece * kernel->tiles_max;
    size_t tile_count = matrix->tile_count - first_tile;
    if (tile_count > kernel->tiles_max) tile_count = kernel->tiles_max;
    size_t first_row = first_tile * tile_rows;
    size_t row_count = matrix->rows - first_row;
    size_t sums_stride = tile_count * tile_rows;
    if (row_count > sums_stride) row_count = sums_stride;

    _Alignas(64) int32_t sums[bn_sums_max];
    for (size_t t = 0; t < activations->tokens; t += kernel->tokens_max) {
        size_t token_count = activations->tokens - t;
        if (token_count > kernel->tokens_max) token_count = kernel->tokens_max;
        kernel->multiply(
            sums, sums_stride, matrix->tiles + first_tile * matrix->tile_bytes, tile_count, matrix->columns,
            activations->arranged + t * activations->arranged_stride, activations->arranged_stride,
            activations->code_sums + t, token_count);
        deliver(region, product, sums, sums_stride, first_row, row_count, t, token_count);
    }
}

// The pieces of all products stand in one row.
static void multiply_pieces(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const multiply_region *region = context;
    for (size_t item = begin; item < end; item++) {
        const region_product *product = region->products;
        size_t piece = item;
        while (piece >= product->piece_count) {
            piece -= product->piece_count;
            product++;
        }
        multiply_piece(region, product, piece);
    }
}

static void run(bn_pool *pool, multiply_region *region) {
    size_t piece_count = 0;
    size_t piece_cost = 1;
    region->kernel = bn_product_kernel_for(region->activations, region->activations->tokens);
    for (size_t i = 0; i < region->product_count; i++) {
        const bn_matrix *matrix = region->products[i].product.matrix;
        assert(matrix->kernels == region->activations->kernels);
        assert(matrix->columns == region->activations->columns);
        region->products[i].piece_count = bn_ceil_divide(matrix->tile_count, region->kernel->tiles_max);
        piece_count += region->products[i].piece_count;
        piece_cost = region->kernel->tiles_max * matrix->tile_bytes * region->activations->tokens;
    }
    bn_pool_run(pool, piece_count, bn_grain(pool, piece_count, piece_cost), multiply_pieces, region);
}

void bn_multiply(
    bn_pool *pool, const bn_activations *activations, const bn_product *products, size_t product_count) {
    assert(product_count <= products_max);
    multiply_region region = {.activations = activations, .product_count = product_count};
    for (size_t i = 0; i < product_count; i++) region.products[i].product = products[i];
    run(pool, &region);
}

void bn_multiply_integers(
    bn_pool *pool, const bn_activations *activations, const bn_matrix *matrix, int32_t *out) {
    multiply_region region = {.activations = activations, .product_count = 1};
    region.products[0] = (region_product){.product = {.matrix = matrix}, .integers = out};
    run(pool, &region);
}
