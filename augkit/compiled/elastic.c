/* Elastic fields: noise smoothed on a grid of control points, and made smoother where the field would fold.

   The pushes of a grid lie as (2, rows, columns), x first, in units of the farthest that is allowed: a field u of such
   pushes folds where the determinant of I + s grad u is not above 0 for some s of [0, 1]. That is asked at the corners
   of every cell of the grid, at its centre and at the middles of its edges; beyond the frame its outermost control
   points repeat, so there is a margin of three cells around it. core/elastic.py has the same sums in NumPy. */

#include "dispatch.h"
#include "planes.h"
#include <stdlib.h>
#include <string.h>

#define SHORTER 0.8
enum { SUMS = 8, MARGIN = 3, ROUNDS = 16 }; /* of a row: at a cell's left edge and at its middle, slope and value, x and y */

/* Add up rows of noise, 2 u - 1 of a uniform number u, each times its tap; then the same along the row. */
static INLINE void smoothed_row_body(const double *noise, ptrdiff_t width, const double *taps, ptrdiff_t count,
                                     double factor, double *across, double *out)
{
    for (ptrdiff_t x = 0; x < width; x++) across[x] = taps[0] * (noise[x] * 2.0 - 1.0);
    for (ptrdiff_t k = 1; k < count; k++)
        for (ptrdiff_t x = 0; x < width; x++) across[x] += taps[k] * (noise[k * width + x] * 2.0 - 1.0);
    ptrdiff_t columns = width - count + 1;
    for (ptrdiff_t x = 0; x < columns; x++) out[x] = taps[0] * across[x];
    for (ptrdiff_t k = 1; k < count; k++)
        for (ptrdiff_t x = 0; x < columns; x++) out[x] += taps[k] * across[x + k];
    for (ptrdiff_t x = 0; x < columns; x++) out[x] *= factor;
}

AUGKIT_PATHS(void, smoothed_row,
             (const double *noise, ptrdiff_t width, const double *taps, ptrdiff_t count, double factor, double *across,
              double *out),
             (noise, width, taps, count, factor, across, out))

/* Cubic B-splines at a cell's edge (three control points) and at its middle (four): value and slope. */
#define EDGE_VALUE(a, b, c) (1.0 / 6.0 * (a) + 4.0 / 6.0 * (b) + 1.0 / 6.0 * (c))
#define EDGE_SLOPE(a, c) (-0.5 * (a) + 0.5 * (c))
#define MIDDLE_VALUE(a, b, c, d) (0.125 / 6.0 * (a) + 2.875 / 6.0 * (b) + 2.875 / 6.0 * (c) + 0.125 / 6.0 * (d))
#define MIDDLE_SLOPE(a, b, c, d) (-0.125 * (a) + -0.625 * (b) + 0.625 * (c) + 0.125 * (d))

/* Write the sums along a row of control points, for `count` cells, into SUMS arrays of `stride` numbers. */
static INLINE void row_sums_body(const double *x, const double *y, ptrdiff_t count, ptrdiff_t stride, double *sums)
{
    for (int axis = 0; axis < 2; axis++) {
        const double *p = axis ? y : x;
        double *out = sums + axis * stride;
        for (ptrdiff_t j = 0; j < count; j++) {
            out[j] = EDGE_SLOPE(p[j], p[j + 2]);
            out[2 * stride + j] = EDGE_VALUE(p[j], p[j + 1], p[j + 2]);
            out[4 * stride + j] = MIDDLE_SLOPE(p[j], p[j + 1], p[j + 2], p[j + 3]);
            out[6 * stride + j] = MIDDLE_VALUE(p[j], p[j + 1], p[j + 2], p[j + 3]);
        }
    }
}

AUGKIT_PATHS(void, row_sums, (const double *x, const double *y, ptrdiff_t count, ptrdiff_t stride, double *sums),
             (x, y, count, stride, sums))

static INLINE int64_t folds(double xx, double xy, double yx, double yy)
{
    double trace = xx + yy, det = xx * yy - xy * yx;
    int64_t at_end = 1.0 + trace + det <= 0.0;
    int64_t between = (trace < 0.0) & (det > 0.0) & (-trace < 2.0 * det) & (trace * trace >= 4.0 * det);
    return at_end | between;
}

