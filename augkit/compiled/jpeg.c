/* JPEG, as a picture comes back from it: everything that loses something, and nothing that packs.

   Pixels become luma and chroma, chroma is halved along both axes, blocks go through jpeg_blocks.c, chroma is enlarged
   by libjpeg's triangle filter and pixels are RGB again. All steps are libjpeg's, in the same whole numbers; the codes in
   between would lose nothing, so they are left out.

   References: ITU-T T.81, 1992; Hamilton, "JPEG file interchange format", 1992. */

#include "dispatch.h"
#include "jpeg_blocks.h"
#include "planes.h"
#include <stdlib.h>
#include <string.h>

enum { ONE = 65536, HALF = ONE / 2 };
#define FIXED(number) ((int32_t)((number) * ONE + 0.5))
#define CLAMPED(value) ((uint8_t)((value) < 0 ? 0 : (value) > 255 ? 255 : (value)))

static INLINE void luma_chroma_body(const uint8_t *restrict rgb, ptrdiff_t count, uint8_t *restrict luma,
                                    uint8_t *restrict blue, uint8_t *restrict red)
{
    for (ptrdiff_t x = 0; x < count; x++) {
        int32_t r = rgb[3 * x], g = rgb[3 * x + 1], b = rgb[3 * x + 2];
        luma[x] = (uint8_t)((FIXED(0.299) * r + FIXED(0.587) * g + FIXED(0.114) * b + HALF) >> 16);
        blue[x] = (uint8_t)((128 * ONE + HALF - 1 + HALF * b - FIXED(0.16874) * r - FIXED(0.33126) * g) >> 16);
        red[x] = (uint8_t)((128 * ONE + HALF - 1 + HALF * r - FIXED(0.41869) * g - FIXED(0.08131) * b) >> 16);
    }
}
AUGKIT_PATHS(void, luma_chroma,
             (const uint8_t *rgb, ptrdiff_t count, uint8_t *luma, uint8_t *blue, uint8_t *red),
             (rgb, count, luma, blue, red))

/* Halve two rows; sums of four that end in a half or more go up in every second column, in the others from a quarter. */
static INLINE void halved_body(const uint8_t *restrict above, const uint8_t *restrict below, ptrdiff_t count,
                               uint8_t *restrict to)
{
    for (ptrdiff_t x = 0; x < count; x++)
        to[x] = (uint8_t)((above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1] + 1 + (x & 1)) >> 2);
}
AUGKIT_PATHS(void, halved, (const uint8_t *above, const uint8_t *below, ptrdiff_t count, uint8_t *to),
             (above, below, count, to))

/* Enlarge a row of `count` values to twice as many, a quarter of each from its neighbours, `sums` having one spare value
   at both ends; `other` is the nearer row above or below. */
static INLINE void enlarged_body(const uint8_t *restrict row, const uint8_t *restrict other, ptrdiff_t count,
                                 int16_t *restrict sums, uint8_t *restrict to)
{
    for (ptrdiff_t x = 0; x < count; x++) sums[x] = (int16_t)(3 * row[x] + other[x]);
    sums[-1] = sums[0];
    sums[count] = sums[count - 1];
    for (ptrdiff_t x = 0; x < count; x++) {
        to[2 * x] = (uint8_t)((3 * sums[x] + sums[x - 1] + 8) >> 4);
        to[2 * x + 1] = (uint8_t)((3 * sums[x] + sums[x + 1] + 7) >> 4);
    }
}
AUGKIT_PATHS(void, enlarged,
             (const uint8_t *row, const uint8_t *other, ptrdiff_t count, int16_t *sums, uint8_t *to),
             (row, other, count, sums, to))

static INLINE void rgb_again_body(const uint8_t *restrict luma, const uint8_t *restrict blue,
                                  const uint8_t *restrict red, ptrdiff_t count, uint8_t *restrict rgb)
{
    for (ptrdiff_t x = 0; x < count; x++) {
        int32_t y = luma[x], cb = blue[x] - 128, cr = red[x] - 128;
        int32_t r = y + ((FIXED(1.402) * cr + HALF) >> 16), b = y + ((FIXED(1.772) * cb + HALF) >> 16);
        int32_t g = y + ((HALF - FIXED(0.34414) * cb - FIXED(0.71414) * cr) >> 16);
        rgb[3 * x] = CLAMPED(r);
        rgb[3 * x + 1] = CLAMPED(g);
        rgb[3 * x + 2] = CLAMPED(b);
    }
}
AUGKIT_PATHS(void, rgb_again,
             (const uint8_t *luma, const uint8_t *blue, const uint8_t *red, ptrdiff_t count, uint8_t *rgb),
             (luma, blue, red, count, rgb))

static ptrdiff_t up_to(ptrdiff_t side, ptrdiff_t multiple) { return (side + multiple - 1) / multiple * multiple; }

static void repeat_last(uint8_t *row, ptrdiff_t count, ptrdiff_t width)
{
    memset(row + count, row[count - 1], width - count);
}

static void repeat_row(uint8_t *plane, ptrdiff_t width, ptrdiff_t rows, ptrdiff_t height)
{
    for (ptrdiff_t y = rows; y < height; y++) memcpy(plane + y * width, plane + (rows - 1) * width, width);
}

