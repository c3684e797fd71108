// SPDX-License-Identifier: MIT
//
// Sixteen float lanes in the compiler's portable vectors: one source gives SSE, AVX2, AVX-512 or NEON code,
// and the same bits from each. Element i of a sum always goes to lane i mod 16, and the lanes are added in
// a fixed tree.
#ifndef C_TERNARY_LANES_H
#define C_TERNARY_LANES_H

#include <stdint.h>

// These vectors are only ever passed between inlined functions, so their calling convention is no matter.
#pragma clang diagnostic ignored "-Wpsabi"

enum { bn_lane_count = 16 };
typedef float bn_lanes __attribute__((vector_size(64)));

typedef int32_t bn_integer_lanes __attribute__((vector_size(64)));
typedef uint32_t bn_bit_lanes __attribute__((vector_size(64)));

// Two int16 a lane, and one.
typedef int16_t bn_word_lanes __attribute__((vector_size(64)));
typedef int16_t bn_few_words __attribute__((vector_size(32)));

// Two bytes a lane, and one.
typedef uint8_t bn_byte_lanes __attribute__((vector_size(32)));
typedef int8_t bn_code_lanes __attribute__((vector_size(32)));
typedef int8_t bn_few_codes __attribute__((vector_size(16)));

#endif
