/* Colour runs in reals: fractions of the range through curves and matrices, in the pictures' float32 or in float64. */

#include "colour_kinds.h"
#include "curves.h"
#include "dispatch.h"
#include <string.h>

#define TOP_OF_BYTES 255.0
#define TOP_OF_WORDS 65535.0

/* Numbers of a row as fractions of the range; and the reverse, clamped and, where numbers are whole, rounded already. */
#define KIND(name, number, top)                                                                             \
    static INLINE void take_##name##_body(double *values, const number *from, ptrdiff_t count)              \
    {                                                                                                       \
        for (ptrdiff_t i = 0; i < count; i++) values[i] = (double)from[i] * (1.0 / (top));                  \
    }                                                                                                       \
    AUGKIT_PATHS(void, take_##name, (double *values, const number *from, ptrdiff_t count), (values, from, count))\
    static INLINE void give_##name##_body(const double *values, number *to, ptrdiff_t count)                \
    {                                                                                                       \
        for (ptrdiff_t i = 0; i < count; i++) to[i] = (number)values[i];                                    \
    }                                                                                                       \
    AUGKIT_PATHS(void, give_##name, (const double *values, number *to, ptrdiff_t count), (values, to, count))

KIND(bytes, uint8_t, TOP_OF_BYTES)
KIND(words, uint16_t, TOP_OF_WORDS)

/* Pixels of three colours, or of three and alpha, after a matrix: rows of three coefficients and an offset. */
#define MATRIX_OF(number, name, channels)                                                                   \
    static INLINE void name##_body(number *values, ptrdiff_t pixels, const double *of)                      \
    {                                                                                                       \
        number m[12];                                                                                       \
        for (int k = 0; k < 12; k++) m[k] = (number)of[k];                                                  \
        for (ptrdiff_t i = 0; i < pixels; i++) {                                                            \
            number r = values[channels * i], g = values[channels * i + 1], b = values[channels * i + 2];    \
            values[channels * i] = ((m[0] * r + m[1] * g) + m[2] * b) + m[3];                               \
            values[channels * i + 1] = ((m[4] * r + m[5] * g) + m[6] * b) + m[7];                           \
            values[channels * i + 2] = ((m[8] * r + m[9] * g) + m[10] * b) + m[11];                         \
        }                                                                                                   \
    }                                                                                                       \
    AUGKIT_PATHS(void, name, (number *values, ptrdiff_t pixels, const double *of), (values, pixels, of))

MATRIX_OF(double, matrix_3, 3)
MATRIX_OF(double, matrix_4, 4)
MATRIX_OF(float, float_matrix_3, 3)
MATRIX_OF(float, float_matrix_4, 4)

static void do_steps(const Colours *c, double *values, ptrdiff_t count)
{
    for (ptrdiff_t step = 0; step < c->own[0];) {
        const double *numbers = c->steps + step;
        int is_matrix = numbers[0] == MATRIX;
        if (!is_matrix) augkit_curve(values, count, numbers, STEP);
        else if (c->channels == 3) matrix_3(values, count / 3, numbers + 1);
        else matrix_4(values, count / 4, numbers + 1);
        step += is_matrix ? MATRIX_STEP : STEP;
    }
}

static INLINE void clamp_body(float *to, const float *values, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        float value = values[i] < 0.0f ? 0.0f : values[i];
        to[i] = value > 1.0f ? 1.0f : value;
    }
}

AUGKIT_PATHS(void, clamp, (float *to, const float *values, ptrdiff_t count), (to, values, count))

static void do_floats(const Colours *c, const float *from, float *to, ptrdiff_t count)
{
    float values[MAX_REALS];
    memcpy(values, from, (size_t)count * sizeof *values);
    for (ptrdiff_t step = 0; step < c->own[0];) {
        const double *numbers = c->steps + step;
        int is_matrix = numbers[0] == MATRIX;
        if (!is_matrix) augkit_float_curve(values, count, numbers, STEP);
        else if (c->channels == 3) float_matrix_3(values, count / 3, numbers + 1);
        else float_matrix_4(values, count / 4, numbers + 1);
        step += is_matrix ? MATRIX_STEP : STEP;
    }
    clamp(to, values, count);
}

static void do_whole(const Colours *c, const void *from, void *to, ptrdiff_t count)
{
    double values[MAX_REALS], top = c->letter == 'B' ? TOP_OF_BYTES : TOP_OF_WORDS;
    if (c->letter == 'B') take_bytes(values, from, count);
    else take_words(values, from, count);
    do_steps(c, values, count);
    augkit_round(values, count, top, 0.0, top);
    if (c->letter == 'B') give_bytes(values, to, count);
    else give_words(values, to, count);
}

void augkit_in_reals(const Colours *c, const void *from, void *to, ptrdiff_t pixels)
{
    char alphas[MAX_REALS * sizeof(float)]; /* as they are: from may be to */
    ptrdiff_t size = c->letter == 'B' ? 1 : c->letter == 'H' ? 2 : 4, unit = c->channels * size;
    ptrdiff_t all = pixels * c->channels, most = MAX_REALS;
    if (c->channels <= MAX_REALS) most -= MAX_REALS % c->channels; /* whole pixels: matrices and alpha need them */
    for (ptrdiff_t start = 0; start < all; start += most) {
        ptrdiff_t count = all - start < most ? all - start : most, whole = c->alpha ? count / c->channels : 0;
        const char *source = (const char *)from + start * size;
        char *target = (char *)to + start * size;
        for (ptrdiff_t i = 1; i <= whole; i++) memcpy(alphas + i * size - size, source + i * unit - size, (size_t)size);
        if (c->letter == 'f') do_floats(c, (const float *)source, (float *)target, count);
        else do_whole(c, source, target, count);
        for (ptrdiff_t i = 1; i <= whole; i++) memcpy(target + i * unit - size, alphas + i * size - size, (size_t)size);
    }
}
