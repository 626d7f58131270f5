/* Box and Muller's normal numbers of pairs of uniform ones, by sums and products in a written order alone, so that they
   are the same on every machine; within 2 units of the last place of the true ones. `augkit.core.box_muller` is the twin. */

#include "planes.h"
#include "dispatch.h"
#include <math.h>
#include <string.h>

/* ln(x) of 0 < x <= 1, a multiple of 2^-53: x = m 2^e with m near 1, and ln(m) = 2 artanh(s), s = (m - 1) / (m + 1). */
static INLINE double logarithm(double x)
{
    int64_t bits;
    memcpy(&bits, &x, 8);
    double exponent = (double)((bits >> 52) - 1022);
    bits = (bits & 0x000FFFFFFFFFFFFF) | 0x3FE0000000000000; /* m in [1/2, 1) */
    double m;
    memcpy(&m, &bits, 8);
    int is_small = m < 0.70710678118654757;
    m = is_small ? m * 2.0 : m;
    exponent = is_small ? exponent - 1.0 : exponent;
    double s = (m - 1.0) / (m + 1.0), z = s * s, sum = 1.0 / 21.0;
    sum = sum * z + 1.0 / 19.0;
    sum = sum * z + 1.0 / 17.0;
    sum = sum * z + 1.0 / 15.0;
    sum = sum * z + 1.0 / 13.0;
    sum = sum * z + 1.0 / 11.0;
    sum = sum * z + 1.0 / 9.0;
    sum = sum * z + 1.0 / 7.0;
    sum = sum * z + 1.0 / 5.0;
    sum = sum * z + 1.0 / 3.0;
    return exponent * 0.69314718055994529 + (2.0 * s + 2.0 * s * z * sum);
}

/* In place: two rows of `half` uniform numbers, of which come cosines, then sines. */
static INLINE void normals_body(double *first, double *second, ptrdiff_t half)
{
    for (ptrdiff_t place = 0; place < half; place++) {
        double radius = sqrt(-2.0 * logarithm(1.0 - first[place])), turn = second[place];
        double quarter = floor(4.0 * turn + 0.5);
        double t = (turn - quarter * 0.25) * 6.2831853071795862, z = t * t; /* the difference is exact */
        double sine = -1.0 / 1307674368000.0, cosine = 1.0 / 20922789888000.0;
        sine = sine * z + 1.0 / 6227020800.0;
        sine = sine * z - 1.0 / 39916800.0;
        sine = sine * z + 1.0 / 362880.0;
        sine = sine * z - 1.0 / 5040.0;
        sine = sine * z + 1.0 / 120.0;
        sine = sine * z - 1.0 / 6.0;
        sine = t + t * z * sine;
        cosine = cosine * z - 1.0 / 87178291200.0;
        cosine = cosine * z + 1.0 / 479001600.0;
        cosine = cosine * z - 1.0 / 3628800.0;
        cosine = cosine * z + 1.0 / 40320.0;
        cosine = cosine * z - 1.0 / 720.0;
        cosine = cosine * z + 1.0 / 24.0;
        cosine = cosine * z - 0.5;
        cosine = cosine * z + 1.0;
        int is_odd = quarter == 1.0 || quarter == 3.0; /* quarters 0 to 4: turned on by so many */
        double x = is_odd ? sine : cosine, y = is_odd ? cosine : sine;
        x = quarter == 1.0 || quarter == 2.0 ? -x : x;
        y = quarter == 2.0 || quarter == 3.0 ? -y : y;
        first[place] = radius * x;
        second[place] = radius * y;
    }
}

AUGKIT_PATHS(void, normals, (double *first, double *second, ptrdiff_t half), (first, second, half))

/* box_muller(pairs): overwrite uniform numbers (2, n) of float64 by normal ones. */
AUGKIT_METHOD(augkit_box_muller)
{
    (void)module;
    Plane pairs;
    if (augkit_count("box_muller", count, 1) || augkit_numbers(arguments[0], 1, 'd', 0, &pairs)) return NULL;
    double *first = (double *)pairs.data;
    Py_BEGIN_ALLOW_THREADS
    normals(first, first + pairs.width / 2, pairs.width / 2);
    Py_END_ALLOW_THREADS
    augkit_release(&pairs);
    Py_RETURN_NONE;
}
