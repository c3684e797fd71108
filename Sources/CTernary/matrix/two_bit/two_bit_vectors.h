// SPDX-License-Identifier: MIT
//
// What the two-bit kernels are made of: vectors with a byte for each row of a tile. An instruction set's file
// defines before it includes anything
//     BN_FEATURES           see lanes/target.h
//     BN_VECTOR_BYTES
//     BN_STEP_GROUPS        groups whose vectors a multiply-add takes together
//     BN_CODE_BYTES         what a code is repeated to, so that it stands beside every group of a step
//     BN_DOT_SUMS           a vector of running sums, or several
//     BN_TOKENS_MAX         tokens that a product takes at most
//     BN_REGISTER_TOKENS    above so many weights are spread in the cache
//     BN_PREFETCH_BYTES     how far ahead of the weights; 0 for none
#ifndef C_TERNARY_TWO_BIT_VECTORS_H
#define C_TERNARY_TWO_BIT_VECTORS_H

#include <stdint.h>
#include <string.h>

#include "lanes/target.h"

enum {
    vector_bytes = BN_VECTOR_BYTES,
    step_groups = BN_STEP_GROUPS,
    code_bytes = BN_CODE_BYTES,
    tokens_max = BN_TOKENS_MAX,
    register_tokens = BN_REGISTER_TOKENS,
    prefetch_bytes = BN_PREFETCH_BYTES,
    lane_bytes = 16,
    lane_words = 8,
};

typedef uint8_t bytes __attribute__((vector_size(vector_bytes)));
typedef uint16_t words __attribute__((vector_size(vector_bytes)));
typedef int16_t signed_words __attribute__((vector_size(vector_bytes)));
typedef uint32_t double_words __attribute__((vector_size(vector_bytes)));
typedef BN_DOT_SUMS dot_sums;

BN_KERNELS_BEGIN

// ---- What each instruction set's file defines -----------------------------------------------------------

// 16 bytes into every 16-byte lane.
BN_INLINE bytes load_table(const uint8_t *from);
// In each lane; indices are 0 ... 15.
BN_INLINE bytes look_up(bytes table, bytes index);
// The first halves of each lane, byte by byte, and the second halves.
BN_INLINE bytes interleave_low(bytes a, bytes b);
BN_INLINE bytes interleave_high(bytes a, bytes b);
// The same by words.
BN_INLINE words interleave_words_low(words a, words b);
BN_INLINE words interleave_words_high(words a, words b);
// Sums of 16 bits, or more, of weights 0 ... 2 times codes.
BN_INLINE dot_sums multiply_add(dot_sums sums, bytes weights, bytes codes);
// Adds the sums of a step's vectors to a tile's rows.
BN_INLINE void add_dot_sums(int32_t *rows, const dot_sums sums[step_groups]);

// ---- What is the same for all ---------------------------------------------------------------------------

BN_INLINE bytes load_bytes(const void *from) {
    bytes vector;
    memcpy(&vector, from, sizeof vector);
    return vector;
}

// rows[16·lane + 0 ... 7] += lane's words of `low`, rows[16·lane + 8 ... 15] += those of `high`.
BN_INLINE void add_words(int32_t *rows, words low, words high) {
    int16_t parts[2][vector_bytes / 2];
    memcpy(parts[0], &low, sizeof low);
    memcpy(parts[1], &high, sizeof high);
    for (size_t lane = 0; lane < vector_bytes / lane_bytes; lane++) {
        for (size_t part = 0; part < 2; part++) {
            int32_t *to = rows + lane * lane_bytes + part * lane_words;
            for (size_t i = 0; i < lane_words; i++) to[i] += parts[part][lane * lane_words + i];
        }
    }
}

BN_KERNELS_END

#endif
