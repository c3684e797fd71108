// SPDX-License-Identifier: MIT
//
// One layer of a BitNet b1.58 network for one token, from top to bottom: read this first. The other folders
// compute the same with vectors, with threads and from weights of 1.6 or 2 bits, and give the same bits:
// ReferenceLayerTests compares whole stages with this page, for every kind of model.
//
// BitNet b1.58 (arXiv 2402.17764; its 2B4T report: arXiv 2504.12285) is Llama's transformer with ternary
// weights and activations of eight bits. Everything between the products of integers is float32, and every sum
// of floats has one order.
#include <math.h>

#include "kernels.h"
#include "lanes/exponential.h"

// Sixteen partial sums, element i in number i mod 16, are added in the tree 8, 4, 2, 1.
static float sum_of(float partial[16]) {
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++) partial[i] += partial[i + width];
    }
    return partial[0];
}

// RMSNorm (arXiv 1910.07467): out [size] = x / sqrt(mean(x²) + epsilon) · gain. out may be x.
static void rms_norm(float *out, const float *x, const float *gain, size_t size, float epsilon) {
    float squares[16] = {0};
    for (size_t i = 0; i < size; i++) squares[i % 16] += x[i] * x[i];
    float factor = 1.0f / sqrtf(sum_of(squares) / (float)size + epsilon);
    for (size_t i = 0; i < size; i++) out[i] = x[i] * factor * gain[i];
}

// BitLinear (arXiv 2402.17764): out [rows] = W·x for a ternary matrix W [rows, columns] and x [columns].
//
// x becomes codes -127 ... 127 that stand for code/s, where s is 127 over the largest magnitude. A weight of +1
// adds its column's code, one of -1 subtracts it: the sum is exact, and needs no multiplication. Products of
// the same x have the same codes, which the fast code makes once.
static void bit_linear(float *out, const bn_plain_matrix *matrix, const float *x, int8_t *codes) {
    float largest = 1e-5f;
    for (size_t k = 0; k < matrix->columns; k++) largest = fmaxf(largest, fabsf(x[k]));
    float s = 127.0f / largest;
    for (size_t k = 0; k < matrix->columns; k++) codes[k] = (int8_t)rintf(x[k] * s);

    for (size_t r = 0; r < matrix->rows; r++) {
        const int8_t *weights = matrix->weights + r * matrix->columns;
        int32_t sum = 0;
        for (size_t k = 0; k < matrix->columns; k++) sum += weights[k] * codes[k];
        out[r] = (float)sum * (matrix->scale / s);
    }
}

// Rotary embedding (arXiv 2104.09864) of x [heads][head_size]: pair j of every head turns by the token's
// position times base^(-2j/head_size), of which cosines and sines [head_size/2] are given.
static void rotate(
    float *x, size_t heads, size_t head_size, const float *cosines, const float *sines, bool adjacent) {
    for (size_t h = 0; h < heads; h++, x += head_size) {
        for (size_t j = 0; j < head_size / 2; j++) {
            float *first = adjacent ? &x[2 * j] : &x[j];
            float *second = adjacent ? &x[2 * j + 1] : &x[j + head_size / 2];
            float a = *first, b = *second;
            *first = a * cosines[j] - b * sines[j];
            *second = a * sines[j] + b * cosines[j];
        }
    }
}

// Attention of one head: out [head_size] = Σ_p softmax_p(q·k_p / sqrt(head_size)) v_p over positions
// 0 ..< count, whose keys and values are `stride` floats apart.
//
// Positions come in spans of 256. Sums are of e^(score - largest score so far), and shrink when a span has a
// larger one (arXiv 1805.02867).
static void attend(
    float *out, const float *q, const float *keys, const float *values, size_t stride, size_t count,
    size_t head_size) {
    float largest = -INFINITY, total = 0;
    for (size_t i = 0; i < head_size; i++) out[i] = 0;
    for (size_t first = 0; first < count; first += bn_attention_span) {
        size_t length = count - first < bn_attention_span ? count - first : bn_attention_span;
        float weights[bn_attention_span], sums[16] = {0};
        float span_largest = -INFINITY;
        for (size_t p = 0; p < length; p++) {
            float score = 0;
            for (size_t i = 0; i < head_size; i++) score += q[i] * keys[(first + p) * stride + i];
            weights[p] = score * (1.0f / sqrtf((float)head_size));
            span_largest = fmaxf(span_largest, weights[p]);
        }
        for (size_t p = 0; p < length; p++) {
            weights[p] = bn_exp_float(weights[p] - span_largest);
            sums[p % 16] += weights[p];
        }
        float now_largest = fmaxf(largest, span_largest);
        float before = bn_exp_float(largest - now_largest), added = bn_exp_float(span_largest - now_largest);
        for (size_t i = 0; i < head_size; i++) {
            float blend = 0;
            for (size_t p = 0; p < length; p++) blend += weights[p] * values[(first + p) * stride + i];
            out[i] = out[i] * before + blend * added;
        }
        total = total * before + sum_of(sums) * added;
        largest = now_largest;
    }
    for (size_t i = 0; i < head_size; i++) out[i] /= total;
}

