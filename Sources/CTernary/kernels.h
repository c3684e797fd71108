// SPDX-License-Identifier: MIT
//
// What one instruction set provides. Kernels are serial and never allocate; files without an instruction set in
// their name own memory and spread the work over the pool.
#ifndef C_TERNARY_KERNELS_H
#define C_TERNARY_KERNELS_H

#include "CTernary.h"

enum {
    // Zero codes that stand behind the columns of every token, so that kernels may read whole groups.
    bn_column_padding = 128,
    // Codes are arranged in spans of so many columns, which several threads may do: a multiple of every
    // kernel's group, so that byte_count(n · 640) is n · byte_count(640) and spans stand one after the other.
    bn_span_columns = 640,
    // The same for codes that are multiplied with scaled groups; a multiple of bn_group_chunk.
    bn_grouped_span_columns = 1024,
    // The largest group; what is known of groups is known for whole chunks of so many columns.
    bn_group_chunk = 256,
    // Sums that one call of a product kernel makes, at most; they stand on its caller's stack.
    bn_sums_max = 32768,
    // Positions whose keys stand together, one per lane: [positions/16][head_size][16].
    bn_key_block = 16,
    // Attention treats so many positions at a time, counted from the sequence's first; a multiple of
    // bn_key_block. Large enough that merging spans costs little, small enough that a span's keys and values
    // stay in the second-level cache and that few heads keep many threads busy.
    bn_attention_span = 256,
    // Columns of a hop that share a scale.
    bn_hop_block = 32,
};

// Floats of one head in what attention makes of a span: the weighted sum of values (rounded up to whole
// vectors), then the largest score and the sum of weights.
static inline size_t bn_partial_stride(size_t head_size) { return (head_size + 15) / 16 * 16 + 16; }

// Consecutive tiles of a matrix of `tile_total` tiles and `columns` columns.
typedef struct {
    const uint8_t *tiles;  // of the whole matrix
    size_t tile_total;
    size_t first_tile;
    size_t tile_count;
    size_t columns;
} bn_tile_span;

// One way to multiply: how it wants the codes, and the product.
typedef struct {
    // Tiles (a multiple of block_tiles) and tokens that one call takes at most, as long as there is room for
    // their sums; tile_rows · block_tiles · tokens_max <= bn_sums_max.
    size_t tiles_max;
    size_t tokens_max;
    // Bytes of one token's codes once arranged.
    size_t (*byte_count)(size_t columns);
    // codes: [columns], then bn_column_padding zeros (or the codes of the next span).
    void (*arrange)(uint8_t *restrict out, const int8_t *restrict codes, size_t columns);
    // sums [tokens][sums_stride] = exact integer products of the tiles of `span` with `tokens` arranged
    // tokens, activations_stride bytes apart. code_sums[t] = Σ codes of token t, for the dot kernel only.
    void (*multiply)(
        int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
        const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
        size_t tokens);
} bn_product_kernel;

// A group of a row's weights that share a scale.
typedef struct {
    size_t columns;        // 64, 128 or 256, which divides a row
    bn_scale_type scales;  // BN_SCALE_ROW: of the whole row, which is nothing that kernels see
} bn_grouping;

static inline size_t bn_scale_bytes(bn_scale_type type) {
    switch (type) {
    case BN_SCALE_ROW: return 0;
    case BN_SCALE_HALF: return 2;
    case BN_SCALE_SINGLE: return 4;
    }
    return 0;
}

// What a token's codes are multiplied with besides weights. Both go on to the end of the last chunk, with zeros.
typedef struct {
    const float *scales;       // of each group; they follow each other
    const int32_t *code_sums;  // Σ codes of each group, for the dot kernel only
    size_t stride;             // groups from one token to the next
} bn_group_codes;

// One way to multiply with scaled groups, as bn_product_kernel.
typedef struct {
    size_t tiles_max;
    size_t tokens_max;
    size_t (*byte_count)(size_t columns, size_t group);
    // codes: [columns], whole groups.
    void (*arrange)(uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group);
    // sums [tokens][sums_stride] = Σ over groups, one after the other, of float(Σ weight·code)·(weight scale · code
    // scale), every operation rounded.
    void (*multiply)(
        float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
        const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
        size_t tokens);
} bn_grouped_product_kernel;

