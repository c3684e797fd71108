// SPDX-License-Identifier: MIT
//
// Has the instructions of the hot loops of one instruction set counted: under valgrind by callgrind, which
// writes a file for each, and else by having the processor trap after every instruction. See `run`.
// Usage: driver <isa> [<operation>]; prints lines of operation, isa, unit, units and, if it counted itself,
// instructions. Exit status 3: not on this processor.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "CTernary.h"

enum {
    // A trap takes microseconds, so these are the fewest rows that are whole blocks of tiles on every
    // instruction set, several tokens have narrow matrices, and the exact head has few rows.
    rows = 256,
    columns = 2560,
    narrow_columns = 640,
    exact_rows = 64,
    gate_columns = 6912,
    tokens_max = 64,
    context = 512,
    heads = 8,
    kv_heads = 2,
    head_size = 128,
    not_here = 3,
    wrong_use = 64,
};

// ---- Data -----------------------------------------------------------------------------------------------

typedef struct {
    const bn_kernels *kernels;
    float *x, *weight, *up, *out;
    bn_matrix *matrix, *narrow_matrix;
    // What is multiplied while it is counted, and what is quantised.
    bn_activations *add_only, *dot_1, *dot_8, *dot_64, *codes, *tables, *dot_codes;
    bn_kv kv;
    uint32_t slots[context], positions[context], last_position;
    float *scratch;
    uint16_t *table;
    // Rows of Q6_K and of Q4_K.
    uint8_t *six_bits, *four_bits;
    bn_fast_head *fast_head;
    void *fast_scratch;
} fixture;

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t random_bits(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 32);
}

// Aligned alike in every run, and never freed: the program ends with its counts.
static void *allocate(size_t byte_count) {
    void *memory = bn_memory_allocate(byte_count);
    if (memory == NULL) abort();
    return memory;
}

static float *random_floats(size_t count) {
    float *values = allocate(count * sizeof(float));
    for (size_t i = 0; i < count; i++) values[i] = (float)(random_bits() >> 8) / 8388608.0f - 1.0f;
    return values;
}

enum { always_dot = 1 };
#define NEVER_DOT SIZE_MAX

static bn_activations *quantised(
    const fixture *data, size_t dot_tokens_min, size_t tokens, size_t column_count) {
    bn_activations *made = bn_activations_create(data->kernels, dot_tokens_min, 1, tokens, column_count, 0);
    if (made == NULL || bn_quantise(made, NULL, data->x, tokens, column_count) != BN_OK) abort();
    return made;
}

static bn_matrix *random_matrix(const fixture *data, size_t column_count) {
    size_t t5_bytes = rows * column_count / 5, bad_offset;
    uint8_t *t5 = allocate(t5_bytes);
    for (size_t i = 0; i < t5_bytes; i++) t5[i] = (uint8_t)(random_bits() % 243);
    bn_matrix *matrix = bn_matrix_create(data->kernels, rows, column_count, 0.5f);
    if (matrix == NULL || bn_matrix_fill(matrix, NULL, t5, &bad_offset) != BN_OK) abort();
    return matrix;
}

static void make_cache(fixture *data) {
    size_t count = context * kv_heads * head_size;
    size_t byte_count = bn_kv_byte_count(BN_KV_FLOAT16, 1, context, kv_heads, head_size);
    void *keys = allocate(byte_count), *values = allocate(byte_count);
    data->kv = (bn_kv){keys, values, BN_KV_FLOAT16, context, kv_heads, head_size};
    for (uint32_t i = 0; i < context; i++) data->positions[i] = i;
    data->last_position = context - 1;
    bn_kv_store(
        data->kernels, NULL, &data->kv, random_floats(count), random_floats(count), context, data->slots,
        data->positions);
    size_t scratch_count = bn_attention_scratch_count(1, heads, kv_heads, head_size);
    data->scratch = allocate(scratch_count * sizeof(float));
}

