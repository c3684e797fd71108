// SPDX-License-Identifier: MIT
//
// Compares the kernels of every instruction set with the scalar ones: integers with a plain sum, floats bit
// by bit. See `run`.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cgroup.h"
#include "kernels.h"

#if defined(__x86_64__)
extern const bn_ternary_kernels emulated_ternary_avx512, emulated_ternary_avx512bw;
extern const bn_float_kernels emulated_float_avx512;
extern const bn_head_kernels emulated_head_avx512;
#endif

static int failure_count;

static void expect(bool holds, const char *what, const char *isa, size_t a, size_t b) {
    if (holds) return;
    if (failure_count++ < 20) fprintf(stderr, "%s: %s differs (%zu, %zu)\n", isa, what, a, b);
}

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t random_bits(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 32);
}

static float random_float(void) { return ((float)(random_bits() >> 8) / 8388608.0f - 1.0f) * 4.0f; }

static void *allocate(size_t byte_count) {
    void *memory = calloc(byte_count + 1, 1);
    if (memory == NULL) abort();
    return memory;
}

static float *random_floats(size_t count) {
    static const float special[] = {0.0f, -0.0f, 1e-40f, -1e-42f, 1e-7f, -65504.0f, 3e4f, 0x1p-24f};
    float *values = allocate(count * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        uint32_t choice = random_bits() % 32;
        values[i] = choice < 8 ? special[choice] : random_float();
    }
    return values;
}

// ---- Ternary --------------------------------------------------------------------------------------------

typedef struct {
    size_t rows, columns;
    int8_t *weights;
    uint8_t *t5;
} ternary;

static ternary random_ternary(size_t rows, size_t columns, bool extreme) {
    size_t row_bytes = (columns + 4) / 5;
    ternary made = {rows, columns, allocate(rows * columns), allocate(rows * row_bytes)};
    for (size_t i = 0; i < rows * columns; i++) {
        made.weights[i] = (int8_t)(extreme ? (i / columns % 2 ? 1 : -1) : (int)(random_bits() % 3) - 1);
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t b = 0; b < row_bytes; b++) {
            int value = 0;
            for (size_t i = 5; i-- > 0;) {
                size_t column = 5 * b + i;
                value = value * 3 + 1 + (column < columns ? made.weights[r * columns + column] : 0);
            }
            made.t5[r * row_bytes + b] = (uint8_t)value;
        }
    }
    return made;
}

static void check_product(
    const bn_kernels *kernels, bn_pool *pool, const ternary *weights, size_t dot_tokens_min, size_t tokens,
    bool extreme) {
    const char *isa = bn_isa_name(kernels->isa);
    size_t rows = weights->rows, columns = weights->columns, bad = 0;
    float *x = random_floats(tokens * columns);
    for (size_t i = 0; extreme && i < tokens * columns; i++) x[i] = i / columns % 2 ? 3.0f : -3.0f;
    bn_matrix *matrix = bn_matrix_create(kernels, rows, columns, 0.5f);
    bn_activations *activations = bn_activations_create(kernels, dot_tokens_min, 2, tokens, columns, 0);
    int32_t *sums = allocate(tokens * rows * sizeof(int32_t));
    int8_t *codes = allocate(columns);
    expect(bn_matrix_fill(matrix, pool, weights->t5, &bad) == BN_OK, "fill", isa, rows, columns);
    expect(bn_quantise(activations, pool, x, tokens, columns) == BN_OK, "quantise", isa, tokens, columns);
    bn_multiply_integers(pool, activations, matrix, sums);
    for (size_t t = 0; t < tokens; t++) {
        float scale;
        bn_activations_read(activations, t, codes, &scale);
        for (size_t r = 0; r < rows; r++) {
            int32_t sum = 0;
            for (size_t k = 0; k < columns; k++) sum += codes[k] * weights->weights[r * columns + k];
            expect(sum == sums[t * rows + r], extreme ? "extreme sum" : "sum", isa, columns, tokens);
        }
    }
    free(x);
    free(sums);
    free(codes);
    bn_matrix_destroy(matrix);
    bn_activations_destroy(activations);
}

// Always by dot product, add-only for one token, always add-only.
static void check_every_way(
    const bn_kernels *kernels, bn_pool *pool, const ternary *weights, size_t tokens, bool extreme) {
    static const size_t dot_tokens_min[] = {1, 2, SIZE_MAX};
    for (size_t i = 0; i < 3; i++) {
        check_product(kernels, pool, weights, dot_tokens_min[i], tokens, extreme);
    }
}

static void discard(ternary *weights) {
    free(weights->weights);
    free(weights->t5);
}

