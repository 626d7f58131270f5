/* Windows: rows of a picture with what lies around it by the border rule, and rows of results at a stride. */

#include "windows.h"
#include "dispatch.h"
#include <string.h>

enum { AHEAD = 8 }; /* rows */

int augkit_windows(PyObject *const *arguments, Windows *windows)
{
    Plane geometry;
    if (augkit_plane(arguments[0], 0, &windows->source)) return -1;
    if (augkit_plane(arguments[1], 1, &windows->target)) goto no_target;
    if (augkit_numbers(arguments[2], 0, 'q', 7, &geometry)) goto no_geometry;
    const int64_t *given = (const int64_t *)geometry.data;
    windows->height = given[0], windows->width = given[1];
    windows->step_y = given[2], windows->step_x = given[3];
    windows->pad_y = given[4], windows->pad_x = given[5];
    windows->border = (enum Border)given[6];
    augkit_release(&geometry);
    const Plane *source = &windows->source, *target = &windows->target;
    ptrdiff_t fills = windows->border == CONSTANT ? source->channels : 0;
    if (augkit_numbers(arguments[3], 0, source->kind, fills, &windows->fill)) goto no_geometry;
    ptrdiff_t rows = source->height + 2 * windows->pad_y - windows->height;
    ptrdiff_t columns = source->width + 2 * windows->pad_x - windows->width;
    windows->wide = (source->width + 2 * windows->pad_x) * source->channels;
    windows->full = (columns + 1) * source->channels;
    int is_sound = windows->height > 0 && windows->width > 0 && windows->step_y > 0 && windows->step_x > 0 &&
                   windows->pad_y >= 0 && windows->pad_x >= 0 && rows >= 0 && columns >= 0;
    if (is_sound && target->kind == source->kind && target->channels == source->channels && source->height > 0 &&
        source->width > 0 && target->height == rows / windows->step_y + 1 &&
        target->width == columns / windows->step_x + 1)
        return 0;
    PyErr_SetString(PyExc_ValueError, "windows: the target must have the source's kind and a pixel a window");
    augkit_release(&windows->fill);
no_geometry:
    augkit_release(&windows->target);
no_target:
    augkit_release(&windows->source);
    return -1;
}

void augkit_windows_release(Windows *windows)
{
    augkit_release(&windows->source);
    augkit_release(&windows->target);
    augkit_release(&windows->fill);
}

/* Return the place in 0 .. side - 1 that place `i` shows by the border rule, or -1 for the constant. */
static ptrdiff_t shown(ptrdiff_t i, ptrdiff_t side, enum Border border)
{
    if (i >= 0 && i < side) return i;
    if (border == CONSTANT) return -1;
    if (border == REPLICATE) return i < 0 ? 0 : side - 1;
    ptrdiff_t period = border == REFLECT ? 2 * side : side, place = i % period;
    if (place < 0) place += period;
    return place < side ? place : period - 1 - place;
}

void augkit_padded_row(const Windows *windows, ptrdiff_t y, char *row)
{
    const Plane *source = &windows->source;
    ptrdiff_t pixel = source->item * source->channels, width = source->width, pad = windows->pad_x;
    ptrdiff_t place = shown(y - windows->pad_y, source->height, windows->border);
    const char *line = source->data + place * source->row, *fill = windows->fill.data;
    for (ptrdiff_t x = place < 0 ? -pad : 0; place < 0 && x < width + pad; x++)
        memcpy(row + (x + pad) * pixel, fill, pixel);
    if (place < 0) return;
    /* A picture that was not touched lately comes from afar, and rows are too short for the processor to guess on. */
    for (ptrdiff_t at = 0; at < width * pixel; at += LINE_BYTES) __builtin_prefetch(line + AHEAD * source->row + at);
    memcpy(row + pad * pixel, line, width * pixel);
    for (ptrdiff_t side = 0; side < 2; side++) {
        ptrdiff_t first = side ? width : -pad;
        for (ptrdiff_t x = first; x < first + pad; x++) {
            ptrdiff_t column = shown(x, width, windows->border);
            memcpy(row + (x + pad) * pixel, column < 0 ? fill : line + column * pixel, pixel);
        }
    }
}

void augkit_strided_row(const Windows *windows, const char *results, ptrdiff_t y)
{
    const Plane *target = &windows->target;
    ptrdiff_t pixel = target->item * target->channels, step = windows->step_x * pixel;
    char *row = target->data + y * target->row;
    if (windows->step_x == 1) {
        memcpy(row, results, target->width * pixel);
        return;
    }
    for (ptrdiff_t x = 0; x < target->width; x++) memcpy(row + x * pixel, results + x * step, pixel);
}
