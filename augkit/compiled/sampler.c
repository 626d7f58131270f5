/* The sampler: shows a source picture through a map, one span of a target row after the other.

   A span's positions are evaluated, brought into the source plane by the border rule, split into first taps and phases,
   and sampled. Taps beyond the edge are clamped to it, and `constant` points get the fill. */

#include "sampling.h"
#include "dispatch.h"
#include <stdlib.h>
#include <string.h>

enum {
    TOUCHED_BYTES = 3 << 18, /* that fit the second-level cache beside the rest */
    TOUCHED_ROWS = 128, /* of the target, at a time */
};

/* Find the first taps from which the kernel, which reads `reach` bytes of a row, reads nothing but the source. */
static void safe_region(Job *job, ptrdiff_t reach)
{
    const Plane *source = &job->source;
    ptrdiff_t size = source->item * source->channels, bytes = source->width * size;
    ptrdiff_t column = (bytes - reach) / size, row = source->height - job->y.taps;
    if (bytes < reach) column = -1;
    else if (source->row >= bytes && row > 0) { /* all but the last row may be read beyond their end */
        column = source->width - job->x.taps;
        row -= 1;
    }
    job->most_column = column < INT32_MAX ? (int32_t)column : INT32_MAX;
    job->most_row = row < INT32_MAX ? (int32_t)row : INT32_MAX;
}

static INLINE int32_t narrowed_body(const int32_t *first, int count, int32_t most, int32_t *safe)
{
    int32_t changed = 0;
    for (int j = 0; j < count; j++) {
        int32_t place = first[j] > 0 ? first[j] : 0;
        place = place < most ? place : most;
        safe[j] = place;
        changed |= place ^ first[j];
    }
    return changed;
}

AUGKIT_PATHS(int32_t, narrowed, (const int32_t *first, int count, int32_t most, int32_t *safe),
             (first, count, most, safe))

/* Sample a span by weights: the safe taps at once, then those at the edges but for what gets the fill. */
static void weighed_span(const Job *job, Span *span, int count, int is_filled, Kernel *kernel, EdgeKernel *edge,
                         char *out)
{
    ptrdiff_t size = job->target.item * job->target.channels;
    augkit_cells(&job->x, span->x, count, span->column, span->phase_x);
    augkit_cells(&job->y, span->y, count, span->row, span->phase_y);
    int is_any = job->most_column >= 0 && job->most_row >= 0, unsafe = 1;
    if (is_any) {
        for (int j = count; j % 8; j++) { /* kernels take up to eight pixels at a time */
            span->column[j] = span->row[j] = span->phase_x[j] = span->phase_y[j] = 0;
            span->safe_column[j] = span->safe_row[j] = 0;
        }
        unsafe = narrowed(span->column, count, job->most_column, span->safe_column);
        unsafe |= narrowed(span->row, count, job->most_row, span->safe_row);
        kernel(job, span, count, out);
    }
    if (!unsafe) return;
    for (int j = 0; j < count; j++) {
        if (is_filled && span->outside[j]) continue;
        if (!is_any || span->safe_column[j] != span->column[j] || span->safe_row[j] != span->row[j])
            edge(job, span->column[j], span->row[j], span->phase_x[j], span->phase_y[j], out + j * size);
    }
}

/* Write the fill where points are outside. */
static void filled(char *buffer, const uint8_t *outside, int count, const char *fill, ptrdiff_t size)
{
    for (int j = 0; j < count; j++) {
        if (!outside[j]) continue;
        if (size == 1) buffer[j] = *fill;
        else if (size == 3) memcpy(buffer + 3 * j, fill, 3);
        else memcpy(buffer + j * size, fill, (size_t)size);
    }
}

int augkit_touch(const char *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t bytes)
{
    if ((double)rows * (double)bytes > TOUCHED_BYTES) return 0;
    for (ptrdiff_t y = 0; y < rows; y++)
        for (ptrdiff_t at = 0; at < bytes; at += LINE_BYTES) (void)*(const volatile char *)(from + y * row + at);
    return 1;
}

/* Touch the source pixels that a block of the target shows: their surroundings are guessed from nine points, as only time
   depends on it. Return whether they fit the cache. */
