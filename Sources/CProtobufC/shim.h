// SPDX-License-Identifier: MIT
#include <protobuf-c/protobuf-c.h>
