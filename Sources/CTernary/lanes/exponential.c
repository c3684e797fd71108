// SPDX-License-Identifier: MIT
#include "lanes/exponential.h"

#include "CTernary.h"

double bn_exp(double x) { return bn_exp_double(x); }
double bn_log(double x) { return bn_log_double(x); }
