/* Planes: Python's buffers checked and unpacked for the kernels. */

#include "planes.h"
#include <string.h>

/* Return the letter of a buffer's numbers, or 0 where it is of another kind than one native number. */
static char kind_of(const Py_buffer *view)
{
    const char *format = view->format ? view->format : "B";
    if (*format == '@' || *format == '=' || *format == '<') format++;
    if (format[0] == '\0' || format[1] != '\0' || !strchr("?bBhHiIlLqQfd", format[0])) return 0;
    if (format[0] == 'l') return 'q'; /* 64 bits on every system augkit runs on */
    if (format[0] == 'L') return 'Q';
    return format[0];
}

int augkit_plane(PyObject *array, int writable, Plane *plane)
{
    Py_buffer *view = &plane->view;
    if (PyObject_GetBuffer(array, view, PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0))) return -1;
    plane->kind = kind_of(view);
    plane->item = view->itemsize;
    if (plane->kind && (view->ndim == 2 || view->ndim == 3)) {
        plane->data = view->buf;
        plane->height = view->shape[0];
        plane->width = view->shape[1];
        plane->channels = view->ndim == 3 ? view->shape[2] : 1;
        plane->row = view->strides[0];
        int is_whole = plane->channels == 1 || view->strides[2] == view->itemsize;
        is_whole &= plane->width == 1 || view->strides[1] == view->itemsize * plane->channels;
        if (is_whole) return 0;
    }
    PyErr_SetString(PyExc_ValueError, "must be a picture (H, W) or (H, W, C) whose rows are in one piece each");
    PyBuffer_Release(view);
    return -1;
}

int augkit_numbers(PyObject *array, int writable, char kind, ptrdiff_t count, Plane *plane)
{
    Py_buffer *view = &plane->view;
    if (PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)))
        return -1;
    plane->kind = kind_of(view);
    plane->item = view->itemsize;
    plane->data = view->buf;
    plane->height = plane->channels = 1;
    plane->width = view->itemsize ? view->len / view->itemsize : 0;
    plane->row = view->len;
    if (plane->kind && (!kind || plane->kind == kind) && plane->width >= count) return 0;
    PyErr_Format(PyExc_ValueError, "must be at least %zd numbers of kind %c, got %zd of %c", (Py_ssize_t)count,
                 kind ? kind : '?', (Py_ssize_t)plane->width, plane->kind ? plane->kind : '?');
    PyBuffer_Release(view);
    return -1;
}

void augkit_release(Plane *plane) { PyBuffer_Release(&plane->view); }

int augkit_count(const char *name, Py_ssize_t count, Py_ssize_t wanted)
{
    if (count == wanted) return 0;
    PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, got %zd", name, wanted, count);
    return -1;
}
