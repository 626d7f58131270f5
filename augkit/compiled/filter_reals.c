/* Filters of pictures of 16 bits and of reals, in float64: the same sums as filters.c, each term added in its order, so
   that no processor and no width of vectors rounds otherwise. */

#include "dispatch.h"
#include "windows.h"
#include <stdlib.h>
#include <string.h>

/* A row of terms to be added: (left + right) * weight, or with no `right` left * weight. */
typedef struct {
    int count;
    const double **left, **right, *weights;
} Terms;

static INLINE void summed_body(const Terms *terms, ptrdiff_t count, double *to)
{
    enum { BLOCK = 64 }; /* numbers that registers hold while all terms are added */
    for (ptrdiff_t start = 0; start < count; start += BLOCK) {
        double sums[BLOCK] = {0};
        for (int term = 0; term < terms->count; term++) {
            const double *left = terms->left[term] + start, *right = terms->right[term];
            double weight = terms->weights[term];
            if (right) {
                right += start;
                for (int i = 0; i < BLOCK; i++) sums[i] += (left[i] + right[i]) * weight;
            } else
                for (int i = 0; i < BLOCK; i++) sums[i] += left[i] * weight;
        }
        memcpy(to + start, sums, sizeof sums);
    }
}
AUGKIT_PATHS(void, summed, (const Terms *terms, ptrdiff_t count, double *to), (terms, count, to))

/* Write numbers of the target's kind: clamped, whole ones rounded, halves to even ones. */
static INLINE void stored_body(const double *from, ptrdiff_t count, char kind, void *to)
{
    const double top = kind == 'f' ? 1.0 : kind == 'H' ? 65535.0 : 255.0, whole = 4503599627370496.0; /* 2 ** 52 */
    for (ptrdiff_t i = 0; i < count; i++) {
        double value = from[i] < 0.0 ? 0.0 : from[i];
        value = value > top ? top : value;
        if (kind == 'f') ((float *)to)[i] = (float)value;
        else if (kind == 'H') ((uint16_t *)to)[i] = (uint16_t)(int)((value + whole) - whole);
        else ((uint8_t *)to)[i] = (uint8_t)(int)((value + whole) - whole);
    }
}
AUGKIT_PATHS(void, stored, (const double *from, ptrdiff_t count, char kind, void *to), (from, count, kind, to))

static INLINE void as_reals_body(const void *from, ptrdiff_t count, char kind, double *to)
{
    if (kind == 'f')
        for (ptrdiff_t i = 0; i < count; i++) to[i] = ((const float *)from)[i];
    else if (kind == 'H')
        for (ptrdiff_t i = 0; i < count; i++) to[i] = ((const uint16_t *)from)[i];
    else
        for (ptrdiff_t i = 0; i < count; i++) to[i] = ((const uint8_t *)from)[i];
}
AUGKIT_PATHS(void, as_reals, (const void *from, ptrdiff_t count, char kind, double *to), (from, count, kind, to))

