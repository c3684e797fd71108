// SPDX-License-Identifier: MIT
//
// Two bits a weight: tiles of as many rows as a vector has bytes, one vector for every group of four columns;
// byte r holds row r's four weights + 1 from its low bits up. The groups of a tile are a multiple of
// step_groups.
#ifndef C_TERNARY_TWO_BIT_LAYOUT_H
#define C_TERNARY_TWO_BIT_LAYOUT_H

#include "kernels.h"
#include "matrix/t5.h"
#include "matrix/two_bit/two_bit_vectors.h"

enum { tile_rows = vector_bytes, group_columns = 4 };

BN_KERNELS_BEGIN

static size_t group_count_of(size_t columns) { return bn_ceil_divide(columns, group_columns); }

// Whole steps: what stands behind the columns meets codes that are zero.
static size_t tile_byte_count(size_t columns) {
    return tile_rows * bn_round_up(group_count_of(columns), step_groups);
}

// Bytes i of `count` (a constant power of two) vectors stand together afterwards: each lane read as a matrix
// of `count` rows is transposed.
BN_INLINE void interleave(bytes *vectors, size_t count) {
    for (size_t width = 1; width < count; width *= 2) {
        bytes from[lane_bytes];
        memcpy(from, vectors, count * sizeof(bytes));
        for (size_t i = 0; i < count / 2; i++) {
            vectors[2 * i] = interleave_low(from[i], from[i + count / 2]);
            vectors[2 * i + 1] = interleave_high(from[i], from[i + count / 2]);
        }
    }
}

// T5 bytes of each row that are laid out at a time: sixteen make twenty groups, four make five.
enum { pack_bytes = lane_bytes, pack_groups = 20, quad_bytes = 4, quad_groups = 5 };

// Weights + 1 of one T5 byte a row, two bits each: the first three and the other two.
typedef struct {
    bytes low, high;
} unpacked;

BN_INLINE words multiply_high(words a, uint32_t b) {
    typedef uint32_t products __attribute__((vector_size(2 * vector_bytes)));
    return __builtin_convertvector((__builtin_convertvector(a, products) * b) >> 16, words);
}

BN_INLINE unpacked unpack(bytes t5) {
    // For 0 ... 8 the number times 27 and its two digits in base three; for 0 ... 26 its three digits.
    static const uint8_t times_27[lane_bytes] = {0, 27, 54, 81, 108, 135, 162, 189, 216};
    static const uint8_t two_digits[lane_bytes] = {0, 1, 2, 4, 5, 6, 8, 9, 10};
    static const uint8_t three_digits[2][lane_bytes] = {
        {0, 1, 2, 4, 5, 6, 8, 9, 10, 16, 17, 18, 20, 21, 22, 24},
        {25, 26, 32, 33, 34, 36, 37, 38, 40, 41, 42},
    };
    // 2428 / 2^16 is near enough to 1/27 for all T5 bytes.
    // (The quotient of an index that is no T5 byte is at most 9.)
    words even = multiply_high((words)t5 & 255, 2428);
    words odd = multiply_high((words)t5 >> 8, 2428);
    bytes quotient = (bytes)(even | odd << 8);
    bytes rest = t5 - look_up(load_table(times_27), quotient);
    bytes is_large = (bytes)(rest > 15);
    bytes small_digits = look_up(load_table(three_digits[0]), rest & 15);
    bytes large_digits = look_up(load_table(three_digits[1]), rest & 15);
    return (unpacked){
        .low = (small_digits & ~is_large) | (large_digits & is_large),
        .high = look_up(load_table(two_digits), quotient),
    };
}

// Twenty weights of each row, forty bits, are five bytes.
BN_INLINE void join(bytes to[quad_groups], const bytes t5[quad_bytes]) {
    unpacked a = unpack(t5[0]), b = unpack(t5[1]), c = unpack(t5[2]), d = unpack(t5[3]);
    to[0] = a.low | a.high << 6;
    to[1] = a.high >> 2 | b.low << 2;
    to[2] = b.high | c.low << 4;
    to[3] = c.low >> 4 | c.high << 2 | d.low << 6;
    to[4] = d.low >> 2 | d.high << 4;
}

static void pack_tile(
    uint8_t *restrict tiles, size_t index, size_t tile_total, const uint8_t *restrict t5, size_t t5_stride,
    size_t row_count, size_t columns) {
    (void)tile_total;
    uint8_t *tile = tiles + index * tile_byte_count(columns);
    size_t byte_count = bn_ceil_divide(columns, bn_t5_weights);
    size_t group_count = group_count_of(columns);
    uint8_t block[lane_bytes][vector_bytes] = {0};
    for (size_t begin = 0; begin < byte_count; begin += pack_bytes) {
        size_t count = byte_count - begin < pack_bytes ? byte_count - begin : pack_bytes;
        // Row r stands in lane r / 16 of vector r mod 16.
        for (size_t r = 0; r < row_count; r++) {
            uint8_t *to = block[r % lane_bytes] + r / lane_bytes * lane_bytes;
            const uint8_t *from = t5 + r * t5_stride + begin;
            if (count == pack_bytes) {
                memcpy(to, from, pack_bytes);
            } else {
                memcpy(to, from, count);
            }
        }
        bytes vectors[lane_bytes], groups[pack_groups];
        memcpy(vectors, block, sizeof vectors);
        interleave(vectors, lane_bytes);
        for (size_t i = 0; i < pack_bytes / quad_bytes; i++) {
            join(groups + i * quad_groups, vectors + i * quad_bytes);
        }
        size_t first = begin / pack_bytes * pack_groups;
        size_t whole = group_count - first < pack_groups ? group_count - first : pack_groups;
        memcpy(tile + first * tile_rows, groups, whole * tile_rows);
    }
}

BN_KERNELS_END

#endif