static void check_ternary(const bn_kernels *kernels, bn_pool *pool, bool is_brief) {
    static const size_t columns[] = {
        1, 4, 5, 6, 19, 20, 21, 63, 64, 65, 79, 80, 81, 127, 128, 129, 336, 712, 1000};
    static const size_t rows[] = {1, 15, 16, 17, 31, 33, 64, 70, 129, 200};
    static const size_t tokens[] = {1, 2, 3, 4, 7, 17};
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c += is_brief ? 2 : 1) {
        ternary weights = random_ternary(rows[c % 10], columns[c], false);
        for (size_t n = 0; n < 6; n++) check_every_way(kernels, pool, &weights, tokens[n], false);
        discard(&weights);
    }
    ternary small = random_ternary(70, 132, false);
    for (size_t n = 1; n <= 65; n += is_brief ? 8 : 1) check_every_way(kernels, pool, &small, n, false);
    discard(&small);
    ternary extreme = random_ternary(is_brief ? 34 : 66, is_brief ? 1100 : 8192, true);
    for (size_t n = 1; n <= 5; n++) check_every_way(kernels, pool, &extreme, n, true);
    discard(&extreme);
    // More tokens than one call of any kernel takes.
    ternary narrow = random_ternary(3, 150, false);
    check_every_way(kernels, pool, &narrow, 300, false);
    discard(&narrow);
}

// ---- Scaled groups --------------------------------------------------------------------------------------

#include "grouped_cases.h"

// ---- Floats ---------------------------------------------------------------------------------------------

#include "float_cases.h"

// Of all that the float kernels gave, in order: equal on all processors.
static uint64_t checksum;

static void add_to_checksum(const uint8_t *from, size_t byte_count) {
    for (size_t i = 0; i < byte_count; i++) checksum = (checksum ^ from[i]) * 1099511628211u;
}

static void check_floats(const bn_kernels *kernels) {
    static const size_t counts[] = {1, 2, 7, 15, 16, 17, 31, 32, 33, 64, 80, 100, 128, 336};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        size_t count = counts[c];
        float *x = random_floats(80 * count + 16);
        size_t out_bytes = 4096 + 192 * count;
        for (size_t i = 0; i < sizeof float_cases / sizeof float_cases[0]; i++) {
            uint8_t *expected = allocate(out_bytes), *actual = allocate(out_bytes);
            float_cases[i].run(&bn_float_scalar, expected, x, count);
            float_cases[i].run(kernels->floats, actual, x, count);
            bool equal = memcmp(expected, actual, out_bytes) == 0;
            expect(equal, float_cases[i].name, bn_isa_name(kernels->isa), count, 0);
            add_to_checksum(actual, out_bytes);
            free(expected);
            free(actual);
        }
        free(x);
    }
}

static void check_all_halves(const bn_kernels *kernels) {
    static uint16_t halves[65536], back[65536], scalar_back[65536];
    static float floats[65536], scalar_floats[65536];
    for (size_t i = 0; i < 65536; i++) halves[i] = (uint16_t)i;
    kernels->floats->load_row(floats, halves, BN_FLOAT16, 65536);
    bn_float_scalar.load_row(scalar_floats, halves, BN_FLOAT16, 65536);
    expect(memcmp(floats, scalar_floats, sizeof floats) == 0, "halves", bn_isa_name(kernels->isa), 0, 0);
    kernels->floats->store_value((uint8_t *)back, NULL, floats, BN_KV_FLOAT16, 65536, 0);
    bn_float_scalar.store_value((uint8_t *)scalar_back, NULL, floats, BN_KV_FLOAT16, 65536, 0);
    expect(memcmp(back, scalar_back, sizeof back) == 0, "halves back", bn_isa_name(kernels->isa), 0, 0);
    add_to_checksum((const uint8_t *)floats, sizeof floats);
    add_to_checksum((const uint8_t *)back, sizeof back);
}

// ---- Fast head ------------------------------------------------------------------------------------------

static void check_head_sums(const bn_kernels *kernels) {
    static const size_t columns[] = {4, 8, 60, 336, 8192};
    for (size_t c = 0; c < 5; c++) {
        size_t tile_bytes = columns[c] * bn_head_tile_rows;
        size_t halves_bytes = 2 * bn_head_tokens_max * columns[c];
        uint8_t *tile = allocate(tile_bytes);
        int8_t *halves = allocate(halves_bytes);
        // The largest column count's values are the largest too.
        for (size_t i = 0; i < tile_bytes; i++) tile[i] = (uint8_t)(c < 4 ? random_bits() : 255);
        for (size_t i = 0; i < halves_bytes; i++) {
            halves[i] = (int8_t)(c < 4 ? (int)(random_bits() & 127) - 64 : -64);
        }
        for (size_t tokens = 1; tokens <= bn_head_tokens_max; tokens++) {
            uint32_t expected[2 * bn_head_tokens_max * bn_head_tile_rows] = {0};
            uint32_t actual[2 * bn_head_tokens_max * bn_head_tile_rows] = {0};
            bn_head_scalar.multiply_tile(expected, tile, halves, columns[c], tokens);
            kernels->head->multiply_tile(actual, tile, halves, columns[c], tokens);
            bool equal = memcmp(expected, actual, sizeof expected) == 0;
            expect(equal, "head sums", bn_isa_name(kernels->isa), columns[c], tokens);
        }
        free(tile);
        free(halves);
    }
}

