// SPDX-License-Identifier: MIT
//
// Kernels for ternary networks. What they compute together is shown on one page: reference/layer_forward.c.
//
// Shapes are row-major. Every function gives the same bits on every instruction set and for every number of
// threads: integer sums are exact, float sums are taken in one defined order (sixteen partial sums by lane
// i mod 16, then the tree 8, 4, 2, 1; attention's are its own), multiplications and additions are fused only
// where the product is exact, so that it makes no difference, and exp, sin, cos and log are this library's own.
//
// Behind this door: matrix/ has ternary matrices and their products, attention/ rotary embedding, KV cache and
// attention, head/ tables of embeddings and logits, tokens/ what is done token by token, hops among it. All are
// made of lanes/; kernels.h says what an instruction set provides, floats/ puts its float kernels together.
#ifndef C_TERNARY_H
#define C_TERNARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CPlatform.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    BN_OK = 0,
    BN_INVALID_CODE = 1,  // a T5 byte above 242, or a row whose padding is not zero weights
    BN_NOT_FINITE = 2,    // an activation is NaN or infinite
    BN_NO_MEMORY = 3,
    BN_INVALID_SCALE = 4,  // a scale that is negative, NaN or infinite
} bn_status;

typedef enum {
    BN_ISA_SCALAR = 0,
    BN_ISA_AVX2 = 1,
    BN_ISA_AVX512 = 2,    // with VBMI, VNNI and GFNI: Ice Lake, Zen 4 and later
    BN_ISA_AVX512BW = 3,  // without: Skylake-X, Cascade Lake
    BN_ISA_NEON = 4,
    BN_ISA_NEON_DOT = 5,  // with the dot product of ARMv8.2
} bn_isa;

// How numbers are stored. Embeddings and heads may be of any type, all else is not quantised.
typedef enum {
    BN_FLOAT32 = 0,
    BN_FLOAT16 = 1,
    BN_BFLOAT16 = 2,
    // Blocks of 32 or 256 small integers with scales, ggml's layouts; rows are whole blocks.
    BN_Q8_0 = 3,
    BN_Q4_0 = 4,
    BN_Q4_K = 5,
    BN_Q6_K = 6,
} bn_float_type;

// One instruction set's kernels. Opaque; chosen once.
typedef struct bn_kernels bn_kernels;

// The kernels of `isa`, or NULL if this processor or this build cannot run them.
const bn_kernels *bn_kernels_for(bn_isa isa);
// The fastest that this processor can run.
const bn_kernels *bn_kernels_best(void);
bn_isa bn_kernels_isa(const bn_kernels *kernels);
// "scalar", "avx2", "avx512", "avx512bw", "neon", "neon-dot".
const char *bn_isa_name(bn_isa isa);

// ---- Ternary matrices -----------------------------------------------------------------------------------

// A ternary matrix in the layout that its kernels want (1.6 or 2 bits a weight). Immutable once filled.
typedef struct bn_matrix bn_matrix;

// An empty matrix [rows, columns]; columns <= 2^18 so that |sum| <= 127·columns fits int32 with room.
bn_matrix *bn_matrix_create(const bn_kernels *kernels, size_t rows, size_t columns, float scale);
void bn_matrix_destroy(bn_matrix *matrix);
// Lays out all rows from T5: `t5` is [rows][ceil(columns/5)] bytes. BN_INVALID_CODE names a bad byte's
// offset in *bad_offset.
bn_status bn_matrix_fill(bn_matrix *matrix, bn_pool *pool, const uint8_t *t5, size_t *bad_offset);
// What a matrix's scales are, if there is not one for all of it.
typedef enum {
    BN_SCALE_ROW = 0,     // a float32 for each row
    BN_SCALE_HALF = 1,    // a float16 for each group of columns of a row
    BN_SCALE_SINGLE = 2,  // a float32 for each group
} bn_scale_type;

// As bn_matrix_create, for a matrix that is multiplied group by group, `group` being 64, 128 or 256 and a divisor
// of `columns`. Its rows are, for bn_matrix_fill,
//   - with a scale for each group: for each group ceil(group/5) bytes of T5, rounded up to an even number with zero
//     weights; then the groups' scales, little-endian;
//   - with a scale for each row: ceil(columns/5) bytes of T5, and the scale.
// BN_INVALID_SCALE names a bad scale's offset.
bn_matrix *bn_matrix_create_grouped(
    const bn_kernels *kernels, size_t rows, size_t columns, size_t group, bn_scale_type scales);
