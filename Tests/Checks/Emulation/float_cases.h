// SPDX-License-Identifier: MIT
//
// What the driver does with each float kernel: the same with every instruction set, its results into `out`.
// Part of driver.c.
#include "lanes/half.h"

typedef void (*float_case)(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count);

static void quantise_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    float scale = 0;
    floats->quantise_token((int8_t *)out, &scale, x, count);
    memcpy(out + count, &scale, sizeof scale);
}

static void norm_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    floats->rms_norm_token((float *)out, x, x + count, count, 1e-5f);
}

static void rope_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    memcpy(out, x, count * sizeof(float));
    floats->rope_head((float *)out, x + count, x + 2 * count, count & ~(size_t)1, count % 4 < 2);
}

static void gate_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    memcpy(out, x, count * sizeof(float));
    memcpy(out + count * sizeof(float), x, count * sizeof(float));
    floats->gate_span((float *)out, x + count, count, false);
    floats->gate_span((float *)out + count, x + count, count, true);
}

static void store_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    floats->store_value(out, NULL, x, BN_KV_FLOAT16, count, 0);
}

static void load_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    floats->load_row((float *)out, x, BN_FLOAT16, count);
    floats->load_row((float *)out + count, x, BN_BFLOAT16, count);
}

// Fifteen query heads with one key head; count is the head size. Lengths around every block's boundary.
static void attend_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    static const size_t lengths[] = {1, 15, 16, 17, 33, 64, 65, 255, 256};
    enum { heads = 15 };
    size_t stride = bn_partial_stride(count), padded = (count + 15) / 16 * 16;
    uint8_t *keys = allocate(bn_attention_span * padded * 4);
    uint8_t *values = allocate(bn_attention_span * padded * 4);
    float *scales = allocate(2 * bn_attention_span * sizeof(float));
    float *partial = allocate(heads * stride * sizeof(float));
    float *q = allocate(heads * (count + 1) * sizeof(float));
    for (size_t t = BN_KV_FLOAT32; t <= BN_KV_INT8; t++) {
        bn_kv_type type = (bn_kv_type)t;
        size_t element_bytes = bn_kv_element_bytes(type);
        size_t key_bytes = (type == BN_KV_INT8 ? count + count % 2 : count) * element_bytes;
        bn_kv_span span = {
            .keys = keys, .values = values, .key_scales = scales, .upcoming = values, .type = type,
            .value_scales = scales + bn_attention_span, .count = lengths[count % 9],
        };
        for (size_t p = 0; p < span.count; p++) {
            const float *row = x + p % 40 * count + p % 7;
            size_t first = p / 16 * 16;
            floats->store_key(keys + first * key_bytes, scales + first, row, type, count, p % 16);
            floats->store_value(
                values + first * padded * element_bytes, scales + bn_attention_span + first, row + count,
                type, count, p % 16);
        }
        floats->encode_queries(q, x + 5, type, count, heads);
        floats->attend_span(partial, q, &span, count, heads);
        float *blend = (float *)out, *state = blend + heads * count;
        floats->merge_span(blend, state, partial, count, heads, true);
        span.count = (span.count + 1) / 2;
        floats->attend_span(partial, q, &span, count, heads);
        floats->merge_span(blend, state, partial, count, heads, false);
        floats->finish_heads(blend, state, count, heads);
        out += (heads * count + 2 * heads) * sizeof(float);
    }
    // Codes and scales, of keys and values, as they are.
    memcpy(out, scales, bn_attention_span * sizeof(float));
    out += bn_attention_span * sizeof(float);
    for (size_t i = 0; i < bn_attention_span * padded * 4; i++) out[i % 64] = 31 * out[i % 64] + keys[i];
    for (size_t i = 0; i < bn_attention_span * padded * 4; i++) out[i % 64] = 31 * out[i % 64] + values[i];
    free(keys);
    free(values);
    free(scales);
    free(partial);
    free(q);
}

