/* Curves: pointwise functions of values in float64, and tables of them.

   Every operation is one of IEEE 754's, in the written order, so that all processors give the same bits: powers, too,
   are sums and products, of the series of the logarithm's area tangent and of the exponential function. */

#include "curves.h"
#include "curve_steps.h"
#include "planes.h"
#include <math.h>
#include <string.h>

#define BLOCK 256 /* values at a time */
#define MAX_ENTRIES 65536

static INLINE double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static INLINE uint64_t to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The nearest whole number, of two the even one, of values below 2**51; compilers have no vectors for rint(). */
static INLINE double whole(double value) { return (value + 0x1.8p52) - 0x1.8p52; }

static INLINE double whole_below(double value)
{
    double nearest = whole(value);
    return nearest > value ? nearest - 1.0 : nearest;
}

/* value ** exponent, of a value in [0, 1] and a positive exponent. */
static INLINE double power(double value, double exponent)
{
    /* value = 2**e * m, m within a factor sqrt(2) of 1: log m = 2 artanh((m - 1) / (m + 1)). */
    uint64_t bits = to_bits(value) + (0x3ff0000000000000u - 0x3fe6a09e00000000u);
    double e = from_bits(0x4330000000000000u + (bits >> 52)) - (0x1p52 + 1023.0);
    double m = from_bits((bits & 0x000fffffffffffffu) + 0x3fe6a09e00000000u);
    double z = (m - 1.0) / (m + 1.0), w = z * z, sum = 1.0 / 13.0;
    sum = sum * w + 1.0 / 11.0;
    sum = sum * w + 1.0 / 9.0;
    sum = sum * w + 1.0 / 7.0;
    sum = sum * w + 1.0 / 5.0;
    sum = sum * w + 1.0 / 3.0;
    sum = sum * w + 1.0;
    double y = exponent * (e + 2.8853900817779268 * z * sum); /* 2 / log 2 */
    y = y < -1020.0 ? -1020.0 : y;
    /* 2**y = 2**n * exp(x), |x| <= log(2) / 2; adding 1.5 * 2**52 rounds to a whole number. */
    double shifted = y + 0x1.8p52, n = shifted - 0x1.8p52, x = (y - n) * 0.6931471805599453;
    double scale = from_bits((to_bits(shifted) - 0x4338000000000000u + 1023u) << 52);
    sum = 1.0 / 3628800.0;
    sum = sum * x + 1.0 / 362880.0;
    sum = sum * x + 1.0 / 40320.0;
    sum = sum * x + 1.0 / 5040.0;
    sum = sum * x + 1.0 / 720.0;
    sum = sum * x + 1.0 / 120.0;
    sum = sum * x + 1.0 / 24.0;
    sum = sum * x + 1.0 / 6.0;
    sum = sum * x + 1.0 / 2.0;
    sum = sum * x + 1.0;
    sum = sum * x + 1.0;
    return value == 0.0 ? 0.0 : sum * scale;
}

CURVE(curve_body, double, power, whole_below)

AUGKIT_PATHS(void, curve, (double *values, ptrdiff_t count, const double *steps, ptrdiff_t length),
             (values, count, steps, length))

void augkit_curve(double *values, ptrdiff_t count, const double *steps, ptrdiff_t length)
{
    curve(values, count, steps, length);
}

/* A value this near to a half counts as one: five times 1.1 is 5.5, but for noise that would push most halves the same
   way. The even number next to a half is the nearest one to twice a quarter of it, which is never near to a half. */
#define NEAR 5e-7

static INLINE void rounded_body(double *values, ptrdiff_t count, double scale, double low, double high)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        double value = CLAMPED(values[i] * scale, low, high), apart = fabs(value - whole_below(value) - 0.5);
        double even = 2.0 * whole(value * 0.5), nearest = whole(value);
        values[i] = apart <= NEAR ? even : nearest;
    }
}

