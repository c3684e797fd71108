// SPDX-License-Identifier: MIT
#ifndef COPERATORPAGE_H
#define COPERATORPAGE_H

#include <stddef.h>

// A file of the operator's page, as it is served. Both pointers are good for ever.
typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t byte_count;
} bn_page_file;

// All files, the page itself first. Their number goes to *count.
const bn_page_file *bn_page_files(size_t *count);

#endif