/* Say of `count` cells, whose four rows of control points have these sums, whether the field folds there. */
static INLINE void cells_folded_body(const double *const *rows, ptrdiff_t count, ptrdiff_t stride, int64_t *found)
{
    for (ptrdiff_t j = 0; j < count; j++) found[j] = 0;
    for (int at_x = 0; at_x < 2; at_x++) {
        const double *r[4];
        for (int k = 0; k < 4; k++) r[k] = rows[k] + 4 * at_x * stride;
        for (ptrdiff_t j = 0; j < count; j++) {
            ptrdiff_t slope_x = j, slope_y = j + stride, value_x = j + 2 * stride, value_y = j + 3 * stride;
            int64_t edge = folds(EDGE_VALUE(r[0][slope_x], r[1][slope_x], r[2][slope_x]),
                                 EDGE_SLOPE(r[0][value_x], r[2][value_x]),
                                 EDGE_VALUE(r[0][slope_y], r[1][slope_y], r[2][slope_y]),
                                 EDGE_SLOPE(r[0][value_y], r[2][value_y]));
            int64_t middle = folds(MIDDLE_VALUE(r[0][slope_x], r[1][slope_x], r[2][slope_x], r[3][slope_x]),
                                   MIDDLE_SLOPE(r[0][value_x], r[1][value_x], r[2][value_x], r[3][value_x]),
                                   MIDDLE_VALUE(r[0][slope_y], r[1][slope_y], r[2][slope_y], r[3][slope_y]),
                                   MIDDLE_SLOPE(r[0][value_y], r[1][value_y], r[2][value_y], r[3][value_y]));
            found[j] |= edge | middle;
        }
    }
}

AUGKIT_PATHS(void, cells_folded, (const double *const *rows, ptrdiff_t count, ptrdiff_t stride, int64_t *found),
             (rows, count, stride, found))

typedef struct {
    double *pushes, *before; /* (2, rows, columns), now and before this pass */
    ptrdiff_t rows, columns;
    uint8_t *cells; /* (rows + 3, columns + 3): 1 where it folds, 2 where that is to be asked */
    uint8_t *nodes; /* (rows, columns): 1 where a control point is made smoother */
    double *line; /* two padded rows */
    double *sums; /* of four rows */
    int64_t *found; /* of a row of cells */
} Field;

static ptrdiff_t within(ptrdiff_t place, ptrdiff_t count) { return place < 0 ? 0 : place < count ? place : count - 1; }

/* Write the sums of a row of control points (repeated beyond the frame) for the cells from `left` to `right`. */
static void sums_of_row(Field *field, ptrdiff_t row, ptrdiff_t left, ptrdiff_t right, double *sums)
{
    ptrdiff_t count = right - left + MARGIN, stride = field->columns + MARGIN;
    double *lines[2] = {field->line, field->line + stride + MARGIN};
    for (int axis = 0; axis < 2; axis++) {
        const double *p = field->pushes + (axis * field->rows + within(row, field->rows)) * field->columns;
        for (ptrdiff_t x = 0; x < count; x++) lines[axis][x] = p[within(left - MARGIN + x, field->columns)];
    }
    row_sums(lines[0], lines[1], right - left, stride, sums);
}

/* Ask all cells that are to be asked. Return whether the field folds anywhere. */
static int folded(Field *field)
{
    ptrdiff_t wide = field->columns + MARGIN, size = SUMS * wide;
    ptrdiff_t last_whole = -2;
    int any = 0;
    for (ptrdiff_t y = 0; y < field->rows + MARGIN; y++) {
        uint8_t *cells = field->cells + y * wide;
        for (ptrdiff_t left = 0; left < wide;) {
            if (cells[left] != 2) {
                left++;
                continue;
            }
            ptrdiff_t right = left;
            while (right < wide && cells[right] == 2) right++;
            const double *rows[4];
            int whole = right - left == wide, follows = whole && last_whole == y - 1;
            for (int k = 0; k < 4; k++) { /* the sums of a whole row serve four rows of cells */
                double *sums = field->sums + (y + k) % 4 * size;
                if (!follows || k == 3) sums_of_row(field, y - MARGIN + k, left, right, sums);
                rows[k] = sums;
            }
            if (whole) last_whole = y;
            cells_folded(rows, right - left, wide, field->found);
            for (ptrdiff_t x = left; x < right; x++) any |= cells[x] = field->found[x - left] != 0;
            left = right;
        }
    }
    return any;
}

/* Mark the control points that take part in a cell where the field folds. */
static void mark_nodes(Field *field)
{
    ptrdiff_t wide = field->columns + MARGIN;
    memset(field->nodes, 0, (size_t)(field->rows * field->columns));
    for (ptrdiff_t y = 0; y < field->rows + MARGIN; y++)
        for (ptrdiff_t x = 0; x < wide; x++) {
            if (field->cells[y * wide + x] != 1) continue;
            for (ptrdiff_t row = y - MARGIN; row <= y; row++)
                for (ptrdiff_t column = x - MARGIN; column <= x; column++)
                    if (row >= 0 && row < field->rows && column >= 0 && column < field->columns)
                        field->nodes[row * field->columns + column] = 1;
        }
}