// Row lookup: out[i] = weight·scale of row rows[i] of a grouped matrix, [count][columns].
void bn_matrix_read_rows(
    const bn_matrix *matrix, bn_pool *pool, float *out, const uint32_t *rows, size_t count);
// Bytes of a row as bn_matrix_fill takes it; `group` 0 for a matrix of one scale.
size_t bn_matrix_row_bytes(size_t columns, size_t group, bn_scale_type scales);
size_t bn_matrix_rows(const bn_matrix *matrix);
size_t bn_matrix_columns(const bn_matrix *matrix);
size_t bn_matrix_byte_count(const bn_matrix *matrix);
// Bytes that a matrix of this shape takes with these kernels.
size_t bn_matrix_byte_count_for(const bn_kernels *kernels, size_t rows, size_t columns);
size_t bn_matrix_byte_count_grouped(
    const bn_kernels *kernels, size_t rows, size_t columns, size_t group, bn_scale_type scales);

// Int8 activations of a batch: codes [tokens][columns] in the layout that the kernels want, and one scale
// for each token. Reused from step to step. Steps of fewer than `dot_tokens_min` (>= 1) tokens are multiplied
// add-only (additions, subtractions, selections, table look-ups), others by the processor's integer dot
// product: 1 for always, SIZE_MAX for never. The sums are the same. `thread_count`: of the pools that they are
// multiplied with, at most. `group`: 0, or the group of the matrices that they are multiplied with.
typedef struct bn_activations bn_activations;
bn_activations *bn_activations_create(
    const bn_kernels *kernels, size_t dot_tokens_min, size_t thread_count, size_t tokens_max,
    size_t columns_max, size_t group);
// Bytes that they take; 0 if the numbers are out of range.
size_t bn_activations_byte_count_for(
    const bn_kernels *kernels, size_t dot_tokens_min, size_t thread_count, size_t tokens_max,
    size_t columns_max, size_t group);
void bn_activations_destroy(bn_activations *activations);
// The least number of tokens, at least 2, from which the dot product is the faster one here, found by trying
// both: some ten milliseconds.
size_t bn_dot_tokens_min(const bn_kernels *kernels, bn_pool *pool);

// Per token of x [tokens][columns]: m = max(max|x|, 1e-5), s = 127/m, code = round_half_even(x·s) clamped to
// ±127 (formats: quant8). BN_NOT_FINITE if any x is NaN or infinite.
bn_status bn_quantise(
    bn_activations *out, bn_pool *pool, const float *x, size_t tokens, size_t columns);
// For matrices of groups: per token and group of x m = max|x|, scale = m/127, code = round_half_even(x·(127/m)); all
// zero if m < 2^-100. (bn_quantise gives every group the scale 1/s.)
bn_status bn_quantise_groups(
    bn_activations *out, bn_pool *pool, const float *x, size_t tokens, size_t columns);
// The scales [columns/group] of one token, for tests.
void bn_activations_read_scales(const bn_activations *activations, size_t token, float *scales);
// The codes [columns] and s of one token, for tests.
void bn_activations_read(const bn_activations *activations, size_t token, int8_t *codes, float *scale);

// One BitLinear: out[t][out_stride·t + r] = float(Σ_k trit[r][k]·code[t][k]) · (scale / s_t).
// With scaled groups: Σ_g float(Σ_k trit[r][k]·code[t][k]) · (scale[r][g]·scale[t][g]) in ascending order from 0,
// where each operation is rounded; with a scale for each row that of the sum with 1 for scale[r][g].
// With `accumulate` the product is added to what is there (the residual).
typedef struct {
    const bn_matrix *matrix;
    float *out;         // [tokens][out_stride]
    size_t out_stride;  // floats, >= rows
    bool accumulate;
} bn_product;
// Up to 4 products of the same activations in one parallel region (Q, K, V; gate, up).
void bn_multiply(
    bn_pool *pool, const bn_activations *activations, const bn_product *products, size_t product_count);