// Whatever the scales are: no instruction depends on them.
static uint8_t *random_blocks(bn_float_type type) {
    size_t byte_count = exact_rows * bn_table_row_byte_count(type, columns);
    uint8_t *blocks = allocate(byte_count);
    for (size_t i = 0; i < byte_count; i++) blocks[i] = (uint8_t)(random_bits() & 0x3f);
    return blocks;
}

static void make_head(fixture *data) {
    data->table = allocate(rows * columns * sizeof(uint16_t));
    // Half floats of either sign from 2^-7 up to 2^-3.
    for (size_t i = 0; i < rows * columns; i++) {
        data->table[i] = (uint16_t)((random_bits() & 0x8fff) | 0x2000);
    }
    data->six_bits = random_blocks(BN_Q6_K);
    data->four_bits = random_blocks(BN_Q4_K);
    data->fast_head = bn_fast_head_create(data->kernels, NULL, data->table, BN_FLOAT16, rows, columns);
    if (data->fast_head == NULL) abort();
    data->fast_scratch = allocate(bn_fast_head_scratch_byte_count(rows, columns, 1));
}

static void make(fixture *data) {
    data->x = random_floats(tokens_max * columns);
    data->weight = random_floats(columns);
    data->up = random_floats(gate_columns);
    data->out = allocate(tokens_max * columns * sizeof(float));
    data->add_only = quantised(data, NEVER_DOT, 1, columns);
    data->dot_1 = quantised(data, always_dot, 1, columns);
    data->dot_8 = quantised(data, always_dot, 8, narrow_columns);
    data->dot_64 = quantised(data, always_dot, 64, narrow_columns);
    data->codes = quantised(data, NEVER_DOT, 1, columns);
    data->tables = quantised(data, NEVER_DOT, 2, columns);
    data->dot_codes = quantised(data, always_dot, 1, columns);
    data->matrix = random_matrix(data, columns);
    data->narrow_matrix = random_matrix(data, narrow_columns);
    make_cache(data);
    make_head(data);
}

// ---- Operations -----------------------------------------------------------------------------------------

static void multiply(fixture *data, const bn_activations *activations, const bn_matrix *matrix) {
    const bn_product product = {matrix, data->out, rows, false};
    bn_multiply(NULL, activations, &product, 1);
}

static void quantise(fixture *data, bn_activations *to, size_t tokens) {
    if (bn_quantise(to, NULL, data->x, tokens, columns) != BN_OK) abort();
}

static void run_codes(fixture *data) { quantise(data, data->codes, 1); }
static void run_tables(fixture *data) { quantise(data, data->tables, 2); }
static void run_dot_codes(fixture *data) { quantise(data, data->dot_codes, 1); }
static void run_add_only(fixture *data) { multiply(data, data->add_only, data->matrix); }
static void run_dot_1(fixture *data) { multiply(data, data->dot_1, data->matrix); }
static void run_dot_8(fixture *data) { multiply(data, data->dot_8, data->narrow_matrix); }
static void run_dot_64(fixture *data) { multiply(data, data->dot_64, data->narrow_matrix); }

static void run_attention(fixture *data) {
    bn_attention(
        data->kernels, NULL, &data->kv, data->out, data->x, 1, heads, data->slots, &data->last_position,
        data->scratch);
}

static void run_rms_norm(fixture *data) {
    bn_rms_norm(data->kernels, NULL, data->out, data->x, data->weight, 1, columns, 1e-5f);
}

static void gate(fixture *data, bool squared) {
    bn_gate(data->kernels, NULL, data->out, data->up, gate_columns, squared);
}

static void run_silu(fixture *data) { gate(data, false); }
static void run_squared(fixture *data) { gate(data, true); }

static void run_head(fixture *data) {
    bn_head(data->kernels, NULL, data->out, data->x, data->table, BN_FLOAT16, 1, exact_rows, columns);
}