// Exact where it gives a value, and gives one for each of the largest.
static void check_selection(
    const bn_kernels *kernels, bn_pool *pool, size_t rows, size_t columns, size_t tokens) {
    const char *isa = bn_isa_name(kernels->isa);
    float *table = random_floats(rows * columns), *x = random_floats(tokens * columns);
    float *exact = allocate(tokens * rows * sizeof(float)), *fast = allocate(tokens * rows * sizeof(float));
    float *lower = allocate(tokens * rows * sizeof(float)), *upper = allocate(tokens * rows * sizeof(float));
    uint32_t *counts = allocate(tokens * sizeof(uint32_t));
    for (size_t t = 0; t < tokens; t++) counts[t] = 1 + random_bits() % 40;
    size_t scratch_bytes = bn_fast_head_scratch_byte_count(rows, columns, tokens);
    void *scratch = aligned_alloc(64, bn_round_up(scratch_bytes, 64));
    bn_fast_head *head = bn_fast_head_create(kernels, pool, table, BN_FLOAT32, rows, columns);
    if (scratch == NULL || head == NULL) abort();
    bn_head(kernels, pool, exact, x, table, BN_FLOAT32, tokens, rows, columns);
    bn_status status = bn_fast_head_select(head, pool, fast, x, counts, tokens, scratch);
    bn_status bounds = bn_fast_head_bounds(head, pool, lower, upper, x, tokens, scratch);
    expect(status == BN_OK && bounds == BN_OK, "fast head's status", isa, rows, columns);
    for (size_t t = 0; t < tokens; t++) {
        for (size_t r = 0; r < rows; r++) {
            size_t i = t * rows + r, larger_count = 0;
            for (size_t other = 0; other < rows; other++) larger_count += exact[t * rows + other] > exact[i];
            bool is_wanted = larger_count < counts[t];
            expect(!is_wanted || isfinite(fast[i]), "fast head's rows", isa, rows, columns);
            bool is_exact = memcmp(&fast[i], &exact[i], sizeof(float)) == 0;
            expect(is_exact || fast[i] == -INFINITY, "fast head's logits", isa, rows, columns);
            expect(lower[i] <= exact[i] && exact[i] <= upper[i], "fast head's bounds", isa, rows, columns);
        }
    }
    void *const made[] = {table, x, exact, fast, lower, upper, counts, scratch};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) free(made[i]);
    bn_fast_head_destroy(head);
}

static void check_fast_head(const bn_kernels *kernels, bn_pool *pool) {
    check_head_sums(kernels);
    static const size_t rows[] = {1, 31, 32, 33, 200, 1000}, columns[] = {1, 3, 17, 64, 130, 513};
    for (size_t i = 0; i < 6; i++) check_selection(kernels, pool, rows[i], columns[i], 1 + i);
}

// ---- Control groups -------------------------------------------------------------------------------------

static void write_file(const char *root, const char *name, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) abort();
    fputs(text, file);
    fclose(file);
}

static void make_directory(const char *root, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, name);
    if (mkdir(path, 0700) != 0) abort();
}