// The product of a grouped matrix with x [tokens][columns] as it is, nothing quantised: what quantising costs can be
// measured by it. Slow, as every row becomes floats first.
void bn_multiply_floats(
    bn_pool *pool, const bn_product *product, const float *x, size_t tokens);
// The exact integer sums [tokens][rows] of one matrix, for tests.
void bn_multiply_integers(
    bn_pool *pool, const bn_activations *activations, const bn_matrix *matrix, int32_t *out);

// ---- Everything else ------------------------------------------------------------------------------------
// All take [tokens][...] row-major float32 and run in parallel over tokens, heads or rows.

// out = x · (1/sqrt(mean(x²) + epsilon)) · weight. out may be x.
void bn_rms_norm(
    const bn_kernels *kernels, bn_pool *pool, float *out, const float *x, const float *weight, size_t tokens,
    size_t columns, float epsilon);

// x := x·factor over [count] values.
void bn_scale(bn_pool *pool, float *x, size_t count, float factor);
// sum := sum + x·factor over [count] values, every operation rounded.
void bn_add_scaled(bn_pool *pool, float *sum, const float *x, size_t count, float factor);

// cos and sin [positions][head_size/2] of position · base^(-2j/head_size), computed in double, rounded.
void bn_rope_table(float *cos_out, float *sin_out, size_t positions, size_t head_size, double base);

// How the frequencies base^(-2j/head_size) are changed for longer contexts than a model was first trained with.
typedef enum {
    BN_ROPE_LINEAR = 0,  // divided by `factor`
    // Llama 3.1: those of wavelengths above context/low divided by `factor`, those below context/high kept, and
    // between them mixed.
    BN_ROPE_LLAMA3 = 1,
    // YaRN (arXiv 2309.00071, section 3.2): pairs that turn less than `low` times in `context` positions divided by
    // `factor`, those that turn more than `high` times kept, and between them mixed.
    BN_ROPE_YARN = 2,
} bn_rope_kind;
typedef struct {
    bn_rope_kind kind;
    double factor;
    double low, high;
    double context;
    double magnitude;  // sine and cosine are multiplied by it
} bn_rope_scaling;
// bn_rope_table with the frequencies that `scaling` makes; NULL for none.
void bn_rope_table_scaled(
    float *cos_out, float *sin_out, size_t positions, size_t head_size, double base,
    const bn_rope_scaling *scaling);
// The frequencies [head_size/2], for tests.
void bn_rope_frequencies(double *out, size_t head_size, double base, const bn_rope_scaling *scaling);
// Rotates x [tokens][heads][head_size] in place; token i stands at positions[i]. adjacent: pairs (2j, 2j+1),
// else (j, j + head_size/2).
void bn_rope(
    const bn_kernels *kernels, bn_pool *pool, float *x, size_t x_stride, size_t tokens, size_t heads,
    size_t head_size, const uint32_t *positions, const float *cos_table, const float *sin_table,
    bool adjacent);

// How keys and values are kept.
typedef enum {
    BN_KV_FLOAT32 = 0,
    BN_KV_FLOAT16 = 1,
    // For each position and key head a float scale d = max|x|/127 and codes round_half_even(x · (127/max|x|)),
    // which stand for code·d; all zero if max|x| < 2^-100. An x that is not finite makes d NaN.
    BN_KV_INT8 = 2,
} bn_kv_type;

// Keys and values of one layer; how they lie is the library's own matter.
typedef struct {
    void *keys;
    void *values;
    bn_kv_type type;
    size_t context;  // positions per slot
    size_t kv_heads;
    size_t head_size;
} bn_kv;
// Bytes that the keys take, and the values as many.
size_t bn_kv_byte_count(bn_kv_type type, size_t slots, size_t context, size_t kv_heads, size_t head_size);
// Writes k and v [tokens][kv_heads][head_size] at (slots[i], positions[i]).
void bn_kv_store(
    const bn_kernels *kernels, bn_pool *pool, const bn_kv *kv, const float *k, const float *v, size_t tokens,
    const uint32_t *slots, const uint32_t *positions);
