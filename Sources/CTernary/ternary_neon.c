// SPDX-License-Identifier: MIT
//
// The two-bit kernels for NEON without the dot product: a widening multiply-add for each half of a vector.
#if defined(__aarch64__)
#include <string.h>

#include "kernels.h"
#include "t5.h"

#include "neon_vectors.h"

// A row is a byte of a vector and a word of the sums, so groups need no interleaving.
enum { step_groups = 1, code_bytes = 1 };
enum { piece_tiles = 4, tokens_max = 256, register_tokens = 4, prefetch_bytes = 512 };

#include "two_bit_layout.h"

typedef struct {
    int16x8_t low, high;
} dot_sums;

BN_INLINE dot_sums multiply_add(dot_sums sums, bytes weights, bytes codes) {
    int8x16_t a = (int8x16_t)weights, b = (int8x16_t)codes;
    return (dot_sums){
        .low = vmlal_s8(sums.low, vget_low_s8(a), vget_low_s8(b)),
        .high = vmlal_high_s8(sums.high, a, b),
    };
}

BN_INLINE void add_dot_sums(int32_t *rows, const dot_sums sums[step_groups]) {
    add_words(rows, (words)sums[0].low, (words)sums[0].high);
}

#include "two_bit_kernels.h"

const bn_ternary_kernels bn_ternary_neon = BN_TWO_BIT_KERNELS;

#else
typedef int bn_ternary_neon_is_for_aarch64;
#endif
