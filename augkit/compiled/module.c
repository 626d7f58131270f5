/* The extension module augkit.compiled._library: its functions, and the path that kernels take.

   Only the limited API of Python 3.11 is used, so that one build serves every later Python. */

#include "methods.h"
#include "dispatch.h"
#include <string.h>

enum Path augkit_path = SCALAR;

static const char *const NAMES[PATH_COUNT] = {"scalar", "avx2", "avx512", "neon"};

static int is_available(enum Path path)
{
#if AUGKIT_X86
    if (path == AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    if (path == AVX512)
        return is_available(AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vbmi") &&
               __builtin_cpu_supports("avx512vnni");
#elif AUGKIT_ARM
    if (path == NEON) return 1;
#endif
    return path == SCALAR;
}

/* paths(): the names of the paths that this processor has, the best last. */
static PyObject *augkit_paths(PyObject *module, PyObject *nothing)
{
    (void)module, (void)nothing;
    PyObject *names = PyList_New(0);
    for (int path = 0; names && path < PATH_COUNT; path++) {
        if (!is_available(path)) continue;
        PyObject *name = PyUnicode_FromString(NAMES[path]);
        if (!name || PyList_Append(names, name)) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

/* path(): the name of the path that kernels take now. */
static PyObject *augkit_path_name(PyObject *module, PyObject *nothing)
{
    (void)module, (void)nothing;
    return PyUnicode_FromString(NAMES[augkit_path]);
}

/* choose(name): let kernels take a path from now on, in all threads. */
static PyObject *augkit_choose(PyObject *module, PyObject *name)
{
    (void)module;
    Py_ssize_t length;
    const char *wanted = PyUnicode_AsUTF8AndSize(name, &length);
    if (!wanted) return NULL;
    for (int path = 0; path < PATH_COUNT; path++) {
        if (strcmp(NAMES[path], wanted) == 0 && is_available(path)) {
            augkit_path = path;
            Py_RETURN_NONE;
        }
    }
    PyErr_Format(PyExc_ValueError, "no path %R", name);
    return NULL;
}

#define METHOD(name, function, words) {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL, words}

static PyMethodDef METHODS[] = {
    {"paths", augkit_paths, METH_NOARGS, "Return the paths that this processor has."},
    {"path", augkit_path_name, METH_NOARGS, "Return the path that is taken."},
    {"choose", augkit_choose, METH_O, "Take a path."},
    METHOD("smooth_noise", augkit_smooth_noise, "Fill pushes with smoothed noise."),
    METHOD("unfold", augkit_unfold, "Make pushes smoother until they fold nowhere."),
    METHOD("box_muller", augkit_box_muller, "Make uniform numbers normal ones."),
    METHOD("blend", augkit_blend, "Write a sum of pictures."),
    METHOD("mix_numbers", augkit_mix_numbers, "Return the numbers of a mix of colours."),
    METHOD("histogram", augkit_histogram, "Count levels."),
    METHOD("extremes", augkit_extremes, "Find the least and the most level."),
    METHOD("moments", augkit_moments, "Add up colours and their products."),
    METHOD("recolour", augkit_recolour_picture, "Write a picture in other colours."),
    METHOD("curve_table", augkit_curve_table, "Write a table of a curve."),
    METHOD("measured", augkit_measured, "Write spans and areas of rings."),
    METHOD("quads_inside", augkit_quads_inside, "Clip rings of four corners."),
    METHOD("shortened", augkit_shortened, "Return pushes that cannot fold."),
    METHOD("unwarp", augkit_unwarp, "Move points through a warp."),
    METHOD("applied", augkit_applied, "Write points moved by a matrix."),
    METHOD("inverse", augkit_inverse, "Return the inverse of a matrix."),
    METHOD("jpeg", augkit_jpeg, "Write what a JPEG keeps of a picture."),
    METHOD("product", augkit_product, "Return the product of two matrices."),
    METHOD("rounded", augkit_rounded, "Return a matrix rounded."),
    METHOD("rounded_row", augkit_rounded_row, "Return three numbers rounded."),
    METHOD("philox_unit", augkit_philox_unit, "Return a number of a stream."),
    METHOD("philox_units", augkit_philox_units, "Fill an array with numbers of a stream."),
    METHOD("philox_word", augkit_philox_word, "Return a word of a stream."),
    METHOD("sample", augkit_sample, "Show a picture through a map."),
    METHOD("filter_by_two", augkit_filter_by_two, "Filter 8 bits by symmetric weights along x and y."),
    METHOD("filter_by_taps", augkit_filter_by_taps, "Filter 8 bits by a list of taps."),
    METHOD("filter_reals_by_two", augkit_filter_reals_by_two, "Filter by real weights along x and y."),
    METHOD("filter_reals_by_taps", augkit_filter_reals_by_taps, "Filter by a list of real taps."),
    METHOD("add_normal", augkit_add_normal, "Add normal numbers."),
    METHOD("count_photons", augkit_count_photons, "Count photons."),
    METHOD("grain", augkit_grain, "Paint rectangles with uniform numbers."),
    METHOD("salt", augkit_salt, "Make pixels black and white."),
    METHOD("pool", augkit_pool, "Pool windows of a picture."),
    METHOD("pad", augkit_pad, "Write a picture with its padding."),
    {NULL, NULL, 0, NULL},
};

static int started(PyObject *module)
{
    (void)module;
#if AUGKIT_X86
    __builtin_cpu_init();
#endif
    for (int path = 0; path < PATH_COUNT; path++)
        if (is_available(path)) augkit_path = path;
    return 0;
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, (void *)started}, {0, NULL}};

static PyModuleDef MODULE = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "augkit.compiled._library",
    .m_doc = "Kernels in C.",
    .m_methods = METHODS,
    .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__library(void) { return PyModuleDef_Init(&MODULE); }