/* Filter by taps, or where `places` is NULL by weights along x and y and that of the value itself; 0: memory lacks. */
static int filtered_reals(const Windows *windows, const int32_t *places, const double *weights, ptrdiff_t count,
                          const double *along_x, const double *along_y, double own)
{
    enum { SPARE = 64 };
    const ptrdiff_t height = windows->height, width = windows->width, channels = windows->source.channels;
    const ptrdiff_t capacity = windows->wide + SPARE, kept = places ? 1 : 2;
    const ptrdiff_t terms_x = width / 2 + 1, terms_y = height / 2 + 1, most = count + terms_x + terms_y + 1;
    double *rows = calloc(capacity * (height * kept + 1), sizeof *rows), *sums = rows + capacity * height * kept;
    double *folded = rows + capacity * height, *weights_y = calloc(terms_y + 1, sizeof *weights_y);
    const double **left = calloc(2 * most, sizeof *left), **right = left + most;
    char *bytes = calloc(capacity, sizeof(double));
    int is_ready = rows && weights_y && left && bytes;
    ptrdiff_t next = 0;
    if (is_ready && !places) {
        memcpy(weights_y, along_y, terms_y * sizeof *weights_y);
        weights_y[terms_y] = own;
    }
    for (ptrdiff_t y = 0; is_ready && y < windows->target.height; y++) {
        ptrdiff_t top = y * windows->step_y;
        if (next < top) next = top;
        for (; next < top + height; next++) {
            double *row = rows + next % height * capacity;
            augkit_padded_row(windows, next, bytes);
            as_reals(bytes, windows->wide, windows->source.kind, row);
            if (places) continue;
            for (ptrdiff_t term = 0; term < terms_x; term++)
                left[term] = row + term * channels, right[term] = row + (width - 1 - term) * channels;
            Terms terms = {(int)terms_x, left, right, along_x};
            summed(&terms, windows->full, folded + next % height * capacity);
        }
        Terms terms = {(int)count, left, right, weights};
        if (places)
            for (ptrdiff_t tap = 0; tap < count; tap++) {
                left[tap] = rows + (top + places[2 * tap]) % height * capacity + places[2 * tap + 1] * channels;
                right[tap] = NULL;
            }
        else {
            for (ptrdiff_t term = 0; term < terms_y; term++) {
                left[term] = folded + (top + term) % height * capacity;
                right[term] = folded + (top + height - 1 - term) % height * capacity;
            }
            left[terms_y] = rows + (top + height / 2) % height * capacity + width / 2 * channels;
            right[terms_y] = NULL;
            terms = (Terms){(int)terms_y + 1, left, right, weights_y};
        }
        summed(&terms, windows->full, sums);
        stored(sums, windows->full, windows->target.kind, bytes);
        augkit_strided_row(windows, bytes, y);
    }
    free(rows), free(weights_y), free(left), free(bytes);
    return is_ready;
}

/* filter_reals_by_two(source, target, geometry, fill, along_x, along_y, own): the weights are float64, up to the middle
   of the window, each for two, so the middle's is halved. */
AUGKIT_METHOD(augkit_filter_reals_by_two)
{
    (void)module;
    Windows windows;
    Plane along_x, along_y;
    if (augkit_count("filter_reals_by_two", count, 7) || augkit_windows(arguments, &windows)) return NULL;
    double own = PyFloat_AsDouble(arguments[6]);
    int is_done = 0;
    if (!PyErr_Occurred() && !augkit_numbers(arguments[4], 0, 'd', windows.width / 2 + 1, &along_x)) {
        if (!augkit_numbers(arguments[5], 0, 'd', windows.height / 2 + 1, &along_y)) {
            Py_BEGIN_ALLOW_THREADS
            is_done = filtered_reals(&windows, NULL, NULL, 0, (const double *)along_x.data,
                                     (const double *)along_y.data, own);
            Py_END_ALLOW_THREADS
            if (!is_done) PyErr_NoMemory();
            augkit_release(&along_y);
        }
        augkit_release(&along_x);
    }
    augkit_windows_release(&windows);
    if (!is_done) return NULL;
    Py_RETURN_NONE;
}

/* filter_reals_by_taps(source, target, geometry, fill, places, weights): int32 (n, 2) rows and columns, float64 (n,). */
AUGKIT_METHOD(augkit_filter_reals_by_taps)
{
    (void)module;
    Windows windows;
    Plane places, weights;
    if (augkit_count("filter_reals_by_taps", count, 6) || augkit_windows(arguments, &windows)) return NULL;
    int is_done = 0;
    if (!augkit_numbers(arguments[4], 0, 'i', 0, &places)) {
        const int32_t *given = (const int32_t *)places.data;
        if (!augkit_numbers(arguments[5], 0, 'd', places.width / 2, &weights)) {
            int is_sound = 1;
            for (ptrdiff_t i = 0; i + 1 < places.width; i += 2)
                is_sound &= given[i] >= 0 && given[i] < windows.height && given[i + 1] >= 0 && given[i + 1] < windows.width;
            if (!is_sound)
                PyErr_SetString(PyExc_ValueError, "filter_reals_by_taps: every tap must lie within the window");
            else {
                Py_BEGIN_ALLOW_THREADS
                is_done = filtered_reals(&windows, given, (const double *)weights.data, places.width / 2, NULL, NULL, 0);
                Py_END_ALLOW_THREADS
                if (!is_done) PyErr_NoMemory();
            }
            augkit_release(&weights);
        }
        augkit_release(&places);
    }
    augkit_windows_release(&windows);
    if (!is_done) return NULL;
    Py_RETURN_NONE;
}
