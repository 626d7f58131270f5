/* 3 x 3 matrices as Python has them, nested tuples of floats: products, rounding to so many decimal places, and the
   points that they move.

   `augkit.core.spatial` holds the twins: the same sums in the same order, and Python's own round. */

#include "methods.h"
#include "planes.h"
#include <math.h>

enum { MOST_DIGITS = 15 }; /* after the point: 10 to their power is a double, exactly */

typedef struct {
    double at[3][3];
} Matrix;

typedef double Row[3];

static int read_row(PyObject *given, Row row)
{
    if (!PyTuple_Check(given) || PyTuple_Size(given) != 3) {
        PyErr_SetString(PyExc_TypeError, "a row must be three numbers in a tuple, a matrix three rows");
        return -1;
    }
    for (int column = 0; column < 3; column++) {
        double number = PyFloat_AsDouble(PyTuple_GetItem(given, column));
        if (number == -1.0 && PyErr_Occurred()) return -1;
        row[column] = number;
    }
    return 0;
}

static int read_matrix(PyObject *given, Matrix *matrix)
{
    if (!PyTuple_Check(given) || PyTuple_Size(given) != 3) return read_row(given, matrix->at[0]); /* says what is wrong */
    for (int row = 0; row < 3; row++)
        if (read_row(PyTuple_GetItem(given, row), matrix->at[row])) return -1;
    return 0;
}

static PyObject *row_of(const Row row)
{
    PyObject *numbers = PyTuple_New(3);
    for (int column = 0; numbers && column < 3; column++) {
        PyObject *number = PyFloat_FromDouble(row[column]);
        if (!number || PyTuple_SetItem(numbers, column, number)) Py_CLEAR(numbers);
    }
    return numbers;
}

static PyObject *tuple_of(const Matrix *matrix)
{
    PyObject *rows = PyTuple_New(3);
    for (int row = 0; rows && row < 3; row++) {
        PyObject *numbers = row_of(matrix->at[row]);
        if (!numbers || PyTuple_SetItem(rows, row, numbers)) Py_CLEAR(rows);
    }
    return rows;
}

/* product(second, first): return the matrix that does `first`, then `second`. */
AUGKIT_METHOD(augkit_product)
{
    (void)module;
    Matrix second, first, both;
    if (augkit_count("product", count, 2) || read_matrix(arguments[0], &second) || read_matrix(arguments[1], &first))
        return NULL;
    for (int row = 0; row < 3; row++) {
        const double *weights = second.at[row];
        for (int column = 0; column < 3; column++)
            both.at[row][column] = weights[0] * first.at[0][column] + weights[1] * first.at[1][column] +
                                   weights[2] * first.at[2][column];
    }
    return tuple_of(&both);
}

/* inverse(matrix): return the inverse, by cofactors, or None where there is none. */
AUGKIT_METHOD(augkit_inverse)
{
    (void)module;
    Matrix matrix;
    if (augkit_count("inverse", count, 1) || read_matrix(arguments[0], &matrix)) return NULL;
    double a = matrix.at[0][0], b = matrix.at[0][1], c = matrix.at[0][2], d = matrix.at[1][0], e = matrix.at[1][1];
    double f = matrix.at[1][2], g = matrix.at[2][0], h = matrix.at[2][1], i = matrix.at[2][2];
    double first = e * i - f * h, second = f * g - d * i, third = d * h - e * g;
    double volume = a * first + b * second + c * third;
    if (!isfinite(volume) || fabs(volume) < 1e-12) Py_RETURN_NONE;
    double s = 1.0 / volume;
    Matrix back = {{{first * s, (c * h - b * i) * s, (b * f - c * e) * s},
                    {second * s, (a * i - c * g) * s, (c * d - a * f) * s},
                    {third * s, (b * g - a * h) * s, (a * e - b * d) * s}}};
    return tuple_of(&back);
}

/* Return the nearest whole number of one within 2^51. */
static double nearest(double number) { return (number + 0x1.8p52) - 0x1.8p52; }

/* Round a number to `digits` places after the point, as Python does: to the nearest decimal, then to the nearest double.
   Where the scaled number is far enough from a half to be sure of the decimal, it is that whole number over a power of
   ten, both exact, and a division rounds once. Return 0, or -1 with an exception. */