// Three quantised rows, looked up and multiplied with up to five tokens.
static void quantised_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    for (size_t i = BN_Q8_0; i <= BN_Q6_K; i++) {
        bn_float_type type = (bn_float_type)i;
        size_t columns = bn_block_elements(type) * (1 + count % 5), block_bytes = bn_block_bytes(type);
        size_t byte_count = 3 * bn_row_bytes(type, columns);
        uint8_t *table = allocate(byte_count);
        for (size_t k = 0; k < byte_count; k++) table[k] = (uint8_t)(k * k * 31 + k / 7 + count);
        // Scales are finite.
        for (size_t k = type == BN_Q6_K ? 208 : 0; k < byte_count; k += block_bytes) {
            table[k + 1] &= 0xbb;
            if (type == BN_Q4_K) table[k + 3] &= 0xbb;
        }
        float *row = allocate(columns * sizeof(float)), *tokens = allocate(5 * columns * sizeof(float));
        for (size_t k = 0; k < 5 * columns; k++) tokens[k] = x[k % (70 * count)];
        floats->load_row(row, table, type, columns);
        uint32_t *bits = (uint32_t *)out;
        for (size_t k = 0; k < columns; k++) bits[k % 16] = 31 * bits[k % 16] + bn_bits_of_float(row[k]);
        float *logits = (float *)out + 16;
        for (size_t n = 1; n <= 5; n++, logits += 15) {
            floats->head_rows(logits, 3, tokens, table, type, n, 3, columns);
        }
        out += (16 + 5 * 15) * sizeof(float);
        free(table);
        free(row);
        free(tokens);
    }
}

// Five rows of `count` columns by three tokens.
static void head_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    uint16_t *halves = allocate(5 * count * sizeof(uint16_t));
    floats->store_value((uint8_t *)halves, NULL, x, BN_KV_FLOAT16, 5 * count, 0);
    float *logits = (float *)out;
    for (size_t tokens = 1; tokens <= 5; tokens++, logits += 25) {
        floats->head_rows(logits, 5, x, halves, BN_FLOAT16, tokens, 5, count);
    }
    floats->head_rows(logits, 5, x, x + count, BN_FLOAT32, 2, 5, count);
    free(halves);
}

static void log_sum_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    float largest = floats->largest_logit(x, count);
    double sum = floats->sum_exponentials(x, count, largest);
    memcpy(out, &largest, sizeof largest);
    memcpy(out + sizeof(double), &sum, sizeof sum);
}

// Each block as it is, and with up to four values that dwarf the others.
static void hop_case(const bn_float_kernels *floats, uint8_t *out, const float *x, size_t count) {
    size_t hop_bytes = 2 * ((count + 31) / 32) + count;
    float *planted = allocate(count * sizeof(float)), *decoded = allocate(count * sizeof(float));
    for (size_t outliers = 0; outliers <= 4; outliers++, out += hop_bytes + count * sizeof(float)) {
        memcpy(planted, x, count * sizeof(float));
        for (size_t i = 0; i < count; i++) {
            if ((i * 11 + i / 32 + outliers) % 32 < outliers) planted[i] *= 1000.0f;
        }
        bool is_sent = floats->hop_encode_token(out, planted, count);
        bool is_taken = floats->hop_decode_token(decoded, out, count);
        memcpy(out + hop_bytes, decoded, count * sizeof(float));
        // Rounding in place is the same.
        bool is_same = floats->hop_round_token(planted, count) == is_sent && is_taken >= is_sent &&
                       (!is_sent || memcmp(planted, decoded, count * sizeof(float)) == 0);
        if (!is_same) memset(out, 0xee, hop_bytes);
    }
    free(planted);
    free(decoded);
}

static const struct {
    const char *name;
    float_case run;
} float_cases[] = {
    {"quantise", quantise_case}, {"rms norm", norm_case},     {"rope", rope_case},
    {"gate", gate_case},         {"store halves", store_case}, {"load halves", load_case},
    {"attention", attend_case},  {"head", head_case},         {"log sum exp", log_sum_case},
    {"hop", hop_case},           {"quantised", quantised_case},
};
