// SPDX-License-Identifier: MIT
//
// Rows of ternary weights, from the encodings of others to codes and from codes to T5. A code is a weight
// plus one: 0, 1, 2 for -1, 0, +1, a byte each. Nothing allocates; no pointer needs alignment; input and
// output do not overlap; bytes outside the given ranges are neither read nor written. Every function gives
// the same bytes on every instruction set.
#ifndef C_FORMATS_H
#define C_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BN_BLOCK_WEIGHTS = 256,  // of a TQ1_0 or TQ2_0 block
    BN_TQ1_BLOCK_BYTES = 54,
    BN_TQ2_BLOCK_BYTES = 66,
    BN_T5_ZEROS = 121,  // five weights 0
};

// Blocks with an f16 scale each: 256 weights of TQ1 and TQ2 (scale behind them), 64 or 128 in pairs of bits (Q2,
// scale in front), 128 in base 3 (PTQ1, behind), 128 bits for -1 and +1 (Q1, in front).
typedef enum {
    BN_BLOCK_TQ1 = 0,
    BN_BLOCK_TQ2 = 1,
    BN_BLOCK_Q2_64 = 2,
    BN_BLOCK_Q2_128 = 3,
    BN_BLOCK_PTQ1 = 4,
    BN_BLOCK_Q1 = 5,
} bn_block_type;

// How a plain number is stored, little-endian.
typedef enum { BN_SOURCE_F32 = 0, BN_SOURCE_F16 = 1, BN_SOURCE_BF16 = 2 } bn_source_type;

// ---- To codes -------------------------------------------------------------------------------------------

// Blocks of TQ1_0 (five trits a byte) to codes [block_count · 256]. The index of the first block with a byte
// that no encoder writes or with other scale bits (f16) than `scale`, or `block_count` if there is none; the
// codes before that block are valid, those behind it are not.
size_t bn_unpack_tq1(const uint8_t *blocks, size_t block_count, uint16_t scale, uint8_t *codes);
// The same for TQ2_0 (four two-bit codes a byte).
size_t bn_unpack_tq2(const uint8_t *blocks, size_t block_count, uint16_t scale, uint8_t *codes);

// Two-bit codes in planes: `group` bytes hold 4·group weights, all the weights of one pair of bits in a row;
// with `top_first` the first plane is bits 7..6, otherwise bits 1..0. byte_count is a multiple of group, codes
// [4·byte_count]. False if there is a code 3; then the codes mean nothing. Fast for groups of 16 and 32.
bool bn_unpack_planes(
    const uint8_t *bytes, size_t byte_count, size_t group, bool top_first, uint8_t *codes);
// Weights first ..< first + count of a whole tensor of such planes (first plane on top), whose rows need not
// start on a group: one by one, slow. `tensor` reaches to the end of the last group touched.
bool bn_unpack_planes_at(
    const uint8_t *tensor, size_t first, size_t count, size_t group, uint8_t *codes);
// codes[k] = (bytes[k] >> shift) & 3: one of the four rows that share their bytes. False if any is 3.
bool bn_unpack_shifted(const uint8_t *bytes, size_t count, unsigned shift, uint8_t *codes);

// Blocks of scales that may differ, to codes [block_count · weights of a block] and scales [block_count] in f16: a
// block whose scale or whose weights are all zero gets codes 1 and scale 0. The index of the first block with a byte
// that no encoder writes, a code 3, or a scale that is negative or not finite; `block_count` if there is none. The
// codes before that block are valid, those behind it are not.
size_t bn_unpack_blocks(
    bn_block_type type, const uint8_t *blocks, size_t block_count, uint8_t *codes, uint16_t *scales);

// 16-bit numbers (f16 or bf16) by their bits: `magnitude` gives 2, the same with the sign bit 0, either zero 1.
// The index of the first other number, or `count`; the codes before it are valid.
size_t bn_unpack_dense16(const uint8_t *values, size_t count, uint16_t magnitude, uint8_t *codes);
// The same for f32.
size_t bn_unpack_dense32(const uint8_t *values, size_t count, uint32_t magnitude, uint8_t *codes);

