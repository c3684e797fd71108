// SPDX-License-Identifier: MIT
//
// Rows of small integers with a scale for each block, as ggml quantises embeddings and heads, back to floats.
// Every weight is made by the same single operations wherever it is needed, so that a quantised table gives
// the bits that the table of its floats would give.
#ifndef C_TERNARY_QUANTISED_ROWS_H
#define C_TERNARY_QUANTISED_ROWS_H

#include "kernels.h"
#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

BN_INLINE float half_at(const uint8_t *from) {
    uint16_t half;
    memcpy(&half, from, sizeof half);
    return bn_float_of_half(half);
}

BN_INLINE bn_byte_lanes load_bytes(const uint8_t *from) {
    bn_byte_lanes lanes;
    memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

BN_INLINE void floats_of(bn_lanes lanes[2], bn_code_lanes codes) {
    bn_few_codes few[2];
    memcpy(few, &codes, sizeof few);
    for (size_t i = 0; i < 2; i++) lanes[i] = __builtin_convertvector(few[i], bn_lanes);
}

// 32 weights scale·code.
BN_INLINE void store_scaled(float *to, float scale, bn_code_lanes codes) {
    bn_lanes lanes[2];
    floats_of(lanes, codes);
    for (size_t i = 0; i < 2; i++) store_floats(to + 16 * i, scale * lanes[i]);
}

// 32 weights d·q: f16 d, int8 q[32].
BN_INLINE void load_q8_0(float *out, const uint8_t *block) {
    store_scaled(out, half_at(block), (bn_code_lanes)load_bytes(block + 2));
}

// 32 weights d·(q - 8): f16 d, sixteen bytes with weight j in the low half of byte j, weight 16 + j above it.
BN_INLINE void load_q4_0(float *out, const uint8_t *block) {
    uint8_t codes[32];
    for (size_t i = 0; i < 16; i++) {
        codes[i] = block[2 + i] & 15;
        codes[16 + i] = block[2 + i] >> 4;
    }
    store_scaled(out, half_at(block), (bn_code_lanes)load_bytes(codes) - 8);
}

// 256 weights (d·sc)·q - dmin·m: f16 d and dmin, twelve bytes of eight 6-bit pairs sc and m, 128 bytes of q.
// Of each 32 bytes the low halves are 32 weights of one pair, the high halves those of the next.
BN_INLINE void load_q4_k(float *out, const uint8_t *block) {
    float d = half_at(block), least = half_at(block + 2);
    uint32_t packed[3];
    memcpy(packed, block + 4, sizeof packed);
    // The first four pairs are the low six bits of the first eight bytes; of the others, the low halves are
    // in the last four bytes and the rest is above the first four's.
    const uint32_t words[4] = {
        packed[0] & 0x3f3f3f3f,
        (packed[2] & 0x0f0f0f0f) | (packed[0] >> 2 & 0x30303030),
        packed[1] & 0x3f3f3f3f,
        (packed[2] >> 4 & 0x0f0f0f0f) | (packed[1] >> 2 & 0x30303030),
    };
    uint8_t pairs[2][8];
    memcpy(pairs, words, sizeof pairs);
    BN_UNROLL
    for (size_t pair = 0; pair < 8; pair++) {
        float scale = d * (float)pairs[0][pair], offset = least * (float)pairs[1][pair];
        bn_byte_lanes bytes = load_bytes(block + 16 + pair / 2 * 32);
        bn_lanes lanes[2];
        floats_of(lanes, (bn_code_lanes)(pair % 2 == 0 ? bytes & 15 : bytes >> 4));
        for (size_t i = 0; i < 2; i++) store_floats(out + 32 * pair + 16 * i, scale * lanes[i] - offset);
    }
}

// 256 weights (d·sc)·(q - 32): 128 bytes of the low four bits of q, 64 of the upper two, int8 sc[16], f16 d.
// Of each half, low halves of 64 bytes are 64 weights and high halves the next 64; the upper bits of four
// weights that lie 32 apart share a byte.
BN_INLINE void load_q6_k(float *out, const uint8_t *block) {
    float d = half_at(block + 208);
    for (size_t half = 0; half < 2; half++) {
        bn_byte_lanes low[2] = {load_bytes(block + 64 * half), load_bytes(block + 64 * half + 32)};
        bn_byte_lanes high = load_bytes(block + 128 + 32 * half);
        const int8_t *scales = (const int8_t *)block + 192 + 8 * half;
        BN_UNROLL
        for (size_t group = 0; group < 4; group++) {
            bn_byte_lanes bytes = low[group % 2];
            // The two bits in their place above the other four.
            bn_byte_lanes q =
                group < 2 ? (bytes & 15) | (high << (uint8_t)(4 - 2 * group) & 0x30)
                          : bytes >> 4 | (high >> (uint8_t)(2 * group - 4) & 0x30);
            bn_lanes lanes[2];
            floats_of(lanes, (bn_code_lanes)q - 32);
            for (size_t i = 0; i < 2; i++) {
                float scale = d * (float)scales[2 * group + i];
                store_floats(out + 128 * half + 32 * group + 16 * i, scale * lanes[i]);
            }
        }
    }
}

// `count` is whole blocks; `type` is a constant wherever this is inlined.
BN_INLINE void load_blocks(float *restrict out, const uint8_t *restrict row, bn_float_type type, size_t count) {
    size_t block_count = bn_block_elements(type), block_bytes = bn_block_bytes(type);
    for (size_t i = 0; i < count; i += block_count, row += block_bytes) {
        switch (type) {
        case BN_Q8_0: load_q8_0(out + i, row); break;
        case BN_Q4_0: load_q4_0(out + i, row); break;
        case BN_Q4_K: load_q4_k(out + i, row); break;
        case BN_Q6_K: load_q6_k(out + i, row); break;
        default: break;
        }
    }
}

BN_KERNELS_END

#endif
