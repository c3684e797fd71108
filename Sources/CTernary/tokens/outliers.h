// SPDX-License-Identifier: MIT
//
// A hop's block in which one, two or three values dwarf the others: with one scale for all, the others would
// be rounded to nothing. CTernary.h has the layout. Few blocks are like that, so this is plain code for every
// processor.
#ifndef C_TERNARY_OUTLIERS_H
#define C_TERNARY_OUTLIERS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    bn_outlier_count_max = 3,
    // Outliers are more than 2^this times as large as the fourth largest value.
    bn_outlier_exponent = 3,
    // A block whose scale has this bit has outliers.
    bn_outlier_mark = 0x8000,
};

// x and out are whole blocks of bn_hop_block values, codes are as many bytes.

// Whether a block has outliers; `largest` is its largest magnitude, as bits.
bool bn_has_outliers(const float *x, uint32_t largest);
// Both of a block that has outliers; false if one of them or the others' scale is beyond what can be sent.
bool bn_outliers_round(float *x);
bool bn_outliers_encode(uint16_t *scale, uint8_t *codes, const float *x);
// Of a scale that is marked and finite. False if no encoder writes such bytes, whatever scale and values it
// might have chosen.
bool bn_outliers_decode(float *out, uint16_t scale, const uint8_t *codes);

#endif