// Slot `to` receives what slot `from`, another one, holds at positions 0 ..< count, bit by bit. What `to` held
// at later positions may be lost.
void bn_kv_copy(bn_pool *pool, const bn_kv *kv, uint32_t from, uint32_t to, size_t count);
// Floats of working memory that bn_attention takes with a pool of so many threads.
size_t bn_attention_scratch_count(size_t threads, size_t heads, size_t kv_heads, size_t head_size);
// out[t][h] = Σ_{p <= positions[t]} softmax_p(q[t][h]·k[p]/sqrt(head_size)) v[p], causal within slots[t].
// Head h reads kv head h / (heads / kv_heads). What stands past positions[t] does not matter. With half
// floats queries and softmax's numerators are rounded to 13 significant bits. With int8, up to head_size 1024,
// products are of integers: a head's query becomes codes as those of the cache, but up to ±16383, and so do up
// to 32767 the numerators of each 256 positions times the scales of their values.
void bn_attention(
    const bn_kernels *kernels, bn_pool *pool, const bn_kv *kv, float *out, const float *q, size_t tokens,
    size_t heads, const uint32_t *slots, const uint32_t *positions, float *scratch);

// gate := act(gate)·up over [tokens·columns] values; squared: max(g,0)², else g·sigmoid(g).
void bn_gate(
    const bn_kernels *kernels, bn_pool *pool, float *gate, const float *up, size_t count, bool squared);

// A table's rows [columns] as they are stored: bytes of one; columns are whole blocks.
size_t bn_table_row_byte_count(bn_float_type type, size_t columns);
// The first row of a quantised table [rows][columns] with a scale that is NaN or infinite, or `rows` if there
// is none; then every weight is finite. Looks into no other table.
size_t bn_table_first_invalid_row(
    bn_pool *pool, const void *table, bn_float_type type, size_t rows, size_t columns);
// Row lookup: out[i] = float(table[ids[i]]), table [rows][columns] of `type`.
void bn_embed(
    const bn_kernels *kernels, bn_pool *pool, float *out, const void *table, bn_float_type type,
    const uint32_t *ids, size_t tokens, size_t columns);
// logits [tokens][rows] = x [tokens][columns] · table [rows][columns]ᵀ, parallel over rows.
void bn_head(
    const bn_kernels *kernels, bn_pool *pool, float *logits, const float *x, const void *table,
    bn_float_type type, size_t tokens, size_t rows, size_t columns);

// A head's int8 copy, 1 byte a weight and 12 for each row: finds the largest logits of a step while it reads
// a half or a quarter of the table's bytes. Immutable.
typedef struct bn_fast_head bn_fast_head;
enum { BN_FAST_HEAD_COUNT_MAX = 1024 };
// Copies table [rows][columns], which must outlive it. NULL without memory, or if columns exceed 2^17.
bn_fast_head *bn_fast_head_create(
    const bn_kernels *kernels, bn_pool *pool, const void *table, bn_float_type type, size_t rows,
    size_t columns);
void bn_fast_head_destroy(bn_fast_head *head);
// Bytes that the copy takes; 0 if the shape is out of range.
size_t bn_fast_head_byte_count_for(size_t rows, size_t columns);
// Bytes of working memory, 64-byte aligned, for steps of up to `tokens` tokens.
size_t bn_fast_head_scratch_byte_count(size_t rows, size_t columns, size_t tokens);
// logits [tokens][rows]: bn_head's value, bit by bit, of every row that is among the counts[t] largest of
// token t (ties included) and of some more; -infinity elsewhere. counts: 1 ... BN_FAST_HEAD_COUNT_MAX.
// BN_NOT_FINITE if x or the table is not finite or so large that logits might overflow: then nothing is known
// and bn_head is to be asked.
bn_status bn_fast_head_select(
    const bn_fast_head *head, bn_pool *pool, float *logits, const float *x, const uint32_t *counts,
    size_t tokens, void *scratch);
// The bounds [tokens][rows] between which bn_head's values lie, for tests. BN_NOT_FINITE as above.
bn_status bn_fast_head_bounds(
    const bn_fast_head *head, bn_pool *pool, float *lower, float *upper, const float *x, size_t tokens,
    void *scratch);

