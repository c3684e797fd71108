// SPDX-License-Identifier: MIT
//
// The two-bit kernels for NEON without the dot product: a widening multiply-add for each half of a vector. A
// row is a byte of a vector and a word of the sums, so groups need no interleaving.
#if defined(__aarch64__)
#define BN_VECTOR_BYTES 16
#define BN_STEP_GROUPS 1
#define BN_CODE_BYTES 1
#define BN_DOT_SUMS int16x8x2_t
#define BN_TOKENS_MAX 256
#define BN_REGISTER_TOKENS 4
#define BN_PREFETCH_BYTES 512

#include "matrix/two_bit/neon_vectors.h"
#include "matrix/two_bit/grouped_kernels.h"

BN_INLINE dot_sums multiply_add(dot_sums sums, bytes weights, bytes codes) {
    int8x16_t a = (int8x16_t)weights, b = (int8x16_t)codes;
    sums.val[0] = vmlal_s8(sums.val[0], vget_low_s8(a), vget_low_s8(b));
    sums.val[1] = vmlal_high_s8(sums.val[1], a, b);
    return sums;
}

BN_INLINE void add_dot_sums(int32_t *rows, const dot_sums sums[step_groups]) {
    add_words(rows, (words)sums[0].val[0], (words)sums[0].val[1]);
}

const bn_ternary_kernels bn_ternary_neon = BN_TWO_BIT_KERNELS;

#else
typedef int bn_ternary_neon_is_for_aarch64;
#endif