static int touch_source(const Job *job, ptrdiff_t top, ptrdiff_t rows, ptrdiff_t left, ptrdiff_t columns)
{
    const Plane *source = &job->source;
    double sides[2] = {(double)source->width, (double)source->height}, least[2] = {sides[0], sides[1]}, most[2] = {0.0};
    for (int k = 0; k < 9; k++) {
        double at[2];
        augkit_pull(&job->map, top + k / 3 * (rows - 1) / 2, left + k % 3 * (columns - 1) / 2, 1, at, at + 1);
        for (int axis = 0; axis < 2; axis++) {
            double place = at[axis] > 0.0 ? at[axis] < sides[axis] ? at[axis] : sides[axis] : 0.0;
            if (place < least[axis]) least[axis] = place;
            if (place > most[axis]) most[axis] = place;
        }
    }
    ptrdiff_t size = source->item * source->channels, x = (ptrdiff_t)least[0], y = (ptrdiff_t)least[1];
    return augkit_touch(source->data + y * source->row + x * size, source->row, (ptrdiff_t)most[1] - y,
                        ((ptrdiff_t)most[0] - x) * size);
}

/* Show the target's columns from `left` on, at most SPAN of them, in every row. */
static void sample_columns(const Job *job, ptrdiff_t left, int is_touched, Kernel *kernel, Span *span, char *buffer)
{
    EdgeKernel *edge = augkit_edge_kernel(job);
    ptrdiff_t size = job->target.item * job->target.channels, rest = job->target.width - left;
    int count = (int)(rest < SPAN ? rest : SPAN), is_straight = augkit_is_straight(&job->map);
    for (ptrdiff_t row = 0; row < job->target.height; row++) {
        if (!is_touched && row % TOUCHED_ROWS == 0) {
            ptrdiff_t below = job->target.height - row;
            touch_source(job, row, below < TOUCHED_ROWS ? below : TOUCHED_ROWS, left, count);
        }
        augkit_pull(&job->map, row, left, count, span->x, span->y);
        if (job->border == CONSTANT) memset(span->outside, 0, (size_t)count);
        int is_filled = augkit_enter(span->x, count, job->source.width, job->border, is_straight, span->outside);
        is_filled |= augkit_enter(span->y, count, job->source.height, job->border, is_straight, span->outside);
        if (job->interpolation == NEAREST) {
            augkit_nearest(job->source.width, span->x, count, span->column);
            augkit_nearest(job->source.height, span->y, count, span->row);
            kernel(job, span, count, buffer);
        } else {
            weighed_span(job, span, count, is_filled, kernel, edge, buffer);
        }
        if (job->colours) augkit_recolour(job->colours, buffer, buffer, count);
        if (is_filled) filled(buffer, span->outside, count, job->fill, size);
        memcpy(job->target.data + row * job->target.row + left * size, buffer, (size_t)(count * size));
    }
}

static int sampled(Job *job)
{
    ptrdiff_t reach, size = job->target.item * job->target.channels;
    if (augkit_is_whole(job)) return augkit_whole(job);
    if (augkit_is_separable(job)) return augkit_separable(job);
    if (job->interpolation != NEAREST) {
        if (job->x.phases != WEIGHT_ONE && augkit_table(&job->x)) return -1;
        if (job->y.phases != WEIGHT_ONE && augkit_table(&job->y)) return -1;
    }
    Kernel *kernel = augkit_kernel(job, &reach);
    safe_region(job, reach);
    char *buffer = malloc((size_t)(SPAN * size) + 64);
    Span *span = malloc(sizeof(Span));
    int is_done = buffer && span, is_shown = job->target.height > 0 && job->target.width > 0;
    int is_touched = is_shown && touch_source(job, 0, job->target.height, 0, job->target.width);
    for (ptrdiff_t left = 0; is_done && is_shown && left < job->target.width; left += SPAN)
        sample_columns(job, left, is_touched, kernel, span, buffer);
    free(buffer);
    free(span);
    return is_done ? 0 : -1;
}

/* Write the pixel that is outside, of numbers of the target's kind. Return 0, or -1 with an exception. */
static int fill_of(PyObject *numbers, const Plane *target, char *fill)
{
    for (ptrdiff_t c = 0; c < target->channels; c++) {
        double value = PyFloat_AsDouble(PyTuple_GetItem(numbers, c));
        char *to = fill + c * target->item;
        if (value == -1.0 && PyErr_Occurred()) return -1;
        if (target->kind == 'f') *(float *)to = (float)value;
        else if (target->kind == 'd') *(double *)to = value;
        else { /* little-endian, as every machine that augkit runs on */
            int64_t whole = value < 9.2e18 ? (int64_t)value : (int64_t)(uint64_t)value;
            memcpy(to, &whole, (size_t)target->item);
        }
    }
    return 0;
}

