// SPDX-License-Identifier: MIT
//
// The exact head: every logit of a vocabulary, from the table itself.
#include "kernels.h"

typedef struct {
    const bn_float_kernels *floats;
    float *logits;
    const float *x;
    const uint8_t *table;
    bn_float_type type;
    size_t tokens;
    size_t rows;
    size_t columns;
} head_region;

static void head_pieces(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const head_region *region = context;
    const uint8_t *table = region->table + begin * bn_row_bytes(region->type, region->columns);
    region->floats->head_rows(
        region->logits + begin, region->rows, region->x, table, region->type, region->tokens, end - begin,
        region->columns);
}

void bn_head(
    const bn_kernels *kernels, bn_pool *pool, float *logits, const float *x, const void *table,
    bn_float_type type, size_t tokens, size_t rows, size_t columns) {
    head_region region = {kernels->floats, logits, x, table, type, tokens, rows, columns};
    size_t grain = bn_grain(pool, rows, columns * tokens);
    // Small enough to be handed out evenly, whatever the vocabulary.
    if (grain > 256 && pool != NULL) grain = 256;
    bn_pool_run(pool, rows, grain, head_pieces, &region);
}
