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
    const bn_grouped_product_kernel *grouped;  // if the activations are in groups
    size_t tokens_max;                         // of the kernel
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

// The same for sums that are scaled already, but for the scale of a row.
static void deliver_scaled(
    const region_product *to, float *restrict sums, size_t sums_stride, size_t first_row, size_t row_count,
    size_t first_token, size_t token_count) {
    const float *row_scales = to->product.matrix->row_scales;
    for (size_t t = 0; t < token_count; t++) {
        float *restrict from = sums + t * sums_stride;
        if (row_scales != NULL) {
            for (size_t r = 0; r < row_count; r++) from[r] = from[r] * row_scales[first_row + r];
        }
        float *restrict out = to->product.out + (first_token + t) * to->product.out_stride + first_row;
        if (to->product.accumulate) {
            for (size_t r = 0; r < row_count; r++) out[r] = out[r] + from[r];
        } else {
            memcpy(out, from, row_count * sizeof(float));
        }
    }
}

static void multiply_tokens(
    const multiply_region *region, const region_product *product, const bn_tile_span *span,
    const uint8_t *arranged, size_t first_row, size_t row_count, size_t t, size_t token_count) {
    const bn_activations *activations = region->activations;
    size_t sums_stride = span->tile_count * activations->kernels->ternary->tile_rows;
    arranged += t * activations->arranged_stride;
    if (region->grouped == NULL) {
        _Alignas(64) int32_t sums[bn_sums_max];
        region->kernel->multiply(
            sums, sums_stride, span, arranged, activations->arranged_stride, activations->code_sums + t,
            token_count);
        deliver(region, product, sums, sums_stride, first_row, row_count, t, token_count);
    } else {
        _Alignas(64) float sums[bn_sums_max];
        const bn_group_codes codes = {
            .scales = activations->group_scales + t * activations->group_stride,
            .code_sums = activations->group_sums + t * activations->group_stride,
            .stride = activations->group_stride,
        };
        region->grouped->multiply(
            sums, sums_stride, span, &product->product.matrix->grouping, arranged,
            activations->arranged_stride, &codes, token_count);
        deliver_scaled(product, sums, sums_stride, first_row, row_count, t, token_count);
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
    if (row_count > span.tile_count * tile_rows) row_count = span.tile_count * tile_rows;
    for (size_t t = 0; t < activations->tokens; t += region->tokens_max) {
        size_t token_count = activations->tokens - t;
        if (token_count > region->tokens_max) token_count = region->tokens_max;
        multiply_tokens(region, product, &span, arranged, first_row, row_count, t, token_count);
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
    if (tokens > region->tokens_max) tokens = region->tokens_max;
    size_t tiles = bn_sums_max / (ternary->tile_rows * tokens) / ternary->block_tiles * ternary->block_tiles;
    size_t most = region->grouped == NULL ? region->kernel->tiles_max : region->grouped->tiles_max;
    return tiles < most ? tiles : most;
}

// Pieces are as large as the kernel takes, since it shares what it loads for a piece, but every thread gets one.
static void run(bn_pool *pool, multiply_region *region) {
    const bn_kernels *kernels = region->activations->kernels;
    size_t block_tiles = kernels->ternary->block_tiles;
    size_t thread_count = pool == NULL ? 1 : bn_pool_thread_count(pool);
    assert(thread_count <= region->activations->thread_count);
    size_t block_total = 0, piece_total = 0;
    const bn_activations *activations = region->activations;
    region->kernel = bn_product_kernel_for(activations, activations->tokens);
    region->grouped =
        activations->group == 0 ? NULL : bn_grouped_kernel_for(activations, activations->tokens);
    region->tokens_max =
        region->grouped == NULL ? region->kernel->tokens_max : region->grouped->tokens_max;
    for (size_t i = 0; i < region->product_count; i++) {
        const bn_matrix *matrix = region->products[i].product.matrix;
        assert(matrix->kernels == kernels && matrix->columns == activations->columns);
        assert(matrix->grouping.columns == activations->group);
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
