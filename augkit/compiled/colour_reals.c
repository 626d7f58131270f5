/* Colour runs in float64: values of any kind as fractions of the range, through curves and matrices, and back. */

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
    AUGKIT_PATHS(void, take_##name, (double *values, const number *from, ptrdiff_t count), (values, from, count)) \
    static INLINE void give_##name##_body(const double *values, number *to, ptrdiff_t count)                \
    {                                                                                                       \
        for (ptrdiff_t i = 0; i < count; i++) to[i] = (number)values[i];                                    \
    }                                                                                                       \
    AUGKIT_PATHS(void, give_##name, (const double *values, number *to, ptrdiff_t count), (values, to, count))

KIND(bytes, uint8_t, TOP_OF_BYTES)
KIND(words, uint16_t, TOP_OF_WORDS)
KIND(floats, float, 1.0)

static INLINE void clamp_body(double *values, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        double value = values[i] < 0.0 ? 0.0 : values[i];
        values[i] = value > 1.0 ? 1.0 : value;
    }
}

AUGKIT_PATHS(void, clamp, (double *values, ptrdiff_t count), (values, count))

/* Pixels of three colours, or of three and alpha, after a matrix: rows of three coefficients and an offset. */
#define MATRIX_OF(channels)                                                                                 \
    static INLINE void matrix_##channels##_body(double *values, ptrdiff_t pixels, const double *m)          \
    {                                                                                                       \
        for (ptrdiff_t i = 0; i < pixels; i++) {                                                            \
            double r = values[channels * i], g = values[channels * i + 1], b = values[channels * i + 2];    \
            values[channels * i] = ((m[0] * r + m[1] * g) + m[2] * b) + m[3];                               \
            values[channels * i + 1] = ((m[4] * r + m[5] * g) + m[6] * b) + m[7];                           \
            values[channels * i + 2] = ((m[8] * r + m[9] * g) + m[10] * b) + m[11];                         \
        }                                                                                                   \
    }                                                                                                       \
    AUGKIT_PATHS(void, matrix_##channels, (double *values, ptrdiff_t pixels, const double *m), (values, pixels, m))

MATRIX_OF(3)
MATRIX_OF(4)

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

void augkit_in_reals(const Colours *c, const void *from, void *to, ptrdiff_t pixels)
{
    double values[MAX_REALS];
    char alphas[MAX_REALS * sizeof(float)]; /* as they are: from may be to */
    ptrdiff_t size = c->letter == 'B' ? 1 : c->letter == 'H' ? 2 : 4, unit = c->channels * size;
    ptrdiff_t all = pixels * c->channels, most = MAX_REALS;
    if (c->channels <= MAX_REALS) most -= MAX_REALS % c->channels; /* whole pixels: matrices and alpha need them */
    for (ptrdiff_t start = 0; start < all; start += most) {
        ptrdiff_t count = all - start < most ? all - start : most;
        const char *source = (const char *)from + start * size;
        char *target = (char *)to + start * size;
        for (ptrdiff_t i = 0; c->alpha && i < count / c->channels; i++)
            memcpy(alphas + i * size, source + (i + 1) * unit - size, (size_t)size);
        if (c->letter == 'B') take_bytes(values, (const uint8_t *)source, count);
        else if (c->letter == 'H') take_words(values, (const uint16_t *)source, count);
        else take_floats(values, (const float *)source, count);
        do_steps(c, values, count);
        if (c->letter == 'f') clamp(values, count);
        else augkit_round(values, count, c->letter == 'B' ? TOP_OF_BYTES : TOP_OF_WORDS, 0.0,
                          c->letter == 'B' ? TOP_OF_BYTES : TOP_OF_WORDS);
        if (c->letter == 'B') give_bytes(values, (uint8_t *)target, count);
        else if (c->letter == 'H') give_words(values, (uint16_t *)target, count);
        else give_floats(values, (float *)target, count);
        for (ptrdiff_t i = 0; c->alpha && i < count / c->channels; i++)
            memcpy(target + (i + 1) * unit - size, alphas + i * size, (size_t)size);
    }
}
