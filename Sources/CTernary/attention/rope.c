// SPDX-License-Identifier: MIT
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

void bn_rope_table(float *cos_out, float *sin_out, size_t positions, size_t head_size, double base) {
    size_t half = head_size / 2;
    double log_base = bn_log_double(base);
    for (size_t j = 0; j < half; j++) {
        double frequency = bn_exp_double(-2.0 * (double)j / (double)head_size * log_base);
        for (size_t p = 0; p < positions; p++) {
            double sine, cosine;
            sine_and_cosine((double)p * frequency, &sine, &cosine);
            cos_out[p * half + j] = (float)cosine;
            sin_out[p * half + j] = (float)sine;
        }
    }
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