// A layout for matrices of scaled groups, of tiles as large as those of the same processor's other layout.
typedef struct {
    size_t (*tile_byte_count)(size_t columns, const bn_grouping *grouping);
    // As bn_ternary_kernels.pack_tile, from rows of groups of T5 bytes (see matrix/t5.h) with the row's scales
    // behind them.
    void (*pack_tile)(
        uint8_t *restrict tiles, size_t tile, size_t tile_total, const uint8_t *restrict rows,
        size_t row_stride, size_t row_count, size_t columns, const bn_grouping *grouping);
    // out [columns] = weight·scale of row `row` of tile `tile`.
    void (*read_row)(
        float *restrict out, const uint8_t *restrict tiles, size_t tile, size_t tile_total, size_t row,
        size_t columns, const bn_grouping *grouping);
    bn_grouped_product_kernel add_only;
    bn_grouped_product_kernel dot;
} bn_grouped_kernels;

// A layout for ternary matrices. Rows come in tiles of `tile_rows`; spans of tiles begin at multiples of
// `block_tiles`. How tiles lie in the matrix is the layout's own business.
typedef struct {
    size_t tile_rows;
    size_t block_tiles;
    size_t (*tile_byte_count)(size_t columns);
    // Lays out rows 0 ..< row_count (1 ... tile_rows) of tile `tile` of a zeroed matrix of `tile_total` tiles,
    // from valid T5 bytes, t5_stride apart. What the missing rows of the last tile hold does not matter.
    void (*pack_tile)(
        uint8_t *restrict tiles, size_t tile, size_t tile_total, const uint8_t *restrict t5, size_t t5_stride,
        size_t row_count, size_t columns);
    // Additions, subtractions, selections and table look-ups only; each token by itself.
    bn_product_kernel add_only;
    // The processor's integer dot product or multiply-add; made for many tokens at a time.
    bn_product_kernel dot;
    const bn_grouped_kernels *grouped;
} bn_ternary_kernels;

// The first `count` positions of a span of one slot and key head.
typedef struct {
    // [positions/16][head_size][16], with codes [positions/16][head_size/2][16][2].
    const uint8_t *keys;
    // [positions][head_size, rounded up to whole vectors], with codes [positions/2][head_size, so too][2].
    const uint8_t *values;
    // [positions], with codes only.
    const float *key_scales;
    const float *value_scales;
    // Keys that will be wanted next, or any memory in the cache.
    const uint8_t *upcoming;
    bn_kv_type type;
    size_t count;
} bn_kv_span;

static inline size_t bn_kv_element_bytes(bn_kv_type type) {
    switch (type) {
    case BN_KV_FLOAT32: return 4;
    case BN_KV_FLOAT16: return 2;
    case BN_KV_INT8: return 1;
    }
    return 0;
}

// floats/float_kernels.h is the one source of these for every instruction set.
typedef struct {
    bool (*quantise_token)(int8_t *restrict codes, float *restrict scale, const float *x, size_t columns);
    // scales: [columns/group]
    bool (*quantise_groups)(
        int8_t *restrict codes, float *restrict scales, const float *x, size_t columns, size_t group);
    void (*rms_norm_token)(float *out, const float *x, const float *weight, size_t columns, float epsilon);
    void (*rope_head)(
        float *restrict x, const float *restrict cosines, const float *restrict sines, size_t head_size,
        bool adjacent);
    void (*gate_span)(float *gate, const float *up, size_t count, bool squared);
    void (*load_row)(float *out, const void *row, bn_float_type type, size_t count);
    // x [head_size] to position `lane` of bn_key_block that begin at `block` and, with codes, at `scales`.
    void (*store_key)(
        uint8_t *restrict block, float *restrict scales, const float *restrict x, bn_kv_type type,
        size_t head_size, size_t lane);
    void (*store_value)(
        uint8_t *restrict block, float *restrict scales, const float *restrict x, bn_kv_type type,
        size_t head_size, size_t lane);
    // q [heads][head_size] as attend_span wants them, in heads · (head_size + 1) floats at most.
    void (*encode_queries)(
        float *restrict out, const float *restrict q, bn_kv_type type, size_t head_size, size_t heads);
    // partial [heads][bn_partial_stride] of encoded queries with a span; the heads share keys and values.
    void (*attend_span)(
        float *restrict partial, const float *restrict q, const bn_kv_span *span, size_t head_size,
        size_t heads);
    // Adds a span to out [heads][head_size] and state [heads][2], the largest score and the sum so far.
    void (*merge_span)(
        float *restrict out, float *restrict state, const float *restrict partial, size_t head_size,
        size_t heads, bool is_first);
    void (*finish_heads)(float *restrict out, const float *restrict state, size_t head_size, size_t heads);
    void (*head_rows)(
        float *restrict logits, size_t logits_stride, const float *restrict x, const void *table,
        bn_float_type type, size_t tokens, size_t row_count, size_t columns);
    float (*largest_logit)(const float *logits, size_t count);
    double (*sum_exponentials)(const float *logits, size_t count, float largest);
    bool (*hop_encode_token)(uint8_t *restrict out, const float *restrict x, size_t columns);
    bool (*hop_decode_token)(float *restrict out, const uint8_t *restrict hop, size_t columns);
    bool (*hop_round_token)(float *x, size_t columns);
} bn_float_kernels;

