// SPDX-License-Identifier: MIT
#ifndef FAULT_H
#define FAULT_H

#include <signal.h>

typedef void (*fault_handler)(int number, siginfo_t *info, void *context);

// Has `handler` called for a signal; once for each.
void fault_handle(int number, fault_handler handler);
// What follows a fault that nobody here mends: what would have been done without a handler, which most often ends the
// process.
void fault_end(int number, siginfo_t *info, void *context);
// Has faults of mapped files mended, of whom the others go to fault_end.
void fault_guard_mappings(void);

#endif
