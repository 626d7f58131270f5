/* Blocks of 8 x 8 as a JPEG keeps them: see jpeg_blocks.c. */

#ifndef AUGKIT_JPEG_BLOCKS_H
#define AUGKIT_JPEG_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

/* What a table of quantisation steps does to a coefficient, by its row and column: |value| + half is divided by eight
   steps, as (that times factor) >> shift, exactly. */
typedef struct {
    int32_t step[64], half[64], factor[64], shift[64];
} Steps;

/* Fill in the steps of a quality, 1 to 100, of luma or chroma. */
void augkit_jpeg_steps(int quality, int is_chroma, Steps *steps);

/* Put a plane of bytes, rows of `width` = a multiple of 64, one behind the other, and a multiple of 8 of them, through the
   transform, the steps and back. Return 0 if memory lacks. */
int augkit_jpeg_plane(uint8_t *plane, ptrdiff_t width, ptrdiff_t height, const Steps *steps);

#endif
