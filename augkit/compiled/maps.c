/* Maps as Python gives them: a matrix of three tuples, a lattice of five arrays, or an array of points. */

#include "positions.h"
#include <stdlib.h>

static int matrix_of(PyObject *rows, double *m)
{
    for (Py_ssize_t i = 0; i < 3; i++) {
        PyObject *row = PyTuple_GetItem(rows, i);
        if (!row || !PyTuple_Check(row) || PyTuple_Size(row) != 3) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a matrix must be three tuples of three numbers");
            return -1;
        }
        for (Py_ssize_t j = 0; j < 3; j++) m[3 * i + j] = PyFloat_AsDouble(PyTuple_GetItem(row, j));
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* Check that the cells of an axis go up, not too fast, and that each has its four nodes. */
static int cells_fit(const Plane *cells, ptrdiff_t nodes)
{
    const int32_t *cell = (const int32_t *)cells->data;
    for (ptrdiff_t k = 0; k < cells->width; k++) {
        int32_t step = cell[k] - cell[k ? k - 1 : 0];
        if (cell[k] < 0 || step < 0 || step > CELLS_OF_PIXEL || cell[k] > nodes - 4) return 0;
    }
    return 1;
}

/* Return where each column's cell ends, to be freed by the caller, or NULL with an exception. */
static int32_t *ends_of(const Plane *cells)
{
    const int32_t *cell = (const int32_t *)cells->data;
    int32_t count = (int32_t)cells->width, *ends = malloc(sizeof(int32_t) * (size_t)count);
    for (int32_t k = count - 1; ends && k >= 0; k--)
        ends[k] = k + 1 < count && cell[k + 1] == cell[k] ? ends[k + 1] : k + 1;
    if (!ends) PyErr_NoMemory();
    return ends;
}

static int lattice_of(PyObject *parts, ptrdiff_t height, ptrdiff_t width, Map *map)
{
    Plane *planes[5] = {&map->numbers, &map->row_cells, &map->row_weights, &map->column_cells, &map->column_weights};
    ptrdiff_t counts[5] = {0, height, 4 * height, width, 4 * width};
    int held = 0;
    for (; held < 5; held++)
        if (augkit_numbers(PyTuple_GetItem(parts, held), 0, held == 1 || held == 3 ? 'i' : 'd', counts[held],
                           planes[held]))
            break;
    if (held == 5) {
        const Py_buffer *nodes = &map->numbers.view;
        if (nodes->ndim == 3 && nodes->shape[0] == 2 && map->row_cells.width == height &&
            map->column_cells.width == width && map->row_weights.width == 4 * height &&
            map->column_weights.width == 4 * width && cells_fit(&map->row_cells, nodes->shape[1]) &&
            cells_fit(&map->column_cells, nodes->shape[2])) {
            map->rows = nodes->shape[1];
            map->columns = nodes->shape[2];
            map->ends = ends_of(&map->column_cells);
            if (map->ends) return 0;
        } else
            PyErr_SetString(PyExc_ValueError, "a lattice must have nodes (2, rows, columns) for every cell of the target");
    }
    while (held--) augkit_release(planes[held]);
    return -1;
}

int augkit_map(PyObject *given, ptrdiff_t height, ptrdiff_t width, Map *map)
{
    if (PyTuple_Check(given) && PyTuple_Size(given) == 3) {
        map->kind = MATRIX_MAP;
        return matrix_of(given, map->m);
    }
    if (PyTuple_Check(given) && PyTuple_Size(given) == 5) {
        map->kind = LATTICE_MAP;
        return lattice_of(given, height, width, map);
    }
    map->kind = POINT_MAP;
    if (augkit_numbers(given, 0, 'd', 2 * height * width, &map->numbers)) return -1;
    map->rows = height;
    map->columns = width;
    if (map->numbers.width == 2 * height * width) return 0;
    augkit_release(&map->numbers);
    PyErr_SetString(PyExc_ValueError, "points must be (2, height, width)");
    return -1;
}

void augkit_map_release(Map *map)
{
    if (map->kind == MATRIX_MAP) return;
    augkit_release(&map->numbers);
    if (map->kind == POINT_MAP) return;
    free(map->ends);
    augkit_release(&map->row_cells);
    augkit_release(&map->row_weights);
    augkit_release(&map->column_cells);
    augkit_release(&map->column_weights);
}
