// SPDX-License-Identifier: MIT
//
// exp and log of this library: straight-line IEEE arithmetic in one fixed order, so that scalar and
// vectorised code give the same bits on every processor.
#ifndef C_TERNARY_EXPONENTIAL_H
#define C_TERNARY_EXPONENTIAL_H

#include <math.h>

#include "lanes/half.h"

static inline double bn_double_of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t bn_bits_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// Adding 1.5·2^23 rounds |x| < 2^22 to an integer, ties to even, and leaves it in the low bits.
#define BN_ROUND_FLOAT 0x1.8p23f
#define BN_ROUND_FLOAT_BITS 0x4b400000u
#define BN_ROUND_DOUBLE 0x1.8p52

static inline float bn_round_even(float x) { return (x + BN_ROUND_FLOAT) - BN_ROUND_FLOAT; }

// What e^x in float takes, of one number (bn_exp_float) and of sixteen (exp_lanes).
//
// x = n·ln 2 + r with |r| <= ln 2 / 2 (ln 2 split in two parts, the first times n exact), then a minimax
// polynomial for e^r, then the exponent in two steps so that subnormal results are right.
#define BN_EXP_LEAST (-105.0f)
#define BN_EXP_MOST 90.0f
#define BN_LOG2_E 0x1.715476p0f
#define BN_LN2_HIGH 0x1.62e4p-1f
#define BN_LN2_LOW 0x1.7f7d1cp-20f
// e^r = 1 + r + EXP_2·r² + ... + EXP_6·r⁶
#define BN_EXP_2 0x1.fffffcp-2f
#define BN_EXP_3 0x1.55549p-3f
#define BN_EXP_4 0x1.5558f4p-5f
#define BN_EXP_5 0x1.123a26p-7f
#define BN_EXP_6 0x1.6a23dcp-10f

// e^x, within 1.5 ulp. 0 below -105, infinite above 88.8.
static inline float bn_exp_float(float x) {
    x = x < BN_EXP_LEAST ? BN_EXP_LEAST : x;
    x = x > BN_EXP_MOST ? BN_EXP_MOST : x;
    float shifted = x * BN_LOG2_E + BN_ROUND_FLOAT;
    int32_t n = (int32_t)(bn_bits_of_float(shifted) - BN_ROUND_FLOAT_BITS);
    float rounded = shifted - BN_ROUND_FLOAT;
    float r = x - rounded * BN_LN2_HIGH;
    r = r - rounded * BN_LN2_LOW;
    float p = BN_EXP_6 * r + BN_EXP_5;
    p = p * r + BN_EXP_4;
    p = p * r + BN_EXP_3;
    p = p * r + BN_EXP_2;
    p = (r * r) * p + r;
    p = p + 1.0f;
    int32_t half = n >> 1;
    float scale = bn_float_of_bits((uint32_t)(half + 127) << 23);
    float rest = bn_float_of_bits((uint32_t)(n - half + 127) << 23);
    return p * scale * rest;
}

// ln 2 for doubles, in two parts; the first times an exponent is exact.
#define BN_LN2_HIGH_DOUBLE 0x1.62e42feep-1
#define BN_LN2_LOW_DOUBLE 0x1.a39ef35793c76p-33

// e^x, within 1.5 ulp. 0 below -746, infinite above 709.8. The same method with e^r's own series.
static inline double bn_exp_double(double x) {
    x = x < -746.0 ? -746.0 : x;
    x = x > 710.0 ? 710.0 : x;
    double shifted = x * 0x1.71547652b82fep0 + BN_ROUND_DOUBLE;
    int64_t n = (int64_t)(bn_bits_of_double(shifted) - 0x4338000000000000);
    double rounded = shifted - BN_ROUND_DOUBLE;
    double r = x - rounded * BN_LN2_HIGH_DOUBLE;
    r = r - rounded * BN_LN2_LOW_DOUBLE;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = (r * r) * p + r;
    p = p + 1.0;
    int64_t half = (int64_t)((uint64_t)(n + 4096) >> 1) - 2048;
    double scale = bn_double_of_bits((uint64_t)(half + 1023) << 52);
    double rest = bn_double_of_bits((uint64_t)(n - half + 1023) << 52);
    return p * scale * rest;
}

// The natural logarithm, within 2 ulp. -infinity at 0, NaN below.
//
// x = 2^k·m with m in [sqrt(1/2), sqrt 2); log m = 2·atanh(s), s = (m - 1)/(m + 1), by its series.
static inline double bn_log_double(double x) {
    if (!(x > 0)) return x == 0 ? -HUGE_VAL : bn_double_of_bits(0x7ff8000000000000);
    uint64_t bits = bn_bits_of_double(x);
    if (bits >= 0x7ff0000000000000) return x;
    int64_t k = -1023;
    if (bits < 0x0010000000000000) {
        bits = bn_bits_of_double(x * 0x1p54);
        k -= 54;
    }
    k += (int64_t)(bits >> 52);
    double m = bn_double_of_bits((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
    if (m > 0x1.6a09e667f3bcdp0) {
        m = m * 0.5;
        k += 1;
    }
    double f = m - 1.0;
    double s = f / (2.0 + f);
    double z = s * s;
    double p = 1.0 / 23.0;
    p = p * z + 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    // log m = f - s·(f - 2·z·p): the large part of the sum, f, is exact.
    double small = s * (f - 2.0 * z * p);
    double high = (double)k * BN_LN2_HIGH_DOUBLE;
    double low = (double)k * BN_LN2_LOW_DOUBLE;
    return high + (f + (low - small));
}

#endif