// Plain numbers in groups of `group`, each with a magnitude of its own (its bits, 0 if all are zero): codes
// [group_count · group], magnitudes [group_count]. The index of the first group with two magnitudes or a number that
// is not finite, or `group_count`; what stands before it is valid.
size_t bn_unpack_dense_groups(
    bn_source_type type, const uint8_t *values, size_t group_count, size_t group, uint8_t *codes,
    uint32_t *magnitudes);

// ---- Master weights -------------------------------------------------------------------------------------

// The numbers as floats, exactly; a NaN stays one.
void bn_floats_from(bn_source_type type, const uint8_t *values, size_t count, float *floats);
// Σ|x| in double: sixteen partial sums by index mod 16, then the tree 8, 4, 2, 1.
double bn_absolute_sum(const float *values, size_t count);
// code = clamp(round_half_even(x · inverse), -1, 1) + 1, the product rounded to float. False if an x is NaN or
// infinite; then the codes mean nothing.
bool bn_quantise_trits(const float *values, size_t count, float inverse, uint8_t *codes);

// ---- From codes -----------------------------------------------------------------------------------------

// One row of T5: Σ code·3^i of five weights a byte, the first least, (columns + 4) / 5 bytes; the last byte is
// filled up with code 1.
void bn_pack_t5(const uint8_t *codes, size_t columns, uint8_t *bytes);
// Groups of `group` codes (64, 128 or 256) as rows of T5 one after the other, each filled up with code 1 to an even
// number of bytes: 14, 26 or 52.
void bn_pack_t5_groups(const uint8_t *codes, size_t group_count, size_t group, uint8_t *bytes);

// ---- Instruction sets, for tests ------------------------------------------------------------------------

typedef enum {
    BN_FORMATS_BASELINE = 0,
    BN_FORMATS_AVX2 = 1,
    BN_FORMATS_AVX512 = 2,  // with VBMI
} bn_formats_isa;

// What the functions above call, one for each instruction set.
typedef struct {
    size_t (*unpack_tq1)(const uint8_t *blocks, size_t block_count, uint16_t scale, uint8_t *codes);
    size_t (*unpack_tq2)(const uint8_t *blocks, size_t block_count, uint16_t scale, uint8_t *codes);
    bool (*unpack_planes)(
        const uint8_t *bytes, size_t byte_count, size_t group, bool top_first, uint8_t *codes);
    bool (*unpack_shifted)(const uint8_t *bytes, size_t count, unsigned shift, uint8_t *codes);
    size_t (*unpack_dense16)(const uint8_t *values, size_t count, uint16_t magnitude, uint8_t *codes);
    size_t (*unpack_dense32)(const uint8_t *values, size_t count, uint32_t magnitude, uint8_t *codes);
    void (*floats_from)(bn_source_type type, const uint8_t *values, size_t count, float *floats);
    double (*absolute_sum)(const float *values, size_t count);
    bool (*quantise_trits)(const float *values, size_t count, float inverse, uint8_t *codes);
    void (*pack_t5)(const uint8_t *codes, size_t columns, uint8_t *bytes);
    size_t (*unpack_blocks)(
        bn_block_type type, const uint8_t *blocks, size_t block_count, uint8_t *codes, uint16_t *scales);
    size_t (*unpack_dense_groups)(
        bn_source_type type, const uint8_t *values, size_t group_count, size_t group, uint8_t *codes,
        uint32_t *magnitudes);
    void (*pack_t5_groups)(const uint8_t *codes, size_t group_count, size_t group, uint8_t *bytes);
} bn_formats;

// NULL if this processor or this build cannot run them.
const bn_formats *bn_formats_for(bn_formats_isa isa);

#ifdef __cplusplus
}
#endif

#endif