enum {
    // Rows of a tile of the int8 head; they lie side by side, four columns of each after the other, so that a
    // vector holds rows and no sum is taken across its lanes.
    bn_head_tile_rows = 32,
    // Tokens that one call of the int8 head's kernel takes at most.
    bn_head_tokens_max = 4,
};

// Sums of squares over a row by lane: of what its codes leave, and of what they stand for.
typedef struct {
    double remainder[16];
    double code[16];
} bn_head_squares;

// The int8 head; see head/fast_head_select.c.
typedef struct {
    uint32_t (*largest_bits)(const float *values, size_t count);
    // Codes of `count` values, a multiple of 16, biased by 128; adds to the sums.
    void (*quantise)(
        uint8_t *restrict codes, bn_head_squares *restrict sums, const float *restrict values, float scale,
        float inverse, size_t count);
    // sums [tokens][2][bn_head_tile_rows] = Σ_k code[r][k]·half[t][h][k] modulo 2^32. tile: codes 0 ... 255
    // as [columns/4][bn_head_tile_rows][4]; halves: [tokens][2][columns], -64 ... 63;
    // columns is a multiple of four.
    void (*multiply_tile)(
        uint32_t *restrict sums, const uint8_t *restrict tile, const int8_t *restrict halves, size_t columns,
        size_t tokens);
} bn_head_kernels;

struct bn_kernels {
    bn_isa isa;
    const bn_ternary_kernels *ternary;
    const bn_float_kernels *floats;
    const bn_head_kernels *head;
};

extern const bn_ternary_kernels bn_ternary_scalar;
extern const bn_float_kernels bn_float_scalar;
extern const bn_head_kernels bn_head_scalar;
#if defined(__x86_64__)
extern const bn_ternary_kernels bn_ternary_avx2;
extern const bn_float_kernels bn_float_avx2;
extern const bn_head_kernels bn_head_avx2;
extern const bn_ternary_kernels bn_ternary_avx512;
extern const bn_float_kernels bn_float_avx512;
extern const bn_head_kernels bn_head_avx512;
extern const bn_ternary_kernels bn_ternary_avx512bw;
#elif defined(__aarch64__)
extern const bn_ternary_kernels bn_ternary_neon;
extern const bn_ternary_kernels bn_ternary_neon_dot;
extern const bn_float_kernels bn_float_neon;
#endif

// Weights and bytes of the smallest piece of a row that can be read by itself.
static inline size_t bn_block_elements(bn_float_type type) {
    switch (type) {
    case BN_FLOAT32:
    case BN_FLOAT16:
    case BN_BFLOAT16: return 1;
    case BN_Q8_0:
    case BN_Q4_0: return 32;
    case BN_Q4_K:
    case BN_Q6_K: return 256;
    }
    return 1;
}

static inline size_t bn_block_bytes(bn_float_type type) {
    switch (type) {
    case BN_FLOAT32: return 4;
    case BN_FLOAT16:
    case BN_BFLOAT16: return 2;
    case BN_Q8_0: return 34;
    case BN_Q4_0: return 18;
    case BN_Q4_K: return 144;
    case BN_Q6_K: return 210;
    }
    return 0;
}

static inline size_t bn_row_bytes(bn_float_type type, size_t columns) {
    return columns / bn_block_elements(type) * bn_block_bytes(type);
}

static inline size_t bn_ceil_divide(size_t a, size_t b) { return a / b + (a % b != 0); }
static inline size_t bn_round_up(size_t a, size_t b) { return bn_ceil_divide(a, b) * b; }

// Items per piece: enough that a piece is worth handing out (a few microseconds), few enough that threads
// end together. `item_cost` is in floats or bytes touched.
static inline size_t bn_grain(const bn_pool *pool, size_t count, size_t item_cost) {
    size_t worthwhile = bn_ceil_divide(8192, item_cost > 0 ? item_cost : 1);
    size_t fair = pool == NULL ? count : count / (8 * bn_pool_thread_count(pool));
    return worthwhile > fair ? worthwhile : fair;
}

#endif
