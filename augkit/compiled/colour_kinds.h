/* Colour runs of each kind: tables and mixes of bytes, by vectors where the path has them, and float64. */

#ifndef AUGKIT_COLOUR_KINDS_H
#define AUGKIT_COLOUR_KINDS_H

#include "colours.h"

/* Put pixels through the mixes of a program of kind MIX. */
void augkit_mix(const Colours *colours, const uint8_t *from, uint8_t *to, ptrdiff_t pixels);

/* Put pixels through the tables of a program of kind TABLE or TABLES. Return 0 where the path has no vectors for it. */
int augkit_look_up(const Colours *colours, const uint8_t *from, uint8_t *to, ptrdiff_t pixels);

#define MAX_REALS 768 /* values at a time; channels where there is alpha */

/* Put pixels through the steps of a program of kind REAL. */
void augkit_in_reals(const Colours *colours, const void *from, void *to, ptrdiff_t pixels);

#endif
