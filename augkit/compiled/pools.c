/* Pools: every window of a picture becomes one value: its largest, smallest, mean or median, or the root of the sum of
   its squares, each channel by itself. Halves of means go to the even neighbour, as the reference has it. */

#include "dispatch.h"
#include "windows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum Kind { MAX, MIN, MEAN, L2, MEDIAN };
enum { SPARE = 64 };

#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
#define MIDDLE(a, b, c) LARGER(SMALLER(a, b), SMALLER(LARGER(a, b), c))

/* Of `rows` rows the largest or smallest of each number, to `across`; then of `width` neighbours, to `to`. The median of
   3 x 3: the median of the largest of the columns' smallest, of the median of their medians, and of the smallest of
   their largest (Paeth, "Median finding on a 3 x 3 grid", Graphics Gems, 1990). */
#define DEFINE_ORDER(name, type)                                                                                       \
    static INLINE void extreme_##name##_body(type *const *rows, ptrdiff_t height, ptrdiff_t width, ptrdiff_t apart,    \
                                             ptrdiff_t wide, ptrdiff_t full, int is_max, type *across, type *to)       \
    {                                                                                                                  \
        memcpy(across, rows[0], wide * sizeof *across);                                                                \
        for (ptrdiff_t row = 1; row < height; row++) {                                                                 \
            const type *from = rows[row];                                                                              \
            if (is_max)                                                                                                \
                for (ptrdiff_t i = 0; i < wide; i++) across[i] = LARGER(from[i], across[i]);                           \
            else                                                                                                       \
                for (ptrdiff_t i = 0; i < wide; i++) across[i] = SMALLER(from[i], across[i]);                          \
        }                                                                                                              \
        memcpy(to, across, full * sizeof *to);                                                                         \
        for (ptrdiff_t column = 1; column < width; column++) {                                                         \
            const type *from = across + column * apart;                                                                \
            if (is_max)                                                                                                \
                for (ptrdiff_t i = 0; i < full; i++) to[i] = LARGER(from[i], to[i]);                                   \
            else                                                                                                       \
                for (ptrdiff_t i = 0; i < full; i++) to[i] = SMALLER(from[i], to[i]);                                  \
        }                                                                                                              \
    }                                                                                                                  \
    AUGKIT_PATHS(void, extreme_##name,                                                                                 \
                 (type *const *rows, ptrdiff_t height, ptrdiff_t width, ptrdiff_t apart, ptrdiff_t wide,               \
                  ptrdiff_t full, int is_max, type *across, type *to),                                                 \
                 (rows, height, width, apart, wide, full, is_max, across, to))                                         \
    static INLINE void median_##name##_body(type *const *rows, ptrdiff_t apart, ptrdiff_t wide, ptrdiff_t full,        \
                                            type *restrict columns, type *restrict to)                                 \
    {                                                                                                                  \
        const type *one = rows[0], *two = rows[1], *three = rows[2];                                                   \
        type *restrict least = columns, *restrict middle = columns + wide, *restrict most = columns + 2 * wide;        \
        for (ptrdiff_t i = 0; i < wide; i++) {                                                                         \
            type low = SMALLER(one[i], two[i]), high = LARGER(one[i], two[i]), mid = SMALLER(high, three[i]);          \
            least[i] = SMALLER(low, mid);                                                                              \
            middle[i] = LARGER(low, mid);                                                                              \
            most[i] = LARGER(high, three[i]);                                                                          \
        }                                                                                                              \
        for (ptrdiff_t i = 0; i < full; i++) {                                                                         \
            type low = LARGER(LARGER(least[i], least[i + apart]), least[i + 2 * apart]);                               \
            type high = SMALLER(SMALLER(most[i], most[i + apart]), most[i + 2 * apart]);                               \
            type mid = MIDDLE(middle[i], middle[i + apart], middle[i + 2 * apart]);                                    \
            to[i] = MIDDLE(low, mid, high);                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    AUGKIT_PATHS(void, median_##name,                                                                                  \
                 (type *const *rows, ptrdiff_t apart, ptrdiff_t wide, ptrdiff_t full, type *columns, type *to),        \
                 (rows, apart, wide, full, columns, to))

DEFINE_ORDER(bytes, uint8_t)
DEFINE_ORDER(words, uint16_t)
DEFINE_ORDER(reals, float)

/* Means of 8 bits whose sums fit into 16. */
static INLINE void small_means_body(uint8_t *const *rows, ptrdiff_t height, ptrdiff_t width, ptrdiff_t apart,
                                    ptrdiff_t wide, ptrdiff_t full, uint16_t *restrict across, uint8_t *restrict to)
{
    enum { BLOCK = 64 };
    for (ptrdiff_t i = 0; i < wide; i++) across[i] = rows[0][i];
    for (ptrdiff_t row = 1; row < height; row++)
        for (ptrdiff_t i = 0; i < wide; i++) across[i] = (uint16_t)(across[i] + rows[row][i]);
    const int32_t twice = (int32_t)(2 * height * width);
    const float share = 1.0f / (float)twice;
    for (ptrdiff_t start = 0; start < full; start += BLOCK) {
        uint16_t sums[BLOCK] = {0};
        for (ptrdiff_t column = 0; column < width; column++) {
            const uint16_t *from = across + start + column * apart;
            for (int i = 0; i < BLOCK; i++) sums[i] = (uint16_t)(sums[i] + from[i]);
        }
        for (int i = 0; i < BLOCK; i++) {
            int32_t total = 2 * sums[i] + twice / 2; /* the quotient lies farther from a whole number than it errs */
            int32_t mean = (int32_t)(((float)total + 0.5f) * share);
            to[start + i] = (uint8_t)(mean - ((mean & 1) & (mean * twice == total)));
        }
    }
}
AUGKIT_PATHS(void, small_means,
             (uint8_t *const *rows, ptrdiff_t height, ptrdiff_t width, ptrdiff_t apart, ptrdiff_t wide, ptrdiff_t full,
              uint16_t *across, uint8_t *to),
             (rows, height, width, apart, wide, full, across, to))

/* Add up rows of numbers, or of their squares, in order, then neighbours. Sums of whole numbers are exact. */
static INLINE void summed_body(char *const *rows, ptrdiff_t height, ptrdiff_t width, ptrdiff_t apart, ptrdiff_t wide,
                               ptrdiff_t full, char kind, int squared, double *restrict across, double *restrict to)
{
    for (ptrdiff_t i = 0; i < wide; i++) across[i] = 0.0;
    for (ptrdiff_t row = 0; row < height; row++)
        for (ptrdiff_t i = 0; i < wide; i++) {
            double value = kind == 'B'   ? ((const uint8_t *)rows[row])[i]
                           : kind == 'H' ? ((const uint16_t *)rows[row])[i]
                                         : ((const float *)rows[row])[i];
            across[i] += squared ? value * value : value;
        }
    for (ptrdiff_t i = 0; i < full; i++) to[i] = 0.0;
    for (ptrdiff_t column = 0; column < width; column++)
        for (ptrdiff_t i = 0; i < full; i++) to[i] += across[i + column * apart];
}
AUGKIT_PATHS(void, summed,
             (char *const *rows, ptrdiff_t height, ptrdiff_t width, ptrdiff_t apart, ptrdiff_t wide, ptrdiff_t full,
              char kind, int squared, double *across, double *to),
             (rows, height, width, apart, wide, full, kind, squared, across, to))

static INLINE void ended_body(const double *sums, ptrdiff_t count, char kind, int squared, double area, void *to)
{
    const double top = kind == 'f' ? 1.0 : kind == 'H' ? 65535.0 : 255.0, whole = 4503599627370496.0; /* 2 ** 52 */
    for (ptrdiff_t i = 0; i < count; i++) {
        double value = squared ? sqrt(sums[i]) : sums[i] / area;
        value = value > top ? top : value;
        if (kind == 'f') ((float *)to)[i] = (float)(value < 0.0 ? 0.0 : value);
        else if (kind == 'H') ((uint16_t *)to)[i] = (uint16_t)(int)((value + whole) - whole);
        else ((uint8_t *)to)[i] = (uint8_t)(int)((value + whole) - whole);
    }
}
AUGKIT_PATHS(void, ended, (const double *sums, ptrdiff_t count, char kind, int squared, double area, void *to),
             (sums, count, kind, squared, area, to))

static void pool_row(const Windows *windows, enum Kind kind, char **rows, void *across, void *to)
{
    const ptrdiff_t height = windows->height, width = windows->width, apart = windows->source.channels;
    const ptrdiff_t wide = windows->wide, full = windows->full;
    const char letter = windows->source.kind;
    if (kind == MEDIAN) {
        if (letter == 'B') median_bytes((uint8_t *const *)rows, apart, wide, full, across, to);
        else if (letter == 'H') median_words((uint16_t *const *)rows, apart, wide, full, across, to);
        else median_reals((float *const *)rows, apart, wide, full, across, to);
    } else if (kind == MAX || kind == MIN) {
        int is_max = kind == MAX;
        if (letter == 'B') extreme_bytes((uint8_t *const *)rows, height, width, apart, wide, full, is_max, across, to);
        else if (letter == 'H')
            extreme_words((uint16_t *const *)rows, height, width, apart, wide, full, is_max, across, to);
        else extreme_reals((float *const *)rows, height, width, apart, wide, full, is_max, across, to);
    } else if (kind == MEAN && letter == 'B' && height * width <= 256)
        small_means((uint8_t *const *)rows, height, width, apart, wide, full, across, to);
    else {
        double *sums = (double *)across + wide + SPARE;
        summed(rows, height, width, apart, wide, full, letter, kind == L2, across, sums);
        ended(sums, full, letter, kind == L2, (double)height * (double)width, to);
    }
}

/* Pool a picture. Return 0 if memory lacks. */
static int pooled(const Windows *windows, enum Kind kind)
{
    const ptrdiff_t height = windows->height, capacity = (windows->wide + SPARE) * windows->source.item;
    char *kept = calloc(height + 1, capacity), *result = kept + height * capacity;
    void *across = calloc(windows->wide + SPARE, 3 * sizeof(double));
    char **rows = calloc(height, sizeof *rows);
    int is_ready = kept && across && rows, is_direct = windows->step_x == 1 && kind != MEAN; /* it writes whole blocks */
    ptrdiff_t next = 0;
    for (ptrdiff_t y = 0; is_ready && y < windows->target.height; y++) {
        ptrdiff_t top = y * windows->step_y;
        if (next < top) next = top;
        for (; next < top + height; next++) augkit_padded_row(windows, next, kept + next % height * capacity);
        for (ptrdiff_t row = 0; row < height; row++) rows[row] = kept + (top + row) % height * capacity;
        char *target = windows->target.data + y * windows->target.row;
        pool_row(windows, kind, rows, across, is_direct ? target : result);
        if (!is_direct) augkit_strided_row(windows, result, y);
    }
    free(kept), free(across), free(rows);
    return is_ready;
}

/* pool(source, target, geometry, fill, kind): the kind is its number; medians are of 3 x 3. */
AUGKIT_METHOD(augkit_pool)
{
    (void)module;
    Windows windows;
    if (augkit_count("pool", count, 5) || augkit_windows(arguments, &windows)) return NULL;
    long kind = PyLong_AsLong(arguments[4]);
    int is_done = 0;
    if (kind == MEDIAN && (windows.height != 3 || windows.width != 3))
        PyErr_SetString(PyExc_ValueError, "pool: medians must be of 3 x 3");
    else if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        is_done = pooled(&windows, (enum Kind)kind);
        Py_END_ALLOW_THREADS
        if (!is_done) PyErr_NoMemory();
    }
    augkit_windows_release(&windows);
    if (!is_done) return NULL;
    Py_RETURN_NONE;
}

/* pad(source, target, geometry, fill): write a picture with its padding; the window is one pixel. */
AUGKIT_METHOD(augkit_pad)
{
    (void)module;
    Windows windows;
    if (augkit_count("pad", count, 4) || augkit_windows(arguments, &windows)) return NULL;
    int is_sound = windows.height == 1 && windows.width == 1 && windows.step_y == 1 && windows.step_x == 1;
    if (is_sound) {
        Py_BEGIN_ALLOW_THREADS
        for (ptrdiff_t y = 0; y < windows.target.height; y++)
            augkit_padded_row(&windows, y, windows.target.data + y * windows.target.row);
        Py_END_ALLOW_THREADS
    } else
        PyErr_SetString(PyExc_ValueError, "pad: the window must be one pixel");
    augkit_windows_release(&windows);
    if (!is_sound) return NULL;
    Py_RETURN_NONE;
}
