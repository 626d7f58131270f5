/* Numbers of mixes: the real coefficients of a matrix of colours as whole numbers of 16 bits. */

#include "methods.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define TOP 255.0
#define EDGE 1e-6 /* of the range: a value this near below a step counts as on it */
#define COEFFICIENT_BITS 20
#define NUMBERS 16 /* of a mix: see colours.h */

/* Read `count` real numbers of a tuple. Return 0, or -1 with an exception. */
static int read_numbers(PyObject *tuple, Py_ssize_t count, double *numbers)
{
    if (PyTuple_Size(tuple) != count) {
        if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "mix_numbers: must be %zd numbers", count);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        numbers[i] = PyFloat_AsDouble(PyTuple_GetItem(tuple, i));
        if (numbers[i] == -1.0 && PyErr_Occurred()) return -1;
    }
    return 0;
}

static int exponent_of(double value)
{
    int exponent;
    frexp(value, &exponent);
    return exponent - 1;
}

/* Write the numbers of a mix; return 0 where they are beyond 32 bits. The twin is `in_integers` of colour_programs.py,
   which says what they are. */
static int in_integers(double rows[3][3], double *offset, int bits, double reach, int out, int nearest, int32_t *mix)
{
    double unit = TOP * ldexp(1.0, bits), largest = 1e-3, total = 1.0;
    for (int k = 0; k < 3; k++) {
        double *row = rows[k], sum = (fabs(row[0]) + fabs(row[1]) + fabs(row[2])) * reach + fabs(offset[k]) * unit;
        total = sum > total ? sum : total;
        for (int i = 0; i < 3; i++) largest = fabs(row[i]) > largest ? fabs(row[i]) : largest;
    }
    double first = 32766.0 / largest, second = 0x1p30 / total;
    int scale_bits = exponent_of(first < second ? first : second);
    if (scale_bits > COEFFICIENT_BITS) scale_bits = COEFFICIENT_BITS;
    int shift = bits + scale_bits - out;
    if (shift < 1 || shift > 31) return 0;
    double scale = ldexp(1.0, scale_bits), half = nearest ? ldexp(1.0, shift - 1) : EDGE * unit * scale;
    for (int k = 0; k < 3; k++) {
        double *row = rows[k];
        int32_t *whole = mix + 3 * k, most = 0;
        for (int i = 0; i < 3; i++) {
            whole[i] = (int32_t)rint(row[i] * scale);
            if (abs(whole[i]) > abs(whole[most])) most = i;
        }
        whole[most] += (int32_t)rint((row[0] + row[1] + row[2]) * scale) - (whole[0] + whole[1] + whole[2]);
        mix[9 + k] = (int32_t)rint(offset[k] * unit * scale + half);
    }
    mix[12] = shift;
    return 1;
}

/* mix_numbers(matrix, offset, straight, limits, fractions, reach, nearest): the 64 bytes of the mix of a matrix and of
   the straight piece (factor, offset) behind it, clamped to limits (low, high), from values of so many bits of fraction
   that are at most `reach` to values of others (fractions: both); None where they are beyond 32 bits. */
AUGKIT_METHOD(augkit_mix_numbers)
{
    (void)module;
    if (count != 7 || PyTuple_Size(arguments[0]) != 3) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "mix_numbers: must get 7 arguments, three rows first");
        return NULL;
    }
    double rows[3][3], offset[3], straight[2], limits[2], fractions[2], reach = PyFloat_AsDouble(arguments[5]);
    int nearest = PyObject_IsTrue(arguments[6]);
    for (int k = 0; k < 3; k++)
        if (read_numbers(PyTuple_GetItem(arguments[0], k), 3, rows[k])) return NULL;
    if (read_numbers(arguments[1], 3, offset) || read_numbers(arguments[2], 2, straight) ||
        read_numbers(arguments[3], 2, limits) || read_numbers(arguments[4], 2, fractions) || PyErr_Occurred())
        return NULL;
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 3; i++) rows[k][i] *= straight[0];
        offset[k] = offset[k] * straight[0] + straight[1];
    }
    int32_t mix[NUMBERS] = {0};
    if (!in_integers(rows, offset, (int)fractions[0], reach, (int)fractions[1], nearest, mix)) Py_RETURN_NONE;
    mix[13] = (int32_t)limits[0], mix[14] = (int32_t)limits[1];
    return PyBytes_FromStringAndSize((const char *)mix, sizeof mix);
}