// max + log(Σ exp(logits - max)) in double; the log-probability of id i is logits[i] minus this.
double bn_log_sum_exp(const bn_kernels *kernels, bn_pool *pool, const float *logits, size_t count);
// exp(x) by this library (double), the same bits everywhere; for the sampler.
double bn_exp(double x);
double bn_log(double x);

// Hop: per token f16 scales [ceil(columns/32)] little-endian, then int8 codes [columns]. d = f16(max|x|/127),
// code = clamp(round_half_even(x / d), ±127); d = 0 gives zeros. BN_NOT_FINITE on NaN or infinity, and where d or an
// outlier is beyond what can be sent.
//
// In a whole block of 32 with d > 0 the values of more than 8 times the fourth largest magnitude are outliers.
// If there are any, k = 1, 2 or 3, the scale is d = f16(max|x|/(2^(7-k) - 1)) of the others, with the sign bit
// set, and the block's bytes are
//   - for each outlier, by place, a little-endian word: place | (outliers that follow) << 5 | bits of the float32,
//     rounded half to even to the upper 24,
//   - the other values' codes, by place, in 8-k bits of two's complement, from a byte's lowest bit on; then zeros.
bn_status bn_hop_encode(
    const bn_kernels *kernels, bn_pool *pool, uint8_t *out, const float *x, size_t tokens, size_t columns);
// BN_NOT_FINITE if a scale or an outlier is NaN or infinite, or the outliers' words or the zeros are not as
// above. Any code and any finite scale is accepted.
bn_status bn_hop_decode(
    const bn_kernels *kernels, bn_pool *pool, float *out, const uint8_t *hop, size_t tokens, size_t columns);

// What bn_hop_encode and bn_hop_decode make of x [tokens][columns], in place. BN_NOT_FINITE as bn_hop_encode.
bn_status bn_hop_round(const bn_kernels *kernels, bn_pool *pool, float *x, size_t tokens, size_t columns);

// ---- One layer, to be read and compared with ------------------------------------------------------------

// A ternary matrix as plain weights -1, 0, 1 [rows][columns].
typedef struct {
    const int8_t *weights;
    size_t rows;
    size_t columns;
    float scale;
} bn_plain_matrix;

// With n = heads·head_size and m = kv_heads·head_size:
typedef struct {
    const float *attention_norm;         // [hidden]
    bn_plain_matrix query;               // [n, hidden]
    bn_plain_matrix key;                 // [m, hidden]
    bn_plain_matrix value;               // [m, hidden]
    const float *attention_sub_norm;     // [n] or NULL
    bn_plain_matrix attention_output;    // [hidden, n]
    const float *feed_forward_norm;      // [hidden]
    bn_plain_matrix gate;                // [inner, hidden]
    bn_plain_matrix up;                  // [inner, hidden]
    const float *feed_forward_sub_norm;  // [inner] or NULL
    bn_plain_matrix down;                // [hidden, inner]
    size_t head_size;
    float norm_epsilon;
    bool squared_relu;    // else SiLU
    bool adjacent_pairs;  // as in bn_rope
} bn_reference_layer;

// Floats of working memory for bn_reference_layer_forward.
size_t bn_reference_scratch_count(const bn_reference_layer *layer);
// Takes the token at `position` through a layer: x [hidden], in and out. keys and values
// [context][kv_heads][head_size] hold those of the positions before, and receive this one's. The tables are
// bn_rope_table's. Gives the bits that the functions above give with BN_KV_FLOAT32, but slowly, as
// reference/layer_forward.c is written to be read. All values are finite.
void bn_reference_layer_forward(
    const bn_reference_layer *layer, float *x, float *keys, float *values, size_t position,
    const float *cos_table, const float *sin_table, float *scratch);

// ---- What the machine could do at best ------------------------------------------------------------------

// Reads whole mebibytes of `bytes` and returns a value that depends on all, so that nothing is left out.
uint32_t bn_roofline_read(const bn_kernels *kernels, bn_pool *pool, const void *bytes, size_t byte_count);
// Does nothing but int8 multiply-adds in registers, as many as it returns; 0 if the instruction set has none.
size_t bn_roofline_multiply_add(const bn_kernels *kernels, bn_pool *pool, size_t rounds);

#ifdef __cplusplus
}
#endif
#endif
