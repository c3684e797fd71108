// SPDX-License-Identifier: MIT
//
// Integer dot product on AVX-512: four groups of a tile are unpacked so that four bytes of one row stand
// together, and looked up as weights + 1 in two bits each, which vpdpbusd multiplies with four codes.
//
// For a few tokens weights stay in registers from the look-up to the product. For more they are spread out once
// for all tokens, a byte each, into a block that stays in the first-level cache.
#if defined(__x86_64__)
#include "matrix/avx512/step_weights.h"

enum {
    step_quads_bytes = bn_avx512_group_columns * quad_bytes,
    // Up to so many tokens weights stay in registers.
    few_tokens = 8,
    // Up to so many, reading weights again for each eight tokens costs less than spreading them out.
    passes_tokens = 64,
    // Tokens of one pass over a block: 24 sums in registers.
    pass_tokens = 6,
};

size_t bn_avx512_quads_byte_count(size_t columns) { return step_quads_bytes * bn_avx512_step_count(columns); }

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// For each step and i = 0 ... 4: the codes of column i of the step's four groups.
void bn_avx512_arrange_quads(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    const __m256i order = _mm256_setr_epi8(
        0, 5, 10, 15, 1, 6, 11, 16, 2, 7, 12, 17, 3, 8, 13, 18, 4, 9, 14, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0);
    const __mmask32 step = (1u << step_quads_bytes) - 1;
    size_t step_count = bn_avx512_step_count(columns);
    for (size_t s = 0; s < step_count; s++) {
        __m256i from = _mm256_maskz_loadu_epi8(step, codes + s * bn_avx512_step_columns);
        _mm256_mask_storeu_epi8(
            out + s * step_quads_bytes, step, _mm256_permutexvar_epi8(order, from));
    }
}

// ---- Few tokens -----------------------------------------------------------------------------------------

// Adds the steps of `vectors` (a constant: 4, or 2 from `first` on) row vectors of one tile and `tokens` (a
// constant) tokens: sums[t][row] += Σ (weight + 1)·code. `ahead` is what to fetch meanwhile.
BN_INLINE void add_steps(
    int32_t *restrict sums, size_t sums_stride, const bn_avx512_part *part, const weight_tables *tables,
    const uint8_t *restrict quads, size_t quads_stride, size_t tokens, size_t first, size_t vectors,
    const uint8_t *ahead) {
    __m512i totals[few_tokens][row_vectors];
    for (size_t t = 0; t < tokens; t++) {
        for (size_t j = 0; j < vectors; j++) {
            totals[t][j] = load(sums + t * sums_stride + 16 * (first + j));
        }
    }
    const uint8_t *weights = part->steps;
    for (size_t s = 0; s < part->count; s++) {
        for (size_t line = 0; line < 64 * vectors; line += 64) {
            _mm_prefetch((const char *)ahead + line, _MM_HINT_T0);
        }
        step_weights step = load_step(weights, tables, first, vectors);
        for (unsigned i = 0; i < bn_avx512_group_columns; i++) {
            __m512i w[row_vectors];
            for (size_t j = 0; j < vectors; j++) w[j] = weights_of(&step, j, i);
            for (size_t t = 0; t < tokens; t++) {
                __m512i codes = load_quad(quads + t * quads_stride + i * quad_bytes);
                for (size_t j = 0; j < vectors; j++) {
                    totals[t][j] = _mm512_dpbusd_epi32(totals[t][j], w[j], codes);
                }
            }
        }
        weights += part->stride;
        quads += step_quads_bytes;
        ahead += 64 * vectors;
    }
    for (size_t t = 0; t < tokens; t++) {
        for (size_t j = 0; j < vectors; j++) {
            _mm512_storeu_si512(sums + t * sums_stride + 16 * (first + j), totals[t][j]);
        }
    }
}

// A span of tiles, a chunk of steps at a time, which comes from memory as one stream.
BN_INLINE void multiply_few(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span, const weight_tables *tables,
    const uint8_t *restrict quads, size_t quads_stride, size_t tokens) {
    size_t step_count = bn_avx512_step_count(span->columns);
    size_t vectors = tokens <= 4 ? row_vectors : row_vectors / 2;
    for (size_t begin = 0; begin < step_count; begin += bn_avx512_chunk_steps) {
        const uint8_t *codes = quads + begin * step_quads_bytes;
        for (size_t i = 0; i < span->tile_count; i++) {
            bn_avx512_part part = bn_avx512_part_of(span, i, begin);
            // While a tile is multiplied, as many bytes of the next block are fetched, in their order there.
            size_t place = (span->first_tile + i) % bn_avx512_block_tiles * bn_avx512_step_bytes;
            const uint8_t *ahead = part.steps - place + part.count * (part.stride + place);
            int32_t *to = sums + i * bn_avx512_tile_rows;
            add_steps(to, sums_stride, &part, tables, codes, quads_stride, tokens, 0, vectors, ahead);
            // Written out, so that the second half's place is a constant too.
            if (vectors == row_vectors) continue;
            ahead += vectors * 64 * part.count;
            add_steps(to, sums_stride, &part, tables, codes, quads_stride, tokens, vectors, vectors, ahead);
        }
    }
}

// ---- Many tokens ----------------------------------------------------------------------------------------

