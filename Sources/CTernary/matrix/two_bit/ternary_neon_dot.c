// SPDX-License-Identifier: MIT
//
// The two-bit kernels for NEON with the dot product of ARMv8.2. Four bytes of a row are summed at a time;
// vector i of a step then has rows 4·i ... 4·i + 3.
#if defined(__aarch64__)
#define BN_FEATURES "dotprod"
#define BN_VECTOR_BYTES 16
#define BN_STEP_GROUPS 4
#define BN_CODE_BYTES 4
#define BN_DOT_SUMS int32x4_t
#define BN_TOKENS_MAX 256
#define BN_REGISTER_TOKENS 4
#define BN_PREFETCH_BYTES 512

#include "matrix/two_bit/neon_vectors.h"
#include "matrix/two_bit/grouped_kernels.h"

BN_KERNELS_BEGIN

BN_INLINE dot_sums multiply_add(dot_sums sums, bytes weights, bytes codes) {
    return vdotq_s32(sums, (int8x16_t)weights, (int8x16_t)codes);
}

BN_INLINE void add_dot_sums(int32_t *rows, const dot_sums sums[step_groups]) {
    for (size_t i = 0; i < step_groups; i++) {
        vst1q_s32(rows + 4 * i, vaddq_s32(vld1q_s32(rows + 4 * i), sums[i]));
    }
}

BN_KERNELS_END

const bn_ternary_kernels bn_ternary_neon_dot = BN_TWO_BIT_KERNELS;

#else
typedef int bn_ternary_neon_dot_is_for_aarch64;
#endif
