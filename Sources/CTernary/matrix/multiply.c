// SPDX-License-Identifier: MIT
#include <assert.h>
#include <string.h>

#include "matrix/matrix.h"

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
    size_t piece_tiles;
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

// A span of tiles of one matrix with all tokens, a group of tokens at a time: the weights come from memory
// once and from the cache for the other groups.
static void multiply_piece(
    const multiply_region *region, const region_product *product, size_t piece, size_t thread) {
    const bn_activations *activations = region->activations;
    const uint8_t *arranged = bn_activations_arranged(activations, thread);
    const bn_matrix *matrix = product->product.matrix;
    size_t tile_rows = matrix->kernels->ternary->tile_rows;
    bn_tile_span span = {
        .tiles = matrix->tiles,
        .tile_total = matrix->tile_count,
        .first_tile = piece * region->piece_tiles,
        .columns = matrix->columns,
    };
    span.tile_count = matrix->tile_count - span.first_tile;
    if (span.tile_count > region->piece_tiles) span.tile_count = region->piece_tiles;
    size_t first_row = span.first_tile * tile_rows;
    size_t row_count = matrix->rows - first_row;
    size_t sums_stride = span.tile_count * tile_rows;
    if (row_count > sums_stride) row_count = sums_stride;

    _Alignas(64) int32_t sums[bn_sums_max];
    for (size_t t = 0; t < activations->tokens; t += region->kernel->tokens_max) {
        size_t token_count = activations->tokens - t;
        if (token_count > region->kernel->tokens_max) token_count = region->kernel->tokens_max;
        region->kernel->multiply(
            sums, sums_stride, &span, arranged + t * activations->arranged_stride,
            activations->arranged_stride, activations->code_sums + t, token_count);
        deliver(region, product, sums, sums_stride, first_row, row_count, t, token_count);
    }
}

// The pieces of all products stand in one row.
static void multiply_pieces(void *context, size_t begin, size_t end, size_t thread) {
    const multiply_region *region = context;
    for (size_t item = begin; item < end; item++) {
        const region_product *product = region->products;
        size_t piece = item;
        while (piece >= product->piece_count) {
            piece -= product->piece_count;
            product++;
        }
        multiply_piece(region, product, piece, thread);
    }
}

// Tiles whose sums there is room for.
static size_t tiles_max_for(const multiply_region *region) {
    const bn_ternary_kernels *ternary = region->activations->kernels->ternary;
    size_t tokens = region->activations->tokens;
    if (tokens > region->kernel->tokens_max) tokens = region->kernel->tokens_max;
    size_t tiles = bn_sums_max / (ternary->tile_rows * tokens) / ternary->block_tiles * ternary->block_tiles;
    return tiles < region->kernel->tiles_max ? tiles : region->kernel->tiles_max;
}

// Pieces are as large as the kernel takes, since it shares what it loads for a piece, but every thread gets one.
static void run(bn_pool *pool, multiply_region *region) {
    const bn_kernels *kernels = region->activations->kernels;
    size_t block_tiles = kernels->ternary->block_tiles;
    size_t thread_count = pool == NULL ? 1 : bn_pool_thread_count(pool);
    assert(thread_count <= region->activations->thread_count);
    size_t block_total = 0, piece_total = 0;
    region->kernel = bn_product_kernel_for(region->activations, region->activations->tokens);
    for (size_t i = 0; i < region->product_count; i++) {
        const bn_matrix *matrix = region->products[i].product.matrix;
        assert(matrix->kernels == kernels && matrix->columns == region->activations->columns);
        block_total += bn_ceil_divide(matrix->tile_count, block_tiles);
    }
    region->piece_tiles = block_tiles * bn_ceil_divide(block_total, thread_count);
    size_t tiles_max = tiles_max_for(region);
    if (region->piece_tiles > tiles_max) region->piece_tiles = tiles_max;
    for (size_t i = 0; i < region->product_count; i++) {
        region_product *product = &region->products[i];
        product->piece_count = bn_ceil_divide(product->product.matrix->tile_count, region->piece_tiles);
        piece_total += product->piece_count;
    }
    bn_pool_run(pool, piece_total, 1, multiply_pieces, region);
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