// Weights + 1 of a tile's next steps, a byte each: vector j of weight i of a step.
typedef struct {
    __m512i vectors[bn_avx512_chunk_steps][bn_avx512_group_columns][row_vectors];
} spread_block;

BN_INLINE void spread(spread_block *to, const bn_avx512_part *part, const weight_tables *tables) {
    for (size_t s = 0; s < part->count; s++) {
        step_weights step = load_step(part->steps + s * part->stride, tables, 0, row_vectors);
        for (unsigned i = 0; i < bn_avx512_group_columns; i++) {
            for (size_t j = 0; j < row_vectors; j++) to->vectors[s][i][j] = weights_of(&step, j, i);
        }
    }
}

// sums[t][row] += Σ (weight + 1)·code over the block, for `tokens` (a constant) tokens.
BN_INLINE void add_block(
    int32_t *restrict sums, size_t sums_stride, const spread_block *block, size_t step_count,
    const uint8_t *restrict quads, size_t quads_stride, size_t tokens) {
    __m512i totals[pass_tokens][row_vectors];
    for (size_t t = 0; t < tokens; t++) {
        for (size_t j = 0; j < row_vectors; j++) totals[t][j] = load(sums + t * sums_stride + 16 * j);
    }
    const __m512i *weights = block->vectors[0][0];
    size_t row_count = step_count * bn_avx512_group_columns;
    for (size_t r = 0; r < row_count; r++, weights += row_vectors, quads += quad_bytes) {
        for (size_t t = 0; t < tokens; t++) {
            __m512i codes = load_quad(quads + t * quads_stride);
            for (size_t j = 0; j < row_vectors; j++) {
                totals[t][j] = _mm512_dpbusd_epi32(totals[t][j], weights[j], codes);
            }
        }
    }
    for (size_t t = 0; t < tokens; t++) {
        for (size_t j = 0; j < row_vectors; j++) {
            _mm512_storeu_si512(sums + t * sums_stride + 16 * j, totals[t][j]);
        }
    }
}

static void add_block_to_all(
    int32_t *restrict sums, size_t sums_stride, const spread_block *block, size_t steps,
    const uint8_t *restrict quads, size_t quads_stride, size_t tokens) {
    for (; tokens >= pass_tokens; tokens -= pass_tokens) {
        add_block(sums, sums_stride, block, steps, quads, quads_stride, pass_tokens);
        sums += pass_tokens * sums_stride;
        quads += pass_tokens * quads_stride;
    }
    switch (tokens) {
    case 1: add_block(sums, sums_stride, block, steps, quads, quads_stride, 1); break;
    case 2: add_block(sums, sums_stride, block, steps, quads, quads_stride, 2); break;
    case 3: add_block(sums, sums_stride, block, steps, quads, quads_stride, 3); break;
    case 4: add_block(sums, sums_stride, block, steps, quads, quads_stride, 4); break;
    case 5: add_block(sums, sums_stride, block, steps, quads, quads_stride, 5); break;
    }
}

static void multiply_many(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span, const weight_tables *tables,
    const uint8_t *restrict quads, size_t quads_stride, size_t tokens) {
    size_t step_count = bn_avx512_step_count(span->columns);
    for (size_t begin = 0; begin < step_count; begin += bn_avx512_chunk_steps) {
        for (size_t i = 0; i < span->tile_count; i++) {
            bn_avx512_part part = bn_avx512_part_of(span, i, begin);
            spread_block block;
            spread(&block, &part, tables);
            add_block_to_all(
                sums + i * bn_avx512_tile_rows, sums_stride, &block, part.count,
                quads + begin * step_quads_bytes, quads_stride, tokens);
        }
    }
}

void bn_avx512_dot(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
    const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
    size_t tokens) {
    const weight_tables tables = load_weight_tables();
    // Weights are + 1 in the products: start from what that adds.
    for (size_t t = 0; t < tokens; t++) {
        int32_t *to = sums + t * sums_stride;
        for (size_t r = 0; r < span->tile_count * bn_avx512_tile_rows; r++) to[r] = -code_sums[t];
    }
    if (tokens > passes_tokens) {
        multiply_many(sums, sums_stride, span, &tables, activations, activations_stride, tokens);
        return;
    }
    for (size_t t = 0; t < tokens; t += few_tokens) {
        int32_t *to = sums + t * sums_stride;
        const uint8_t *quads = activations + t * activations_stride;
        switch (tokens - t) {
        case 1: multiply_few(to, sums_stride, span, &tables, quads, activations_stride, 1); break;
        case 2: multiply_few(to, sums_stride, span, &tables, quads, activations_stride, 2); break;
        case 3: multiply_few(to, sums_stride, span, &tables, quads, activations_stride, 3); break;
        case 4: multiply_few(to, sums_stride, span, &tables, quads, activations_stride, 4); break;
        case 5: multiply_few(to, sums_stride, span, &tables, quads, activations_stride, 5); break;
        case 6: multiply_few(to, sums_stride, span, &tables, quads, activations_stride, 6); break;
        case 7: multiply_few(to, sums_stride, span, &tables, quads, activations_stride, 7); break;
        default: multiply_few(to, sums_stride, span, &tables, quads, activations_stride, 8); break;
        }
    }
}

BN_TARGET_END

#else
typedef int bn_ternary_avx512_dot_is_for_x86;
#endif
