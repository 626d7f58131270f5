/* Flips: rows of a picture copied from right to left. */

#include "dispatch.h"
#include "planes.h"
#include <string.h>

static INLINE void mirrored_row_body(char *to, const char *from, ptrdiff_t width, ptrdiff_t size)
{
    from += (width - 1) * size;
    switch (size) { /* of a pixel, in bytes: a constant is copied by one or two instructions */
    case 1:
        for (ptrdiff_t x = 0; x < width; x++) to[x] = from[-x];
        break;
    case 3:
        for (ptrdiff_t x = 0; x < width; x++, to += 3, from -= 3) memcpy(to, from, 3);
        break;
    default:
        for (ptrdiff_t x = 0; x < width; x++, to += size, from -= size) memcpy(to, from, size);
    }
}

AUGKIT_PATHS(void, mirrored_row, (char *to, const char *from, ptrdiff_t width, ptrdiff_t size), (to, from, width, size))

/* mirror(source, target): write the source's mirror image into an array of its shape and kind. */
AUGKIT_METHOD(augkit_mirror)
{
    (void)module;
    Plane source, target;
    if (augkit_count("mirror", count, 2) || augkit_plane(arguments[0], 0, &source)) return NULL;
    if (augkit_plane(arguments[1], 1, &target)) {
        augkit_release(&source);
        return NULL;
    }
    int fits = source.height == target.height && source.width == target.width && source.kind == target.kind &&
               source.channels == target.channels;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        for (ptrdiff_t y = 0; y < source.height; y++)
            mirrored_row(target.data + y * target.row, source.data + y * source.row, source.width,
                         source.item * source.channels);
        Py_END_ALLOW_THREADS
    }
    augkit_release(&source);
    augkit_release(&target);
    if (fits) Py_RETURN_NONE;
    PyErr_SetString(PyExc_ValueError, "mirror: both arrays must have one shape and kind");
    return NULL;
}
