// SPDX-License-Identifier: MIT
//
// T5: a byte holds five weights t0 ... t4 of one row as Σ (ti + 1)·3^i, 0 ... 242. A row's last byte is
// padded with zero weights.
//
// In rows of groups each group begins on a byte and takes an even number of them, so that the processor's two-byte
// look-ups never meet two groups.
#ifndef C_TERNARY_T5_H
#define C_TERNARY_T5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { bn_t5_count = 243, bn_t5_weights = 5, bn_t5_zeros = 121 };

static inline size_t bn_t5_group_bytes(size_t group) { return (group + 9) / 10 * 2; }

// digits[byte] = the five codes ti + 1, two bits each, t0 lowest.
static inline void bn_t5_digits(uint16_t digits[bn_t5_count]) {
    for (unsigned byte = 0; byte < bn_t5_count; byte++) {
        unsigned rest = byte, packed = 0;
        for (unsigned i = 0; i < bn_t5_weights; i++, rest /= 3) packed |= rest % 3 << (2 * i);
        digits[byte] = (uint16_t)packed;
    }
}

// The index of the first byte of a row that is not T5, or `byte_count` if all are.
static inline size_t bn_t5_first_invalid(const uint8_t *row, size_t byte_count, size_t columns) {
    uint8_t largest = 0;
    for (size_t i = 0; i < byte_count; i++) largest = row[i] > largest ? row[i] : largest;
    if (largest >= bn_t5_count) {
        for (size_t i = 0; i < byte_count; i++) {
            if (row[i] >= bn_t5_count) return i;
        }
    }
    unsigned power = 1;
    for (size_t i = 0; i < columns % bn_t5_weights; i++) power *= 3;
    // What stands above the row's last weight: all ones in base three.
    unsigned padding = (bn_t5_count / power - 1) / 2;
    bool is_padded = power == 1 || row[byte_count - 1] / power == padding;
    return is_padded ? byte_count : byte_count - 1;
}

// The same for the bytes of one group.
static inline size_t bn_t5_first_invalid_of_group(const uint8_t *bytes, size_t group) {
    size_t byte_count = bn_t5_group_bytes(group), used = (group + bn_t5_weights - 1) / bn_t5_weights;
    size_t bad = bn_t5_first_invalid(bytes, used, group);
    if (bad < used) return bad;
    return used < byte_count && bytes[used] != bn_t5_zeros ? used : byte_count;
}

#endif
