/* Positions: the source points that a row of target pixels shows, brought into the source plane. */

#ifndef AUGKIT_POSITIONS_H
#define AUGKIT_POSITIONS_H

#include "planes.h"
#include "weights.h"

enum Border { REFLECT, CONSTANT, REPLICATE, WRAP };
enum MapKind { MATRIX_MAP, LATTICE_MAP, POINT_MAP };

#define EDGE_PX 1e-3 /* as executor.py has it: so near to an edge a point counts as beyond it, or inside */
#define SPAN 256 /* target pixels at a time: all that is known of them fits the first-level cache */
#define CELLS_OF_PIXEL 2 /* at most so many cells of a lattice lie within a pixel */
#define NODES_OF_SPAN (SPAN * CELLS_OF_PIXEL + 4)

/* From target to source. The buffers of a lattice, or of points, are held until augkit_map_release. */
typedef struct {
    enum MapKind kind;
    double m[9]; /* a matrix, row by row */
    ptrdiff_t rows, columns; /* of the nodes, or the points */
    Plane numbers; /* nodes (2, rows, columns) or points (2, height, width), x first */
    Plane row_cells, row_weights, column_cells, column_weights; /* of target rows (4, height) and columns (4, width) */
    int32_t *ends; /* of each target column: the first behind it that lies in another cell */
} Map;

/* Read a map from a matrix (three tuples), a lattice (five arrays) or points (one). Return 0, or -1 with an exception. */
int augkit_map(PyObject *given, ptrdiff_t height, ptrdiff_t width, Map *map);

void augkit_map_release(Map *map);

/* Write the source points that the pixels of target row `row` from `left` on show. */
void augkit_pull(const Map *map, ptrdiff_t row, ptrdiff_t left, int count, double *x, double *y);

/* Say whether the points of a row lie on a straight line, evenly. */
int augkit_is_straight(const Map *map);

/* Bring positions along an axis into [0, side] by the border rule, in place. Write 1 to `outside` where a point gets the
   fill. Return whether any does. */
int augkit_enter(double *position, int count, ptrdiff_t side, int border, int is_straight, uint8_t *outside);

/* Write the first tap and the phase of each position. */
void augkit_cells(const Axis *axis, const double *position, int count, int32_t *first, int32_t *phase);

/* Write the pixel that each position is nearest to. */
void augkit_nearest(ptrdiff_t side, const double *position, int count, int32_t *pixel);

#endif
