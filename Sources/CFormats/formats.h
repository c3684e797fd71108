// SPDX-License-Identifier: MIT
#ifndef C_FORMATS_FORMATS_H
#define C_FORMATS_FORMATS_H

#include "CFormats.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the encodings are little-endian and so must the processor be"
#endif

extern const bn_formats bn_formats_baseline;
#if defined(__x86_64__)
extern const bn_formats bn_formats_avx2;
extern const bn_formats bn_formats_avx512;
#endif

// Σ code·3^i of the last `count` (1...4) weights of a row, filled up with code 1.
static inline uint8_t bn_t5_last_byte(const uint8_t *codes, size_t count) {
    unsigned byte = 0;
    for (size_t i = 5; i-- > 0;) byte = byte * 3 + (i < count ? codes[i] : 1u);
    return (uint8_t)byte;
}

#endif