static int round_to(double *number, int digits)
{
    static const double POWERS[MOST_DIGITS + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    double scaled = *number * POWERS[digits], whole = nearest(scaled);
    int is_whole = fabs(*number) < 0x1p50 && nearest(*number) == *number;
    int is_sure = fabs(scaled) < 0x1p46 && fabs(scaled - whole) < 0.49; /* off by 2^-8 at most */
    if (is_whole || is_sure) {
        *number = (is_whole ? *number : whole / POWERS[digits]) + 0.0; /* + 0.0 turns -0.0 into 0.0 */
        return 0;
    }
    PyObject *given = PyFloat_FromDouble(*number);
    PyObject *rounded = given ? PyObject_CallMethod(given, "__round__", "i", digits) : NULL;
    if (rounded) *number = PyFloat_AsDouble(rounded) + 0.0;
    Py_XDECREF(given);
    Py_XDECREF(rounded);
    return rounded ? 0 : -1;
}

/* rounded(matrix): return it with its last entry 1, or -1, and rounded, as `spatial.rounded` says. */
AUGKIT_METHOD(augkit_rounded)
{
    (void)module;
    static const int DIGITS[3][3] = {{12, 12, 9}, {12, 12, 9}, {15, 15, 15}};
    Matrix matrix;
    if (augkit_count("rounded", count, 1) || read_matrix(arguments[0], &matrix)) return NULL;
    double last = matrix.at[2][2], depth = fabs(last) > 1e-9 ? fabs(last) : 1.0, scale = 1.0 / depth;
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 3; column++) {
            double *number = &matrix.at[row][column];
            *number = row == 2 && column == 2 ? last / depth : *number * scale;
            if (round_to(number, DIGITS[row][column])) return NULL;
        }
    return tuple_of(&matrix);
}

/* rounded_row(row, digits): return three numbers rounded to so many places after the point. */
AUGKIT_METHOD(augkit_rounded_row)
{
    (void)module;
    Row row;
    if (augkit_count("rounded_row", count, 2) || read_row(arguments[0], row)) return NULL;
    long digits = PyLong_AsLong(arguments[1]);
    if (digits == -1 && PyErr_Occurred()) return NULL;
    if (digits < 0 || digits > MOST_DIGITS) return PyErr_Format(PyExc_ValueError, "must be 0 to %d digits", MOST_DIGITS);
    for (int column = 0; column < 3; column++)
        if (round_to(&row[column], (int)digits)) return NULL;
    return row_of(row);
}

/* applied(matrix, points, target): write points (n, 2) of float64 moved by a homography; one beyond the horizon of a
   perspective goes to infinity. */
AUGKIT_METHOD(augkit_applied)
{
    (void)module;
    Matrix matrix;
    Plane points, target;
    if (augkit_count("applied", count, 3) || read_matrix(arguments[0], &matrix)) return NULL;
    if (augkit_numbers(arguments[1], 0, 'd', 0, &points)) return NULL;
    if (augkit_numbers(arguments[2], 1, 'd', points.width, &target)) {
        augkit_release(&points);
        return NULL;
    }
    const double *a = matrix.at[0], *b = matrix.at[1], *last = matrix.at[2], *from = (const double *)points.data;
    double *to = (double *)target.data;
    int is_affine = last[0] == 0.0 && last[1] == 0.0;
    Py_BEGIN_ALLOW_THREADS
    for (ptrdiff_t place = 0; place + 1 < points.width; place += 2) {
        double x = from[place], y = from[place + 1];
        double depth = is_affine ? last[2] : last[0] * x + last[1] * y + last[2];
        int is_seen = is_affine || depth > 0.0;
        to[place] = is_seen ? (a[0] * x + a[1] * y + a[2]) / depth : INFINITY;
        to[place + 1] = is_seen ? (b[0] * x + b[1] * y + b[2]) / depth : INFINITY;
    }
    Py_END_ALLOW_THREADS
    augkit_release(&points);
    augkit_release(&target);
    Py_RETURN_NONE;
}