/* Replace the marked control points by the mean of their neighbours, 1 2 1 along both axes; ask their cells again. */
static void smooth_nodes(Field *field)
{
    ptrdiff_t rows = field->rows, columns = field->columns, wide = columns + MARGIN;
    memcpy(field->before, field->pushes, (size_t)(2 * rows * columns) * sizeof(double));
    for (ptrdiff_t y = 0; y < rows; y++)
        for (ptrdiff_t x = 0; x < columns; x++) {
            if (!field->nodes[y * columns + x]) continue;
            for (int axis = 0; axis < 2; axis++) {
                const double *plane = field->before + axis * rows * columns;
                const double *above = plane + within(y - 1, rows) * columns, *here = plane + y * columns;
                const double *below = plane + within(y + 1, rows) * columns;
                double across[3];
                for (int k = 0; k < 3; k++) {
                    ptrdiff_t column = within(x - 1 + k, columns);
                    across[k] = (above[column] + 2.0 * here[column] + below[column]) / 4.0;
                }
                field->pushes[axis * rows * columns + y * columns + x] =
                    (across[0] + 2.0 * across[1] + across[2]) / 4.0;
            }
            for (ptrdiff_t row = y; row <= y + MARGIN; row++) memset(field->cells + row * wide + x, 2, MARGIN + 1);
        }
}

/* smooth_noise(noise, taps, factor, pushes, rows, columns): fill pushes (2, rows, columns) with noise (2, rows + taps - 1,
   columns + taps - 1) of [0, 1), each number u as 2 u - 1, smoothed along y and x and times a factor. */
AUGKIT_METHOD(augkit_smooth_noise)
{
    (void)module;
    Plane noise, taps, pushes;
    if (augkit_count("smooth_noise", count, 6)) return NULL;
    double factor = PyFloat_AsDouble(arguments[2]);
    Py_ssize_t rows = PyLong_AsSsize_t(arguments[4]), columns = PyLong_AsSsize_t(arguments[5]);
    if (PyErr_Occurred() || augkit_numbers(arguments[1], 0, 'd', 1, &taps)) return NULL;
    ptrdiff_t more = taps.width * taps.height * taps.channels - 1, width = columns + more;
    if (augkit_numbers(arguments[0], 0, 'd', 2 * (rows + more) * width, &noise)) {
        augkit_release(&taps);
        return NULL;
    }
    double *across = malloc((size_t)width * sizeof(double));
    int got = across ? augkit_numbers(arguments[3], 1, 'd', 2 * rows * columns, &pushes) : (PyErr_NoMemory(), -1);
    if (!got) {
        Py_BEGIN_ALLOW_THREADS
        for (ptrdiff_t axis = 0; axis < 2; axis++)
            for (ptrdiff_t y = 0; y < rows; y++)
                smoothed_row((const double *)noise.data + (axis * (rows + more) + y) * width, width,
                             (const double *)taps.data, more + 1, factor, across,
                             (double *)pushes.data + (axis * rows + y) * columns);
        Py_END_ALLOW_THREADS
        augkit_release(&pushes);
    }
    free(across);
    augkit_release(&noise);
    augkit_release(&taps);
    if (got) return NULL;
    Py_RETURN_NONE;
}

/* unfold(pushes, rows, columns): make pushes (2, rows, columns) smoother until they fold nowhere. Return in how many
   rounds; each sixteenth, which only wild fields live to see, shortens all of them. */
AUGKIT_METHOD(augkit_unfold)
{
    (void)module;
    Plane pushes;
    if (augkit_count("unfold", count, 3)) return NULL;
    Py_ssize_t rows = PyLong_AsSsize_t(arguments[1]), columns = PyLong_AsSsize_t(arguments[2]);
    if (PyErr_Occurred() || augkit_numbers(arguments[0], 1, 'd', 2 * rows * columns, &pushes)) return NULL;
    size_t wide = (size_t)columns + MARGIN, cells = ((size_t)rows + MARGIN) * wide;
    size_t points = (size_t)rows * (size_t)columns;
    Field field = {.pushes = (double *)pushes.data, .rows = rows, .columns = columns};
    field.before = malloc(2 * points * sizeof(double));
    field.cells = malloc(cells);
    field.nodes = malloc(points);
    field.line = malloc(2 * (wide + MARGIN) * sizeof(double));
    field.sums = malloc(4 * SUMS * wide * sizeof(double));
    field.found = malloc(wide * sizeof(int64_t));
    int got = field.before && field.cells && field.nodes && field.line && field.sums && field.found;
    long rounds = 0;
    if (got) {
        Py_BEGIN_ALLOW_THREADS
        memset(field.cells, 2, cells);
        while (folded(&field)) {
            rounds++;
            mark_nodes(&field);
            smooth_nodes(&field);
            if (rounds % ROUNDS) continue;
            for (size_t n = 0; n < 2 * points; n++) field.pushes[n] *= SHORTER;
            memset(field.cells, 2, cells);
        }
        Py_END_ALLOW_THREADS
    }
    free(field.before);
    free(field.cells);
    free(field.nodes);
    free(field.line);
    free(field.sums);
    free(field.found);
    augkit_release(&pushes);
    return got ? PyLong_FromLong(rounds) : PyErr_NoMemory();
}