static void check_cgroups(const char *root) {
    static const char *const directories[] = {
        "v2", "v2/slice", "v2/slice/unit", "v1", "v1/cpu,cpuacct", "v1/cpu,cpuacct/job", "v1/unified",
        "v1/unified/both"};
    char membership[4096], mount[4096];
    size_t directory_count = sizeof directories / sizeof directories[0];
    for (size_t i = 0; i < directory_count; i++) make_directory(root, directories[i]);
    write_file(root, "own", "0::/slice/unit\n");
    write_file(root, "v2/slice/unit/cpu.max", "max 100000\n");
    snprintf(membership, sizeof membership, "%s/own", root);
    snprintf(mount, sizeof mount, "%s/v2", root);
    expect(bn_cgroup_processor_quota(membership, mount) == 0, "no quota", "cgroup", 0, 0);
    write_file(root, "v2/slice/cpu.max", "250000 100000\n");
    expect(bn_cgroup_processor_quota(membership, mount) == 3, "parent's quota", "cgroup", 0, 0);
    write_file(root, "v2/slice/unit/cpu.max", "50000 100000\n");
    expect(bn_cgroup_processor_quota(membership, mount) == 1, "own quota", "cgroup", 0, 0);
    write_file(root, "own", "12:memory:/job\n4:cpu,cpuacct:/job\n");
    snprintf(mount, sizeof mount, "%s/v1", root);
    write_file(root, "v1/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
    write_file(root, "v1/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
    expect(bn_cgroup_processor_quota(membership, mount) == 0, "no quota in v1", "cgroup", 0, 0);
    write_file(root, "v1/cpu,cpuacct/job/cpu.cfs_quota_us", "200000\n");
    expect(bn_cgroup_processor_quota(membership, mount) == 2, "quota in v1", "cgroup", 0, 0);
    write_file(root, "own", "0::/both\n4:cpu,cpuacct:/job\n");
    write_file(root, "v1/unified/both/cpu.max", "100000 100000\n");
    expect(bn_cgroup_processor_quota(membership, mount) == 1, "quota in unified", "cgroup", 0, 0);
    write_file(root, "own", "nonsense\n0:\n0::/no/such/group\n");
    expect(bn_cgroup_processor_quota(membership, mount) == 0, "nonsense", "cgroup", 0, 0);
}

// ---- Pool -----------------------------------------------------------------------------------------------

static void count_items(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    uint8_t *counts = context;
    for (size_t i = begin; i < end; i++) counts[i]++;
}

static void check_pool(bn_pool *pool) {
    static uint8_t counts[5000];
    for (size_t round = 0; round < 2000; round++) {
        size_t count = random_bits() % sizeof counts;
        memset(counts, 0, sizeof counts);
        bn_pool_run(pool, count, random_bits() % 64, count_items, counts);
        for (size_t i = 0; i < sizeof counts; i++) {
            expect(counts[i] == (i < count), "items", "pool", i, count);
        }
    }
}

static double processor_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Spinning would take the whole of the second half second.
static void check_idle_pool(bn_pool *pool) {
    uint8_t counts[64] = {0};
    bn_pool_run(pool, sizeof counts, 1, count_items, counts);
    const struct timespec pause = {.tv_nsec = 500000000};
    nanosleep(&pause, NULL);
    double before = processor_seconds();
    nanosleep(&pause, NULL);
    expect(processor_seconds() - before < 0.05, "idle processor time", "pool", 0, 0);
}

typedef struct {
    bn_kernels kernels;
    const char *manner;
} variant;

enum { variants_max = 16 };

// Every instruction set that this processor has, then those that run as plain C.
static size_t all_variants(variant variants[variants_max]) {
    static const bn_isa isas[] = {
        BN_ISA_SCALAR, BN_ISA_AVX2, BN_ISA_AVX512BW, BN_ISA_AVX512, BN_ISA_NEON, BN_ISA_NEON_DOT};
    size_t count = 0;
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        const bn_kernels *kernels = bn_kernels_for(isas[i]);
        if (kernels != NULL) variants[count++] = (variant){*kernels, ""};
    }
#if defined(__x86_64__)
    const bn_kernels emulated[] = {
        {BN_ISA_AVX512BW, &emulated_ternary_avx512bw, &emulated_float_avx512, &bn_head_avx2},
        {BN_ISA_AVX512, &emulated_ternary_avx512, &emulated_float_avx512, &emulated_head_avx512},
    };
    for (size_t i = 0; i < 2; i++) variants[count++] = (variant){emulated[i], " emulated"};
#endif
    return count;
}

int main(int argc, char **argv) {
    if (argc != 3) return 64;
    bool is_brief = strcmp(argv[2], "brief") == 0;
    variant variants[variants_max];
    size_t variant_count = all_variants(variants);
    bn_pool *pool = bn_pool_create(2);
    if (pool == NULL) return 71;
    uint64_t first_state = random_state;
    for (size_t i = 0; i < variant_count; i++) {
        const bn_kernels *kernels = &variants[i].kernels;
        random_state = first_state;
        checksum = 14695981039346656037u;
        check_floats(kernels);
        check_all_halves(kernels);
        check_ternary(kernels, pool, is_brief);
        check_groups(kernels, pool, is_brief);
        check_fast_head(kernels, pool);
        printf(
            "floats %016llx: %s%s checked\n", (unsigned long long)checksum, bn_isa_name(kernels->isa),
            variants[i].manner);
    }
    if (!is_brief) {
        check_pool(pool);
        check_idle_pool(pool);
        check_cgroups(argv[1]);
    }
    bn_pool_destroy(pool);
    if (failure_count > 0) fprintf(stderr, "%d differences\n", failure_count);
    return failure_count > 0;
}
