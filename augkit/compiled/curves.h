/* Curves: pointwise functions of values from 0 to 1, and rounding as colour runs do it. */

#ifndef AUGKIT_CURVES_H
#define AUGKIT_CURVES_H

#include <stddef.h>

/* A curve is a list of steps of three numbers: which function, and its numbers. All but LINEAR clamp what they get to
   [0, 1]. See `FUNCTIONS` of augkit/core/ops/colouring.py, and `steps_of` of augkit/executors/native/curves.py. */
enum Function { GAIN, CONTRAST, GAMMA, INVERT, POSTERIZE, SOLARIZE, THRESHOLD, LINEAR, FUNCTION_COUNT };

#define STEP 3 /* numbers of a step */

/* Put values through the `length` numbers of a curve, in place. */
void augkit_curve(double *values, ptrdiff_t count, const double *steps, ptrdiff_t length);

/* The same in float32, for pictures of that kind. */
void augkit_float_curve(float *values, ptrdiff_t count, const double *steps, ptrdiff_t length);

/* Put values times `scale`, clamped to [low, high] and rounded to nearest, true halves to even ones, in their place. */
void augkit_round(double *values, ptrdiff_t count, double scale, double low, double high);

#endif
