// SPDX-License-Identifier: MIT
#include <math.h>

#include "kernels.h"
#include "lanes/exponential.h"

// sin and cos of 0 <= x <= 2^20 within 2 ulp of double.
//
// x = n·π/2 + r; π/2 stands in three parts, the first two times n < 2^20 exact. Then both series of r.
static void sine_and_cosine(double x, double *sine, double *cosine) {
    double shifted = x * 0x1.45f306dc9c883p-1 + BN_ROUND_DOUBLE;
    double n = shifted - BN_ROUND_DOUBLE;
    double r = x - n * 0x1.921fb544p0;
    r = r - n * 0x1.0b4611a6p-34;
    r = r - n * 0x1.3198a2e037073p-69;
    double z = r * r;
    double s = -1.0 / 1307674368000.0 + z * (1.0 / 355687428096000.0);
    s = s * z + 1.0 / 6227020800.0;
    s = s * z - 1.0 / 39916800.0;
    s = s * z + 1.0 / 362880.0;
    s = s * z - 1.0 / 5040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    s = r + (r * z) * s;
    double c = 1.0 / 20922789888000.0 - z * (1.0 / 6402373705728000.0);
    c = c * z - 1.0 / 87178291200.0;
    c = c * z + 1.0 / 479001600.0;
    c = c * z - 1.0 / 3628800.0;
    c = c * z + 1.0 / 40320.0;
    c = c * z - 1.0 / 720.0;
    c = c * z + 1.0 / 24.0;
    c = c * z - 0.5;
    c = c * z + 1.0;
    uint64_t quadrant = bn_bits_of_double(shifted) & 3;
    double swapped_sine = quadrant & 1 ? c : s;
    double swapped_cosine = quadrant & 1 ? s : c;
    *sine = quadrant & 2 ? -swapped_sine : swapped_sine;
    *cosine = (quadrant + 1) & 2 ? -swapped_cosine : swapped_cosine;
}

static double clamp(double x, double least, double most) {
    return x < least ? least : x > most ? most : x;
}

// The pair that turns `turns` times in the context, as a real number.
static double pair_of_turns(double turns, double head_size, double log_base, double context) {
    static const double log_two_pi = 0x1.d67f1c864beb4p+0;
    return head_size * (bn_log_double(context / turns) - log_two_pi) / (2.0 * log_base);
}

// How much of pair `j`'s frequency is divided by the factor.
static double divided_share(
    size_t j, double frequency, size_t head_size, double log_base, const bn_rope_scaling *scaling) {
    static const double two_pi = 0x1.921fb54442d18p+2;
    switch (scaling->kind) {
    case BN_ROPE_LINEAR: return 1.0;
    case BN_ROPE_LLAMA3: {
        double turns = scaling->context * frequency / two_pi;
        return 1.0 - clamp((turns - scaling->low) / (scaling->high - scaling->low), 0.0, 1.0);
    }
    case BN_ROPE_YARN: {
        double size = (double)head_size;
        double first = floor(pair_of_turns(scaling->high, size, log_base, scaling->context));
        double last = ceil(pair_of_turns(scaling->low, size, log_base, scaling->context));
        first = first > 0.0 ? first : 0.0;
        last = last < size - 1.0 ? last : size - 1.0;
        double width = last - first > 0.001 ? last - first : 0.001;
        return clamp(((double)j - first) / width, 0.0, 1.0);
    }
    }
    return 0.0;
}

static double frequency_of(
    size_t j, size_t head_size, double log_base, const bn_rope_scaling *scaling) {
    double frequency = bn_exp_double(-2.0 * (double)j / (double)head_size * log_base);
    if (scaling == NULL) return frequency;
    double share = divided_share(j, frequency, head_size, log_base, scaling);
    return frequency / scaling->factor * share + frequency * (1.0 - share);
}

void bn_rope_frequencies(double *out, size_t head_size, double base, const bn_rope_scaling *scaling) {
    double log_base = bn_log_double(base);
    for (size_t j = 0; j < head_size / 2; j++) out[j] = frequency_of(j, head_size, log_base, scaling);
}

void bn_rope_table_scaled(
    float *cos_out, float *sin_out, size_t positions, size_t head_size, double base,
    const bn_rope_scaling *scaling) {
    size_t half = head_size / 2;
    double log_base = bn_log_double(base);
    double magnitude = scaling == NULL ? 1.0 : scaling->magnitude;
    for (size_t j = 0; j < half; j++) {
        double frequency = frequency_of(j, head_size, log_base, scaling);
        for (size_t p = 0; p < positions; p++) {
            double sine, cosine;
            sine_and_cosine((double)p * frequency, &sine, &cosine);
            cos_out[p * half + j] = (float)(cosine * magnitude);
            sin_out[p * half + j] = (float)(sine * magnitude);
        }
    }
}

void bn_rope_table(float *cos_out, float *sin_out, size_t positions, size_t head_size, double base) {
    bn_rope_table_scaled(cos_out, sin_out, positions, head_size, base, NULL);
}

typedef struct {
    const bn_float_kernels *floats;
    float *x;
    size_t x_stride;
    size_t heads;
    size_t head_size;
    const uint32_t *positions;
    const float *cos_table;
    const float *sin_table;
    bool adjacent;
} rope_region;

static void rotate_tokens(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const rope_region *region = context;
    for (size_t t = begin; t < end; t++) {
        size_t row = (size_t)region->positions[t] * (region->head_size / 2);
        for (size_t h = 0; h < region->heads; h++) {
            region->floats->rope_head(
                region->x + t * region->x_stride + h * region->head_size, region->cos_table + row,
                region->sin_table + row, region->head_size, region->adjacent);
        }
    }
}

void bn_rope(
    const bn_kernels *kernels, bn_pool *pool, float *x, size_t x_stride, size_t tokens, size_t heads,
    size_t head_size, const uint32_t *positions, const float *cos_table, const float *sin_table,
    bool adjacent) {
    rope_region region = {kernels->floats, x,         x_stride,  heads,   head_size,
                          positions,       cos_table, sin_table, adjacent};
    bn_pool_run(pool, tokens, bn_grain(pool, tokens, heads * head_size), rotate_tokens, &region);
}
