// SPDX-License-Identifier: MIT
#include "tokens/outliers.h"

#include <math.h>

#include "kernels.h"
#include "lanes/exponential.h"
#include "lanes/magnitude.h"

// How the values of one block are rounded.
typedef struct {
    size_t outlier_count;
    // Outliers are larger.
    float bound;
    // What is left for the codes of the others, and the largest of them.
    size_t code_bits;
    float code_max;
    uint16_t half;
    float scale;
} outlier_block;

static bool is_outlier(const outlier_block *block, float x) { return fabsf(x) > block->bound; }

// What outliers are larger than.
static float outlier_bound(const float *x) {
    enum { last = bn_outlier_count_max };
    float largest[last + 1] = {0};
    for (size_t i = 0; i < bn_hop_block; i++) {
        float magnitude = fabsf(x[i]);
        if (magnitude <= largest[last]) continue;
        size_t k = last;
        for (; k > 0 && magnitude > largest[k - 1]; k--) largest[k] = largest[k - 1];
        largest[k] = magnitude;
    }
    return largest[last] * (1 << bn_outlier_exponent);
}

bool bn_has_outliers(const float *x, uint32_t largest) {
    float magnitude = bn_float_of_bits(largest);
    // What is so small that its scale would be 0 becomes 0.
    if (largest >= infinity_bits || bn_half_of_float(magnitude / 127.0f) == 0) return false;
    return magnitude > outlier_bound(x);
}

// False if the others' scale is beyond what a half float can hold.
static bool examine(outlier_block *block, const float *x) {
    *block = (outlier_block){.bound = outlier_bound(x)};
    float largest = 0;
    for (size_t i = 0; i < bn_hop_block; i++) {
        float magnitude = fabsf(x[i]);
        if (is_outlier(block, x[i])) {
            block->outlier_count++;
        } else if (magnitude > largest) {
            largest = magnitude;
        }
    }
    block->code_bits = 8 - block->outlier_count;
    block->code_max = (float)((1 << (block->code_bits - 1)) - 1);
    block->half = bn_half_of_float(largest / block->code_max);
    // Without a scale all others are so small that any scale gives the code 0.
    block->scale = block->half == 0 ? 1.0f : bn_float_of_half(block->half);
    return block->half != 0x7c00;
}

static float code_of(const outlier_block *block, float x) {
    float code = bn_round_even(x / block->scale);
    code = code > block->code_max ? block->code_max : code;
    return code < -block->code_max ? -block->code_max : code;
}

// The nearest float whose low eight bits are zero, ties to even; infinite if there is none.
static uint32_t outlier_bits(float x) {
    uint32_t bits = bn_bits_of_float(x);
    return (bits + 0x7f + (bits >> 8 & 1)) & 0xffffff00;
}

static bool is_finite(uint32_t bits) { return (bits & 0x7fffffff) < infinity_bits; }

bool bn_outliers_round(float *x) {
    outlier_block block;
    if (!examine(&block, x)) return false;
    for (size_t i = 0; i < bn_hop_block; i++) {
        if (is_outlier(&block, x[i])) {
            uint32_t bits = outlier_bits(x[i]);
            if (!is_finite(bits)) return false;
            x[i] = bn_float_of_bits(bits);
        } else {
            x[i] = code_of(&block, x[i]) * block.scale;
        }
    }
    return true;
}

// A word for each outlier, little-endian: five bits for its place, two for how many follow, one that is 0, and
// the upper 24 of the float.
enum { word_bytes = 4 };

static void write_word(uint8_t *to, uint32_t word) {
    for (size_t i = 0; i < word_bytes; i++) to[i] = (uint8_t)(word >> 8 * i);
}

static uint32_t read_word(const uint8_t *from) {
    uint32_t word = 0;
    for (size_t i = 0; i < word_bytes; i++) word |= (uint32_t)from[i] << 8 * i;
    return word;
}

bool bn_outliers_encode(uint16_t *scale, uint8_t *codes, const float *x) {
    outlier_block block;
    if (!examine(&block, x)) return false;
    *scale = bn_outlier_mark | block.half;
    uint8_t *end = codes + bn_hop_block;
    uint8_t *word = codes;
    codes += word_bytes * block.outlier_count;
    size_t following = block.outlier_count;
    // Codes that fill no byte yet.
    uint32_t waiting = 0;
    size_t waiting_bits = 0;
    for (size_t i = 0; i < bn_hop_block; i++) {
        if (is_outlier(&block, x[i])) {
            uint32_t bits = outlier_bits(x[i]);
            if (!is_finite(bits)) return false;
            following--;
            write_word(word, bits | (uint32_t)following << 5 | (uint32_t)i);
            word += word_bytes;
            continue;
        }
        uint32_t code = (uint32_t)(int32_t)code_of(&block, x[i]) & ((1u << block.code_bits) - 1);
        waiting |= code << waiting_bits;
        waiting_bits += block.code_bits;
        if (waiting_bits < 8) continue;
        *codes++ = (uint8_t)waiting;
        waiting >>= 8;
        waiting_bits -= 8;
    }
    while (codes < end) {
        *codes++ = (uint8_t)waiting;
        waiting = 0;
    }
    return true;
}

// The places of the outliers as a mask, 0 if the words are not as they should be.
static uint32_t decode_words(float *out, const uint8_t *words, size_t count) {
    uint32_t places = 0;
    for (size_t k = 0; k < count; k++) {
        uint32_t word = read_word(words + word_bytes * k), place = word & 31;
        bool is_ascending = places >> place == 0;
        if ((word >> 5 & 7) != count - 1 - k || !is_ascending || !is_finite(word)) return 0;
        places |= 1u << place;
        out[place] = bn_float_of_bits(word & 0xffffff00);
    }
    return places;
}

bool bn_outliers_decode(float *out, uint16_t scale, const uint8_t *codes) {
    size_t count = 1 + (codes[0] >> 5);
    if (count > bn_outlier_count_max) return false;
    uint32_t places = decode_words(out, codes, count);
    if (places == 0) return false;
    float d = bn_float_of_half(scale & ~bn_outlier_mark);
    size_t code_bits = 8 - count;
    int32_t sign = 1 << (code_bits - 1);
    const uint8_t *next = codes + word_bytes * count;
    uint32_t waiting = 0;
    size_t waiting_bits = 0;
    for (size_t i = 0; i < bn_hop_block; i++) {
        if (places >> i & 1) continue;
        if (waiting_bits < code_bits) {
            waiting |= (uint32_t)*next++ << waiting_bits;
            waiting_bits += 8;
        }
        int32_t code = (int32_t)(waiting & ((1u << code_bits) - 1));
        out[i] = (float)((code ^ sign) - sign) * d;
        waiting >>= code_bits;
        waiting_bits -= code_bits;
    }
    while (next < codes + bn_hop_block) waiting |= *next++;
    return waiting == 0;
}
