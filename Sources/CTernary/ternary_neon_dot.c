// SPDX-License-Identifier: MIT
//
// The two-bit kernels for NEON with the dot product of ARMv8.2.
#if defined(__aarch64__)
#include <string.h>

#include "kernels.h"
#include "t5.h"
#include "target.h"

BN_TARGET_BEGIN("dotprod")

#include "neon_vectors.h"

// Four bytes of a row are summed at a time; vector i of a step then has rows 4·i ... 4·i + 3.
enum { step_groups = 4, code_bytes = 4 };
enum { piece_tiles = 4, tokens_max = 256, register_tokens = 4, prefetch_bytes = 512 };

#include "two_bit_layout.h"

typedef int32x4_t dot_sums;

BN_INLINE dot_sums multiply_add(dot_sums sums, bytes weights, bytes codes) {
    return vdotq_s32(sums, (int8x16_t)weights, (int8x16_t)codes);
}

BN_INLINE void add_dot_sums(int32_t *rows, const dot_sums sums[step_groups]) {
    for (size_t i = 0; i < step_groups; i++) {
        vst1q_s32(rows + 4 * i, vaddq_s32(vld1q_s32(rows + 4 * i), sums[i]));
    }
}

#include "two_bit_kernels.h"

BN_TARGET_END

const bn_ternary_kernels bn_ternary_neon_dot = BN_TWO_BIT_KERNELS;

#else
typedef int bn_ternary_neon_dot_is_for_aarch64;
#endif
