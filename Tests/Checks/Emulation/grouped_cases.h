// SPDX-License-Identifier: MIT
//
// Products with scaled groups on every instruction set against the scalar ones, bit by bit; a part of driver.c.
#ifndef EMULATION_GROUPED_CASES_H
#define EMULATION_GROUPED_CASES_H

// Rows as bn_matrix_fill takes them, of random bytes that mean something.
static uint8_t *random_groups(size_t rows, size_t columns, size_t group, bn_scale_type scales) {
    size_t row_bytes = bn_matrix_row_bytes(columns, group, scales);
    uint8_t *made = allocate(rows * row_bytes);
    bool by_row = scales == BN_SCALE_ROW;
    size_t weights = by_row ? columns : group, run = by_row ? (columns + 4) / 5 : (group + 9) / 10 * 2;
    size_t run_count = by_row ? 1 : columns / group, scale_bytes = scales == BN_SCALE_HALF ? 2 : 4;
    for (size_t r = 0; r < rows; r++) {
        uint8_t *at = made + r * row_bytes;
        for (size_t i = 0; i < run_count * run; i++) {
            unsigned value = 0;
            for (size_t k = 5; k-- > 0;) {
                value = value * 3 + (i % run * 5 + k < weights ? random_bits() % 3 : 1);
            }
            *at++ = (uint8_t)value;
        }
        for (size_t i = 0; i < run_count; i++, at += scale_bytes) {
            float single = random_float() * random_float();
            uint16_t half = (uint16_t)(random_bits() % 0x7c00);
            single = single < 0 ? -single : single;
            memcpy(at, scale_bytes == 2 ? (void *)&half : (void *)&single, scale_bytes);
        }
    }
    return made;
}

static void multiply_groups(
    const bn_kernels *kernels, bn_pool *pool, float *out, const uint8_t *bytes, const float *x, size_t rows,
    size_t columns, size_t group, bn_scale_type scales, size_t dot_tokens_min, size_t tokens) {
    const char *isa = bn_isa_name(kernels->isa);
    size_t bad = 0;
    bn_matrix *matrix = bn_matrix_create_grouped(kernels, rows, columns, group, scales);
    bn_activations *activations =
        bn_activations_create(kernels, dot_tokens_min, 2, tokens, columns, group);
    expect(bn_matrix_fill(matrix, pool, bytes, &bad) == BN_OK, "grouped fill", isa, columns, bad);
    bn_status status = bn_quantise_groups(activations, pool, x, tokens, columns);
    expect(status == BN_OK, "grouped quantise", isa, tokens, columns);
    const bn_product product = {.matrix = matrix, .out = out, .out_stride = rows};
    bn_multiply(pool, activations, &product, 1);
    bn_matrix_destroy(matrix);
    bn_activations_destroy(activations);
}

static void check_groups(const bn_kernels *kernels, bn_pool *pool, bool is_brief) {
    static const size_t rows[] = {1, 33, 64, 130, 300}, tokens[] = {1, 2, 4, 7, 8, 9, 20};
    static const size_t dot_tokens_min[] = {1, 2, SIZE_MAX};
    const bn_kernels *scalar = bn_kernels_for(BN_ISA_SCALAR);
    for (size_t i = 0; i < (is_brief ? 14 : 63); i++) {
        size_t group = (size_t)64 << i % 3, columns = group * (1 + i % 7), n = tokens[i % 7], r = rows[i % 5];
        bn_scale_type scales = (bn_scale_type)(i / 3 % 3);
        uint8_t *bytes = random_groups(r, columns, group, scales);
        float *x = random_floats(n * columns);
        float *expected = allocate(n * r * sizeof(float)), *actual = allocate(n * r * sizeof(float));
        multiply_groups(scalar, pool, expected, bytes, x, r, columns, group, scales, 1, n);
        for (size_t way = 0; way < 3; way++) {
            multiply_groups(
                kernels, pool, actual, bytes, x, r, columns, group, scales, dot_tokens_min[way], n);
            bool equal = memcmp(expected, actual, n * r * sizeof(float)) == 0;
            expect(equal, "grouped product", bn_isa_name(kernels->isa), columns, n);
        }
        free(bytes);
        free(x);
        free(expected);
        free(actual);
    }
}

#endif
