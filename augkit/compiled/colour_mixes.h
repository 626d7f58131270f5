/* Colour runs on bytes, by vectors where the path has them. */

#ifndef AUGKIT_COLOUR_MIXES_H
#define AUGKIT_COLOUR_MIXES_H

#include "colours.h"

/* Put pixels through the mixes of a program of kind MIX. */
void augkit_mix(const Colours *colours, const uint8_t *from, uint8_t *to, ptrdiff_t pixels);

/* Put pixels through the tables of a program of kind TABLE or TABLES. Return 0 where the path has no vectors for it. */
int augkit_look_up(const Colours *colours, const uint8_t *from, uint8_t *to, ptrdiff_t pixels);

#endif
