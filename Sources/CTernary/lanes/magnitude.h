// SPDX-License-Identifier: MIT
#ifndef C_TERNARY_MAGNITUDE_H
#define C_TERNARY_MAGNITUDE_H

#include <stddef.h>

#include "lanes/half.h"
#include "lanes/target.h"

enum { infinity_bits = 0x7f800000 };

BN_KERNELS_BEGIN

// max |x|, as bits: the bits of non-negative floats are in the order of their values, and those of
// infinities and NaN come last, so one maximum answers both questions.
BN_INLINE uint32_t magnitude_bits_max(const float *x, size_t count) {
    int32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t magnitude = (int32_t)(bn_bits_of_float(x[i]) & 0x7fffffff);
        largest = magnitude > largest ? magnitude : largest;
    }
    return (uint32_t)largest;
}

BN_KERNELS_END

#endif