static void run_six_bit_head(fixture *data) {
    bn_head(data->kernels, NULL, data->out, data->x, data->six_bits, BN_Q6_K, 1, exact_rows, columns);
}

static void run_four_bit_head(fixture *data) {
    bn_head(data->kernels, NULL, data->out, data->x, data->four_bits, BN_Q4_K, 1, exact_rows, columns);
}

static void run_fast_head(fixture *data) {
    const uint32_t count = 1;
    bn_status status =
        bn_fast_head_select(data->fast_head, NULL, data->out, data->x, &count, 1, data->fast_scratch);
    if (status != BN_OK) abort();
}

typedef struct {
    const char *name;
    void (*run)(fixture *data);
    const char *unit;
    size_t unit_count;
} operation;

// The first product makes one token's tables, before it is counted; two tokens' are made with their codes.
static const operation operations[] = {
    {"codes", run_codes, "value", columns},
    {"codes and tables", run_tables, "value", 2 * columns},
    {"codes for dot", run_dot_codes, "value", columns},
    {"add-only 1", run_add_only, "weight×token", rows * columns},
    {"dot 1", run_dot_1, "weight×token", rows * columns},
    {"dot 8", run_dot_8, "weight×token", 8 * rows * narrow_columns},
    {"dot 64", run_dot_64, "weight×token", 64 * rows * narrow_columns},
    {"attention", run_attention, "head×key element", heads * context * head_size},
    {"rms norm", run_rms_norm, "value", columns},
    {"silu gate", run_silu, "value", gate_columns},
    {"squared gate", run_squared, "value", gate_columns},
    {"head", run_head, "weight", exact_rows * columns},
    {"head of Q6_K", run_six_bit_head, "weight", exact_rows * columns},
    {"head of Q4_K", run_four_bit_head, "weight", exact_rows * columns},
    {"fast head", run_fast_head, "weight", rows * columns},
};

// ---- Counting -------------------------------------------------------------------------------------------

static volatile uint64_t step_count;

static void count_step(int number) {
    (void)number;
    step_count++;
}

static uint64_t count_by_steps(const operation *one, fixture *data) {
    enum { trap_flag = 0x100 };
    if (signal(SIGTRAP, count_step) == SIG_ERR) abort();
    step_count = 0;
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | trap_flag);
    one->run(data);
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~(uint64_t)trap_flag);
    return step_count;
}

static void count(const operation *one, fixture *data) {
    const size_t gate_bytes = gate_columns * sizeof(float);
    // What only a first call does, as finding functions of the C library, does not belong to the loop.
    one->run(data);
    // The gates change what they read.
    memcpy(data->out, data->x, gate_bytes);
    printf(
        "%s\t%s\t%s\t%zu", one->name, bn_isa_name(bn_kernels_isa(data->kernels)), one->unit, one->unit_count);
    if (RUNNING_ON_VALGRIND) {
        CALLGRIND_TOGGLE_COLLECT;
        one->run(data);
        CALLGRIND_TOGGLE_COLLECT;
        CALLGRIND_DUMP_STATS_AT(one->name);
    } else {
        printf("\t%llu", (unsigned long long)count_by_steps(one, data));
    }
    printf("\n");
}

int main(int argc, char **argv) {
    static fixture data;
    if (argc != 2 && argc != 3) return wrong_use;
    for (bn_isa isa = BN_ISA_SCALAR; isa <= BN_ISA_NEON_DOT; isa++) {
        if (strcmp(bn_isa_name(isa), argv[1]) == 0) data.kernels = bn_kernels_for(isa);
    }
    if (data.kernels == NULL) return not_here;
    make(&data);
    size_t found = 0;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (argc == 3 && strcmp(operations[i].name, argv[2]) != 0) continue;
        count(&operations[i], &data);
        found++;
    }
    return found > 0 ? 0 : wrong_use;
}
