/* Steps of curves, written once for float64 and float32. */

#ifndef AUGKIT_CURVE_STEPS_H
#define AUGKIT_CURVE_STEPS_H

#include "curves.h"
#include "dispatch.h"

#define EDGE 1e-6 /* a value this near below a step counts as on it */
#define CLAMPED(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))

#define EACH(number, result)                                                              \
    for (ptrdiff_t i = 0; i < count; i++) {                                               \
        number v = CLAMPED(values[i], (number)0, (number)1);                              \
        values[i] = (result);                                                             \
    }                                                                                     \
    break

/* A function that puts values, of a type, through a curve in place; powers and whole numbers are others of that type. */
#define CURVE(name, number, power, whole_below)                                                          \
    static INLINE void name(number *values, ptrdiff_t count, const double *steps, ptrdiff_t length)      \
    {                                                                                                    \
        const number one = 1, two = 2, half = (number)0.5, edge = (number)EDGE;                          \
        for (ptrdiff_t step = 0; step + STEP <= length; step += STEP) {                                  \
            number a = (number)steps[step + 1], b = (number)steps[step + 2];                             \
            switch ((int)steps[step]) {                                                                  \
            case GAIN: EACH(number, v * a);                                                              \
            case CONTRAST: EACH(number, (v - half) * a + half);                                          \
            case GAMMA: /* compilers follow a clamp to 0 into the power, and then have no vectors for it */ \
                for (ptrdiff_t i = 0; i < count; i++) values[i] = CLAMPED(values[i], (number)0, one);    \
                for (ptrdiff_t i = 0; i < count; i++) values[i] = power(values[i], a);                   \
                break;                                                                                   \
            case INVERT: EACH(number, v + (one - two * v) * a);                                          \
            case POSTERIZE: EACH(number, whole_below((v + edge) * a) * b);                               \
            case SOLARIZE: EACH(number, v + edge < a ? v : one - v);                                     \
            case THRESHOLD: EACH(number, v + edge < a ? (number)0 : one);                                \
            case LINEAR:                                                                                 \
                for (ptrdiff_t i = 0; i < count; i++) values[i] = values[i] * a + b;                     \
                break;                                                                                   \
            }                                                                                            \
        }                                                                                                \
    }

#endif