// max(g, 0)² (squared ReLU, arXiv 2109.08668) or g·sigmoid(g) (SiLU, in arXiv 2002.05202 Swish).
static float activate(float g, bool squared_relu) {
    if (squared_relu) return g > 0 ? g * g : 0;
    return g / (1.0f + bn_exp_float(-g));
}

static float *take(float **scratch, size_t count) {
    float *taken = *scratch;
    *scratch += count;
    return taken;
}

size_t bn_reference_scratch_count(const bn_reference_layer *layer) {
    size_t hidden = layer->query.columns, query = layer->query.rows, feed_forward = layer->gate.rows;
    size_t codes = (hidden + query + feed_forward) / sizeof(float) + 1;
    return 2 * hidden + 2 * query + 2 * feed_forward + codes;
}

void bn_reference_layer_forward(
    const bn_reference_layer *layer, float *x, float *keys, float *values, size_t position,
    const float *cos_table, const float *sin_table, float *scratch) {
    size_t hidden = layer->query.columns, inner = layer->gate.rows, head_size = layer->head_size;
    size_t heads = layer->query.rows / head_size, kv_heads = layer->key.rows / head_size;
    size_t query_size = heads * head_size, kv_size = kv_heads * head_size;
    float *a = take(&scratch, hidden), *added = take(&scratch, hidden);
    float *q = take(&scratch, query_size), *o = take(&scratch, query_size);
    float *gate = take(&scratch, inner), *up = take(&scratch, inner);
    int8_t *codes = (int8_t *)scratch;
    const float *cosines = cos_table + position * (head_size / 2);
    const float *sines = sin_table + position * (head_size / 2);
    float *k = keys + position * kv_size, *v = values + position * kv_size;
    float epsilon = layer->norm_epsilon;

    // x += Wo · norm(attention(rope(Wq·a), rope(Wk·a), Wv·a)), a = norm(x)
    rms_norm(a, x, layer->attention_norm, hidden, epsilon);                   // a [hidden]
    bit_linear(q, &layer->query, a, codes);                                   // q [heads][head_size]
    bit_linear(k, &layer->key, a, codes);                                     // k [kv_heads][head_size]
    bit_linear(v, &layer->value, a, codes);                                   // v [kv_heads][head_size]
    rotate(q, heads, head_size, cosines, sines, layer->adjacent_pairs);       // q, the same shape
    rotate(k, kv_heads, head_size, cosines, sines, layer->adjacent_pairs);    // k, the same shape
    for (size_t h = 0; h < heads; h++) {
        // heads / kv_heads neighbours share keys and values (grouped queries, arXiv 2305.13245).
        size_t kv = h / (heads / kv_heads) * head_size;
        attend(o + h * head_size, q + h * head_size, keys + kv, values + kv, kv_size, position + 1, head_size);
    }                                                                         // o [heads][head_size]
    // A norm before a block's last matrix is BitNet's (arXiv 2504.12285); Llama's family has none.
    if (layer->attention_sub_norm != NULL) {
        rms_norm(o, o, layer->attention_sub_norm, query_size, epsilon);       // o [heads·head_size]
    }
    bit_linear(added, &layer->attention_output, o, codes);                    // added [hidden]
    for (size_t i = 0; i < hidden; i++) x[i] += added[i];                     // x [hidden]

    // x += Wdown · norm(act(Wgate·a) · (Wup·a)), a = norm(x)
    rms_norm(a, x, layer->feed_forward_norm, hidden, epsilon);                // a [hidden]
    bit_linear(gate, &layer->gate, a, codes);                                 // gate [inner]
    bit_linear(up, &layer->up, a, codes);                                     // up [inner]
    for (size_t i = 0; i < inner; i++) gate[i] = activate(gate[i], layer->squared_relu) * up[i];
    if (layer->feed_forward_sub_norm != NULL) {
        rms_norm(gate, gate, layer->feed_forward_sub_norm, inner, epsilon);   // gate [inner]
    }
    bit_linear(added, &layer->down, gate, codes);                             // added [hidden]
    for (size_t i = 0; i < hidden; i++) x[i] += added[i];                     // x [hidden]
}