/* A picture of one channel. Return 0 if memory lacks. */
static int grey_round(const Plane *source, const Plane *target, int quality)
{
    const ptrdiff_t width = up_to(source->width, 64), height = up_to(source->height, 8);
    uint8_t *plane = malloc(width * height);
    Steps steps;
    augkit_jpeg_steps(quality, 0, &steps);
    for (ptrdiff_t y = 0; plane && y < source->height; y++) {
        memcpy(plane + y * width, source->data + y * source->row, source->width);
        repeat_last(plane + y * width, source->width, width);
    }
    if (plane) repeat_row(plane, width, source->height, height);
    int is_done = plane && augkit_jpeg_plane(plane, width, height, &steps);
    for (ptrdiff_t y = 0; is_done && y < source->height; y++)
        memcpy(target->data + y * target->row, plane + y * width, source->width);
    free(plane);
    return is_done;
}

/* A picture of three channels, red, green and blue. Return 0 if memory lacks. */
static int rgb_round(const Plane *source, const Plane *target, int quality)
{
    const ptrdiff_t columns = source->width, rows = source->height;
    const ptrdiff_t width = up_to(columns, 128), height = up_to(rows, 8); /* chroma has whole vectors, too */
    const ptrdiff_t small_width = width / 2, small_height = up_to((rows + 1) / 2, 8);
    const ptrdiff_t small_columns = (columns + 1) / 2, small_rows = (rows + 1) / 2;
    uint8_t *luma = malloc(width * height + 2 * small_width * small_height + 4 * width);
    int16_t *sums = malloc((small_width + 2) * sizeof *sums);
    Steps steps, chroma_steps;
    int is_done = luma && sums;
    if (!is_done) goto end;
    uint8_t *chroma[2] = {luma + width * height, luma + width * height + small_width * small_height};
    uint8_t *full = chroma[1] + small_width * small_height; /* chroma of two rows: blue, red, blue, red */
    augkit_jpeg_steps(quality, 0, &steps);
    augkit_jpeg_steps(quality, 1, &chroma_steps);
    for (ptrdiff_t y = 0; y < rows; y++) {
        uint8_t *blue = full + y % 2 * 2 * width, *red = blue + width, *line = luma + y * width;
        luma_chroma((const uint8_t *)source->data + y * source->row, columns, line, blue, red);
        repeat_last(line, columns, width);
        repeat_last(blue, columns, width);
        repeat_last(red, columns, width);
        if (y % 2 == 0 && y + 1 < rows) continue;
        for (int which = 0; which < 2; which++) {
            const uint8_t *below = full + which * width + (y % 2 ? 2 * width : 0); /* an odd last row stands for two */
            halved(full + which * width, below, small_width, chroma[which] + y / 2 * small_width);
        }
    }
    repeat_row(luma, width, rows, height);
    repeat_row(chroma[0], small_width, small_rows, small_height);
    repeat_row(chroma[1], small_width, small_rows, small_height);
    is_done = augkit_jpeg_plane(luma, width, height, &steps) &&
              augkit_jpeg_plane(chroma[0], small_width, small_height, &chroma_steps) &&
              augkit_jpeg_plane(chroma[1], small_width, small_height, &chroma_steps);
    for (ptrdiff_t y = 0; is_done && y < rows; y++) {
        ptrdiff_t near = y / 2, far = y % 2 ? near + 1 : near - 1;
        far = far < 0 ? 0 : far < small_rows ? far : small_rows - 1;
        for (int which = 0; which < 2; which++) {
            const uint8_t *row = chroma[which] + near * small_width, *other = chroma[which] + far * small_width;
            uint8_t *to = full + which * width;
            if (small_columns > 2) enlarged(row, other, small_columns, sums + 1, to);
            else /* libjpeg has no filter for so few */
                for (ptrdiff_t x = 0; x < columns; x++) to[x] = row[x / 2];
        }
        rgb_again(luma + y * width, full, full + width, columns, (uint8_t *)target->data + y * target->row);
    }
end:
    free(luma), free(sums);
    return is_done;
}

/* jpeg(source, target, quality): write what a JPEG of one or three channels of 8 bits keeps of a picture. */
AUGKIT_METHOD(augkit_jpeg)
{
    (void)module;
    Plane source, target;
    if (augkit_count("jpeg", count, 3)) return NULL;
    long quality = PyLong_AsLong(arguments[2]);
    if ((quality == -1 && PyErr_Occurred()) || augkit_plane(arguments[0], 0, &source)) return NULL;
    if (augkit_plane(arguments[1], 1, &target)) {
        augkit_release(&source);
        return NULL;
    }
    int is_done = 0, fits = source.kind == 'B' && target.kind == 'B' && source.height == target.height &&
                            source.width == target.width && source.channels == target.channels &&
                            (source.channels == 1 || source.channels == 3) && source.height > 0 && source.width > 0 &&
                            quality >= 1 && quality <= 100;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        is_done = (source.channels == 3 ? rgb_round : grey_round)(&source, &target, (int)quality);
        Py_END_ALLOW_THREADS
        if (!is_done) PyErr_NoMemory();
    } else
        PyErr_SetString(PyExc_ValueError, "jpeg: must be two pictures of one size, of 8 bits and 1 or 3 channels");
    augkit_release(&source);
    augkit_release(&target);
    if (!is_done) return NULL;
    Py_RETURN_NONE;
}
