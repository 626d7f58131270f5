/* Python's functions of the library, one line each; module.c lists them, _library.pyi types them. */

#ifndef AUGKIT_METHODS_H
#define AUGKIT_METHODS_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define AUGKIT_METHOD(name) PyObject *name(PyObject *module, PyObject *const *arguments, Py_ssize_t count)

AUGKIT_METHOD(augkit_smooth_noise); /* elastic.c */
AUGKIT_METHOD(augkit_unfold);
AUGKIT_METHOD(augkit_box_muller); /* box_muller.c */
AUGKIT_METHOD(augkit_blend); /* blends.c */
AUGKIT_METHOD(augkit_recolour_picture); /* colours.c */
AUGKIT_METHOD(augkit_mix_numbers); /* mix_numbers.c */
AUGKIT_METHOD(augkit_histogram); /* statistics.c */
AUGKIT_METHOD(augkit_moments);
AUGKIT_METHOD(augkit_extremes);
AUGKIT_METHOD(augkit_curve_table); /* curves.c */
AUGKIT_METHOD(augkit_quads_inside); /* clipping.c */
AUGKIT_METHOD(augkit_inverse); /* matrices.c */
AUGKIT_METHOD(augkit_measured); /* clipping.c */
AUGKIT_METHOD(augkit_quads_inside);
AUGKIT_METHOD(augkit_applied); /* matrices.c */
AUGKIT_METHOD(augkit_inverse);
AUGKIT_METHOD(augkit_jpeg); /* jpeg.c */
AUGKIT_METHOD(augkit_product);
AUGKIT_METHOD(augkit_rounded);
AUGKIT_METHOD(augkit_rounded_row);
AUGKIT_METHOD(augkit_philox_unit);
AUGKIT_METHOD(augkit_philox_units); /* philox.c */
AUGKIT_METHOD(augkit_philox_word);
AUGKIT_METHOD(augkit_shortened); /* warps.c */
AUGKIT_METHOD(augkit_unwarp);
AUGKIT_METHOD(augkit_sample); /* sampler.c */
AUGKIT_METHOD(augkit_filter_by_two); /* filters.c */
AUGKIT_METHOD(augkit_filter_by_taps);
AUGKIT_METHOD(augkit_filter_reals_by_two); /* filter_reals.c */
AUGKIT_METHOD(augkit_filter_reals_by_taps);
AUGKIT_METHOD(augkit_pool); /* pools.c */
AUGKIT_METHOD(augkit_pad);
AUGKIT_METHOD(augkit_add_normal); /* noise.c */
AUGKIT_METHOD(augkit_count_photons);
AUGKIT_METHOD(augkit_grain);
AUGKIT_METHOD(augkit_salt);

#endif
