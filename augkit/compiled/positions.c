/* Positions: maps evaluated in float64 in the written order, so that every path and sampling_twin.py have the same bits.

   A matrix gives (a x + (b y + c)) / (g x + (h y + i)); a lattice is a uniform cubic B-spline of nodes, summed along y
   and then along x, each from the first to the fourth node; points come as they are. */

#include "positions.h"
#include "dispatch.h"
#include <math.h>
#include <string.h>

static INLINE void matrix_row_body(const double *m, double down, ptrdiff_t left, int count, double *x, double *y)
{
    double a = m[0], b = m[3], x0 = m[1] * down + m[2], y0 = m[4] * down + m[5];
    if (m[6] == 0.0 && m[7] == 0.0 && m[8] == 1.0) {
        for (int j = 0; j < count; j++) {
            double across = (double)(int)(left + j) + 0.5;
            x[j] = a * across + x0;
            y[j] = b * across + y0;
        }
        return;
    }
    double g = m[6], depth0 = m[7] * down + m[8];
    for (int j = 0; j < count; j++) {
        double across = (double)(int)(left + j) + 0.5, depth = g * across + depth0;
        double along_x = (a * across + x0) / depth, along_y = (b * across + y0) / depth;
        x[j] = depth > 0.0 && fabs(along_x) <= 1e300 ? along_x : -1.0; /* beyond the horizon is nothing */
        y[j] = depth > 0.0 && fabs(along_y) <= 1e300 ? along_y : -1.0;
    }
}

AUGKIT_PATHS(void, matrix_row, (const double *m, double down, ptrdiff_t left, int count, double *x, double *y),
             (m, down, left, count, x, y))

/* One axis of a row of a lattice: `nodes` are those of the row, already summed along y. */
static INLINE void lattice_row_body(const double *nodes, const int32_t *cells, const double *w0, const double *w1,
                                    const double *w2, const double *w3, int count, double *out)
{
    for (int j = 0; j < count;) {
        int cell = cells[j], end = j + 1;
        while (end < count && cells[end] == cell) end++;
        double n0 = nodes[cell], n1 = nodes[cell + 1], n2 = nodes[cell + 2], n3 = nodes[cell + 3];
        for (; j < end; j++) out[j] = ((w0[j] * n0 + w1[j] * n1) + w2[j] * n2) + w3[j] * n3;
    }
}

AUGKIT_PATHS(void, lattice_row,
             (const double *nodes, const int32_t *cells, const double *w0, const double *w1, const double *w2,
              const double *w3, int count, double *out),
             (nodes, cells, w0, w1, w2, w3, count, out))

static INLINE void node_row_body(const double *n, ptrdiff_t step, const double *w, ptrdiff_t count, double *out)
{
    for (ptrdiff_t k = 0; k < count; k++)
        out[k] = ((w[0] * n[k] + w[1] * n[k + step]) + w[2] * n[k + 2 * step]) + w[3] * n[k + 3 * step];
}

AUGKIT_PATHS(void, node_row, (const double *n, ptrdiff_t step, const double *w, ptrdiff_t count, double *out),
             (n, step, w, count, out))

static void lattice_span(const Map *map, ptrdiff_t row, ptrdiff_t left, int count, double *x, double *y)
{
    const double *nodes = (const double *)map->numbers.data, *weights = (const double *)map->row_weights.data;
    ptrdiff_t height = map->row_cells.width, width = map->column_cells.width, columns = map->columns;
    ptrdiff_t top = ((const int32_t *)map->row_cells.data)[row];
    const int32_t *cells = (const int32_t *)map->column_cells.data + left;
    const double *across = (const double *)map->column_weights.data + left;
    double w[4] = {weights[row], weights[height + row], weights[2 * height + row], weights[3 * height + row]};
    ptrdiff_t first = cells[0], shown = cells[count - 1] + 4 - first;
    double summed[NODES_OF_SPAN];
    for (int axis = 0; axis < 2; axis++) {
        const double *from = nodes + (axis * map->rows + top) * columns + first;
        node_row(from, columns, w, shown, summed);
        lattice_row(summed - first, cells, across, across + width, across + 2 * width, across + 3 * width, count,
                    axis ? y : x);
    }
}

