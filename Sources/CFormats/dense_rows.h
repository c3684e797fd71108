// SPDX-License-Identifier: MIT
//
// Plain numbers to codes or floats, and codes to T5. Included once for each instruction set; the loops are
// written so that the compiler makes vectors of them.

// Few enough that a bad number is looked for among few, many enough that the check costs nothing.
enum { chunk_count = 256 };

static inline uint16_t load16(const uint8_t *bytes) {
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint32_t load32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static size_t unpack_dense16(const uint8_t *values, size_t count, uint16_t magnitude, uint8_t *codes) {
    for (size_t start = 0; start < count; start += chunk_count) {
        size_t end = count - start < chunk_count ? count : start + chunk_count;
        uint16_t bad = 0;
        for (size_t k = start; k < end; k++) {
            uint16_t bits = load16(values + 2 * k), absolute = bits & 0x7fff;
            uint16_t is_zero = absolute == 0;
            bad |= (uint16_t)((absolute == magnitude) | is_zero) ^ 1;
            codes[k] = is_zero ? 1 : (uint8_t)(2 - 2 * (bits >> 15));
        }
        if (bad == 0) continue;
        for (size_t k = start; k < end; k++) {
            uint16_t absolute = load16(values + 2 * k) & 0x7fff;
            if (absolute != 0 && absolute != magnitude) return k;
        }
    }
    return count;
}

static size_t unpack_dense32(const uint8_t *values, size_t count, uint32_t magnitude, uint8_t *codes) {
    for (size_t start = 0; start < count; start += chunk_count) {
        size_t end = count - start < chunk_count ? count : start + chunk_count;
        uint32_t bad = 0;
        for (size_t k = start; k < end; k++) {
            uint32_t bits = load32(values + 4 * k), absolute = bits & 0x7fffffff;
            uint32_t is_zero = absolute == 0;
            bad |= ((absolute == magnitude) | is_zero) ^ 1;
            codes[k] = is_zero ? 1 : (uint8_t)(2 - 2 * (bits >> 31));
        }
        if (bad == 0) continue;
        for (size_t k = start; k < end; k++) {
            uint32_t absolute = load32(values + 4 * k) & 0x7fffffff;
            if (absolute != 0 && absolute != magnitude) return k;
        }
    }
    return count;
}

// Bits of the float that a half is; a product with a power of two moves the exponent's bias from 15 to 127.
static inline uint32_t widened(uint16_t half) {
    uint32_t moved = (uint32_t)(half & 0x7fff) << 13;
    float magnitude;
    memcpy(&magnitude, &moved, sizeof magnitude);
    magnitude *= 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &magnitude, sizeof bits);
    bits = moved < 0x0f800000 ? bits : moved | 0x7f800000;
    return bits | (uint32_t)(half & 0x8000) << 16;
}

static void floats_from(bn_source_type type, const uint8_t *values, size_t count, float *floats) {
    switch (type) {
    case BN_SOURCE_F32: memcpy(floats, values, count * sizeof(float)); break;
    case BN_SOURCE_F16:
        for (size_t k = 0; k < count; k++) {
            uint32_t bits = widened(load16(values + 2 * k));
            memcpy(floats + k, &bits, sizeof bits);
        }
        break;
    case BN_SOURCE_BF16:
        for (size_t k = 0; k < count; k++) {
            uint32_t bits = (uint32_t)load16(values + 2 * k) << 16;
            memcpy(floats + k, &bits, sizeof bits);
        }
        break;
    }
}

static double absolute_sum(const float *values, size_t count) {
    enum { lanes = 16 };
    double sums[lanes] = {0};
    size_t whole = count / lanes * lanes;
    for (size_t start = 0; start < whole; start += lanes) {
        for (size_t lane = 0; lane < lanes; lane++) sums[lane] += (double)fabsf(values[start + lane]);
    }
    for (size_t k = whole; k < count; k++) sums[k % lanes] += (double)fabsf(values[k]);
    for (size_t half = lanes / 2; half > 0; half /= 2) {
        for (size_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
    }
    return sums[0];
}

// Half to even takes ±0.5 to 0; anything further away is clamped to ±1 if not rounded to it.
static bool quantise_trits(const float *values, size_t count, float inverse, uint8_t *codes) {
    uint32_t bad = 0;
    for (size_t k = 0; k < count; k++) {
        uint32_t bits;
        memcpy(&bits, values + k, sizeof bits);
        bad |= (bits & 0x7f800000) == 0x7f800000;
        float scaled = values[k] * inverse;
        codes[k] = (uint8_t)(1 + (scaled > 0.5f) - (scaled < -0.5f));
    }
    return bad == 0;
}

// Five codes are the low bytes of a word; times 81 + 27·2^8 + 9·2^16 + 3·2^24 + 2^32 its fifth byte is
// Σ code·3^i, and no byte below carries into it.
static void pack_t5(const uint8_t *codes, size_t columns, uint8_t *bytes) {
    const uint64_t powers = 0x0103091b51;
    size_t k = 0;
    for (; columns - k >= sizeof(uint64_t); k += 5) {
        uint64_t word;
        memcpy(&word, codes + k, sizeof word);
        *bytes++ = (uint8_t)((word & 0xffffffffff) * powers >> 32);
    }
    for (; columns - k >= 5; k += 5) {
        unsigned low = codes[k] + 3u * codes[k + 1] + 9u * codes[k + 2];
        *bytes++ = (uint8_t)(low + 27u * codes[k + 3] + 81u * codes[k + 4]);
    }
    if (k < columns) *bytes = bn_t5_last_byte(codes + k, columns - k);
}
