// SPDX-License-Identifier: MIT
#pragma once
#include <stddef.h>

// Counts the bytes that are allocated while one input is read. Only with the sanitizer's allocator.

void bn_fuzz_install(void);

// From here on more than `max` bytes held at once end the process with a report.
void bn_fuzz_begin(size_t max);

void bn_fuzz_end(void);

// The most that any input has held.
size_t bn_fuzz_largest_peak(void);
