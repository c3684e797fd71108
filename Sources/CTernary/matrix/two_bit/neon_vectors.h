// SPDX-License-Identifier: MIT
//
// The vectors of the two-bit kernels in NEON: tiles of 16 rows, tbl for the tables.
#ifndef C_TERNARY_NEON_VECTORS_H
#define C_TERNARY_NEON_VECTORS_H

#include <arm_neon.h>

#include "matrix/two_bit/two_bit_vectors.h"

BN_KERNELS_BEGIN

BN_INLINE bytes load_table(const uint8_t *from) { return (bytes)vld1q_u8(from); }

BN_INLINE bytes look_up(bytes table, bytes index) {
    return (bytes)vqtbl1q_u8((uint8x16_t)table, (uint8x16_t)index);
}

BN_INLINE bytes interleave_low(bytes a, bytes b) { return (bytes)vzip1q_u8((uint8x16_t)a, (uint8x16_t)b); }

BN_INLINE bytes interleave_high(bytes a, bytes b) { return (bytes)vzip2q_u8((uint8x16_t)a, (uint8x16_t)b); }

BN_INLINE words interleave_words_low(words a, words b) {
    return (words)vzip1q_u16((uint16x8_t)a, (uint16x8_t)b);
}

BN_INLINE words interleave_words_high(words a, words b) {
    return (words)vzip2q_u16((uint16x8_t)a, (uint16x8_t)b);
}

BN_INLINE void load_half_scales(float *restrict to, const uint8_t *restrict from) {
    // A float for each row of a tile.
    for (size_t i = 0; i < vector_bytes; i += 4) {
        float16x4_t halves = vreinterpret_f16_u8(vld1_u8(from + 2 * i));
        vst1q_f32(to + i, vcvt_f32_f16(halves));
    }
}

BN_KERNELS_END

#endif