static int is_fitting(const Job *job, const char *kinds)
{
    return job->source.kind == job->target.kind && job->source.channels == job->target.channels &&
           job->source.height > 0 && job->source.width > 0 && job->source.height < INT32_MAX &&
           job->source.width < INT32_MAX && (job->interpolation == NEAREST || strchr(kinds, job->source.kind));
}

/* Sample a job whose arrays are unpacked. Return 0, or -1 with an exception. */
static int done(Job *job, PyObject *fill, PyObject *factors)
{
    if (!is_fitting(job, "BHf")) {
        PyErr_SetString(PyExc_ValueError, "sample: arrays must be of one kind and number of channels, and not empty");
        return -1;
    }
    double factor_y = PyFloat_AsDouble(PyTuple_GetItem(factors, 0));
    double factor_x = PyFloat_AsDouble(PyTuple_GetItem(factors, 1));
    if (!(factor_y >= 1.0 && factor_x >= 1.0 && factor_y < 1e6 && factor_x < 1e6)) {
        PyErr_SetString(PyExc_ValueError, "sample: factors of a reduction must lie within 1 and 1e6");
        return -1;
    }
    if (job->border == CONSTANT && (!PyTuple_Check(fill) || PyTuple_Size(fill) != job->target.channels)) {
        PyErr_SetString(PyExc_ValueError, "sample: the fill must be one number a channel");
        return -1;
    }
    if (job->border == CONSTANT && fill_of(fill, &job->target, job->fill)) return -1;
    if (job->colours && (job->colours->letter != job->target.kind || job->colours->channels != job->target.channels)) {
        PyErr_SetString(PyExc_ValueError, "sample: the program must be one for pictures of this kind");
        return -1;
    }
    int is_deep = job->source.kind != 'B', failed;
    augkit_axis(&job->x, job->source.width, job->interpolation, factor_x, is_deep);
    augkit_axis(&job->y, job->source.height, job->interpolation, factor_y, is_deep);
    Py_BEGIN_ALLOW_THREADS
    failed = sampled(job);
    free(job->x.table);
    free(job->y.table);
    Py_END_ALLOW_THREADS
    if (failed) PyErr_NoMemory();
    return failed;
}

/* sample(source, target, map, interpolation, border, fill, factors, program): show the source through the map, in the
   colours of a program of colours.h, or None. */
AUGKIT_METHOD(augkit_sample)
{
    (void)module;
    Job job = {0};
    Colours colours;
    int failed = -1;
    if (augkit_count("sample", count, 8)) return NULL;
    if (arguments[7] != Py_None) {
        char *program;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(arguments[7], &program, &size) || augkit_colours(&colours, program, size)) return NULL;
        job.colours = &colours;
    }
    job.interpolation = (int)PyLong_AsLong(arguments[3]);
    job.border = (int)PyLong_AsLong(arguments[4]);
    if (PyErr_Occurred()) return NULL;
    if (job.interpolation < NEAREST || job.interpolation > LANCZOS || job.border < REFLECT || job.border > WRAP ||
        !PyTuple_Check(arguments[6]) || PyTuple_Size(arguments[6]) != 2) {
        PyErr_SetString(PyExc_ValueError, "sample: no such interpolation or border, or no two factors");
        return NULL;
    }
    if (augkit_plane(arguments[0], 0, &job.source)) return NULL;
    if (augkit_plane(arguments[1], 1, &job.target)) goto source;
    if (augkit_map(arguments[2], job.target.height, job.target.width, &job.map)) goto target;
    job.fill = malloc((size_t)(job.target.item * job.target.channels) + 8);
    if (job.fill) failed = done(&job, arguments[5], arguments[6]);
    else PyErr_NoMemory();
    free(job.fill);
    augkit_map_release(&job.map);
target:
    augkit_release(&job.target);
source:
    augkit_release(&job.source);
    if (failed) return NULL;
    Py_RETURN_NONE;
}