void augkit_pull(const Map *map, ptrdiff_t row, ptrdiff_t left, int count, double *x, double *y)
{
    if (map->kind == MATRIX) {
        matrix_row(map->m, (double)row + 0.5, left, count, x, y);
    } else if (map->kind == LATTICE) {
        lattice_span(map, row, left, count, x, y);
    } else {
        const double *from = (const double *)map->numbers.data + row * map->columns + left;
        memcpy(x, from, sizeof(double) * (size_t)count);
        memcpy(y, from + map->rows * map->columns, sizeof(double) * (size_t)count);
        for (int j = 0; j < count; j++) {
            if (!(fabs(x[j]) <= 1e300)) x[j] = -1.0;
            if (!(fabs(y[j]) <= 1e300)) y[j] = -1.0;
        }
    }
}

static INLINE int64_t beyond_body(const double *position, int count, double low, double high)
{
    int64_t found = 0;
    for (int j = 0; j < count; j++) found |= -(int64_t)(position[j] < low) | -(int64_t)(position[j] > high);
    return found;
}

AUGKIT_PATHS(int64_t, beyond, (const double *position, int count, double low, double high),
             (position, count, low, high))

static INLINE void folded_body(double *position, int count, double side)
{
    for (int j = 0; j < count; j++) position[j] = side - fabs(side - fabs(position[j]));
}

AUGKIT_PATHS(void, folded, (double *position, int count, double side), (position, count, side))

static INLINE void clipped_body(double *position, int count, double side)
{
    for (int j = 0; j < count; j++) {
        double p = position[j] > 0.0 ? position[j] : 0.0;
        position[j] = p < side ? p : side;
    }
}

AUGKIT_PATHS(void, clipped, (double *position, int count, double side), (position, count, side))

int augkit_enter(double *position, int count, ptrdiff_t pixels, int border, uint8_t *outside)
{
    double side = (double)pixels;
    int found = 0;
    if (!beyond(position, count, 0.0, border == WRAP ? side - EDGE_PX : side)) return 0;
    if (border == REFLECT) {
        if (beyond(position, count, -side, 2.0 * side))
            for (int j = 0; j < count; j++) position[j] = fmod(position[j], 2.0 * side);
        folded(position, count, side);
    } else if (border == WRAP) {
        for (int j = 0; j < count; j++) {
            double rest = fmod(position[j] + EDGE_PX, side);
            position[j] = (rest < 0.0 ? rest + side : rest) - EDGE_PX;
        }
    } else if (border == CONSTANT) {
        for (int j = 0; j < count; j++) {
            int is_out = position[j] < -EDGE_PX || position[j] > side + EDGE_PX;
            outside[j] |= (uint8_t)is_out;
            found |= is_out;
        }
    }
    clipped(position, count, side);
    return found;
}

static INLINE void cells_body(const double *position, int count, int radius, double phases, int32_t *first,
                              int32_t *phase)
{
    for (int j = 0; j < count; j++) {
        double p = position[j] + 0.5; /* one more than u: a cast rounds towards zero */
        int32_t cell = (int32_t)p;
        first[j] = cell - radius;
        phase[j] = (int32_t)((p - (double)cell) * phases + 0.5);
    }
}

AUGKIT_PATHS(void, cells, (const double *position, int count, int radius, double phases, int32_t *first, int32_t *phase),
             (position, count, radius, phases, first, phase))

void augkit_cells(const Axis *axis, const double *position, int count, int32_t *first, int32_t *phase)
{
    cells(position, count, axis->radius, (double)axis->phases, first, phase);
}

static INLINE void nearest_body(double last, const double *position, int count, int32_t *pixel)
{
    for (int j = 0; j < count; j++) {
        double p = position[j] + EDGE_PX;
        pixel[j] = (int32_t)(p < last ? p : last);
    }
}

AUGKIT_PATHS(void, nearest, (double last, const double *position, int count, int32_t *pixel),
             (last, position, count, pixel))

void augkit_nearest(ptrdiff_t side, const double *position, int count, int32_t *pixel)
{
    nearest((double)(side - 1), position, count, pixel);
}