AUGKIT_PATHS(void, rounded, (double *values, ptrdiff_t count, double scale, double low, double high),
             (values, count, scale, low, high))

void augkit_round(double *values, ptrdiff_t count, double scale, double low, double high)
{
    rounded(values, count, scale, low, high);
}

static INLINE void ramp_body(double *values, ptrdiff_t count, ptrdiff_t start, double ahead, double last)
{
    for (int32_t i = 0; i < (int32_t)count; i++) values[i] = ((double)((int32_t)start + i) + ahead) / last;
}

AUGKIT_PATHS(void, ramp, (double *values, ptrdiff_t count, ptrdiff_t start, double ahead, double last),
             (values, count, start, ahead, last))

#define STORE(name, number)                                                                                  \
    static INLINE void name##_body(number *to, const double *values, ptrdiff_t count)                        \
    {                                                                                                        \
        for (ptrdiff_t i = 0; i < count; i++) to[i] = (number)(int32_t)values[i];                            \
    }                                                                                                        \
    AUGKIT_PATHS(void, name, (number *to, const double *values, ptrdiff_t count), (to, values, count))

STORE(store_bytes, uint8_t)
STORE(store_words, uint16_t)
STORE(store_shorts, int16_t)

/* Read a tuple of numbers into memory of its own, to be freed by PyMem_Free. NULL: an exception. */
static double *numbers_of(PyObject *tuple, ptrdiff_t *count)
{
    *count = PyTuple_Size(tuple);
    double *numbers = *count < 0 ? NULL : PyMem_Malloc((size_t)(*count + 1) * sizeof(double));
    for (ptrdiff_t i = 0; numbers && i < *count; i++) numbers[i] = PyFloat_AsDouble(PyTuple_GetItem(tuple, i));
    if (!PyErr_Occurred() && numbers) return numbers;
    PyMem_Free(numbers);
    if (!PyErr_Occurred()) PyErr_NoMemory();
    return NULL;
}

/* curve_table(steps, count, letter, scale, low, high, ahead): the bytes of a table of numbers of a letter (B, H or h):
   what a curve makes of so many values evenly from 0 to 1 (but for the first, `ahead` of a step further on), times
   scale, clamped to [low, high] and rounded. */
AUGKIT_METHOD(augkit_curve_table)
{
    (void)module;
    if (augkit_count("curve_table", count, 7)) return NULL;
    ptrdiff_t entries = PyLong_AsSsize_t(arguments[1]), length;
    long letter = PyLong_AsLong(arguments[2]);
    double scale = PyFloat_AsDouble(arguments[3]), low = PyFloat_AsDouble(arguments[4]);
    double high = PyFloat_AsDouble(arguments[5]), ahead = PyFloat_AsDouble(arguments[6]), block[BLOCK];
    if (PyErr_Occurred()) return NULL;
    if (entries < 2 || entries > MAX_ENTRIES || (letter != 'B' && letter != 'H' && letter != 'h')) {
        PyErr_SetString(PyExc_ValueError, "curve_table: must be 2 to 65536 entries of kind B, H or h");
        return NULL;
    }
    double *steps = numbers_of(arguments[0], &length);
    PyObject *table = steps ? PyBytes_FromStringAndSize(NULL, entries * (letter == 'B' ? 1 : 2)) : NULL;
    char *to = table ? PyBytes_AsString(table) : NULL;
    for (ptrdiff_t start = 0; to && start < entries; start += BLOCK) {
        ptrdiff_t size = entries - start < BLOCK ? entries - start : BLOCK;
        ramp(block, size, start, ahead, (double)(entries - 1));
        block[0] = start ? block[0] : 0.0;
        curve(block, size, steps, length);
        rounded(block, size, scale, low, high);
        if (letter == 'B') store_bytes((uint8_t *)to + start, block, size);
        else if (letter == 'H') store_words((uint16_t *)to + start, block, size);
        else store_shorts((int16_t *)to + start, block, size);
    }
    PyMem_Free(steps);
    return table;
}
