/* Colour runs: programs read, and rows of pixels put through them. See colours.h. */

#include "colours.h"
#include "colour_kinds.h"
#include "dispatch.h"
#include "planes.h"
#include <string.h>

#define HEADER 32 /* bytes */
#define LEVELS 256
#define DEEP_LEVELS 65536
#define MIX_NUMBERS 16 /* of Mix but its table */

static int refused(const char *why)
{
    PyErr_Format(PyExc_ValueError, "colour program: must be as colour_programs.py makes it: %s", why);
    return -1;
}

static int read_mixes(Colours *colours, const uint8_t *data, ptrdiff_t left)
{
    int32_t tables = colours->own[0], mixes = colours->own[1], numbers[MIX_NUMBERS];
    if ((tables != 0 && tables != 1 && tables != 3) || mixes < 1 || mixes > MAX_MIXES) return refused("mixes");
    if (colours->letter != 'B' || colours->channels - colours->alpha != 3) return refused("not RGB of 8 bits");
    data += tables * LEVELS * 2, left -= tables * LEVELS * 2;
    for (Mix *mix = colours->mixes; mix < colours->mixes + mixes; mix++) {
        if (left < (ptrdiff_t)sizeof numbers) return refused("a mix");
        memcpy(numbers, data, sizeof numbers);
        memcpy(mix->coefficients, numbers, sizeof mix->coefficients);
        memcpy(mix->offsets, numbers + 9, sizeof mix->offsets);
        mix->shift = numbers[12], mix->low = numbers[13], mix->high = numbers[14], mix->entries = numbers[15];
        mix->table = (const int16_t *)(data + sizeof numbers);
        ptrdiff_t size = (ptrdiff_t)sizeof numbers + (mix->entries ? (mix->entries + 1) * 2 : 0);
        int is_bound = !mix->entries || (mix->low >= 0 && mix->high < mix->entries);
        if (!is_bound || left < size || mix->shift < 1 || mix->shift > 31) return refused("a mix's bounds");
        data += size, left -= size;
    }
    return 0;
}

int augkit_colours(Colours *colours, const void *program, ptrdiff_t size)
{
    if (size < HEADER || (uintptr_t)program % 8) return refused("header");
    memcpy(colours, program, HEADER);
    colours->tables = (const uint8_t *)program + HEADER;
    colours->steps = (const double *)colours->tables;
    ptrdiff_t left = size - HEADER, colour_count = colours->channels - colours->alpha;
    ptrdiff_t table = colours->letter == 'B' ? LEVELS : DEEP_LEVELS * 2;
    if (!memchr("BHf", colours->letter, 3) || colour_count < 1 || colours->alpha < 0 || colours->alpha > 1)
        return refused("pictures");
    switch (colours->kind) {
    case TABLE: return colours->letter == 'f' || left < table ? refused("table") : 0;
    case TABLES:
        for (int i = 0; i < MAX_COLOURS && colour_count <= MAX_COLOURS; i++)
            if (colours->own[i] < 0 || colours->own[i] >= colour_count) return refused("channels");
        return colours->letter == 'f' || left < table * colour_count ? refused("tables") : 0;
    case MIX: return read_mixes(colours, colours->tables, left);
    case REAL:
        if (colours->alpha && colours->channels > MAX_REALS) return refused("channels beside alpha");
        return left < colours->own[0] * (ptrdiff_t)sizeof(double) ? refused("reals") : 0;
    }
    return refused("kind");
}

/* Put pixels through a table for all colours, or one for each; alpha, if there is one, lies last and stays. */
#define LOOK_UP(name, number, levels)                                                                               \
    static void name(const Colours *c, const number *from, number *to, ptrdiff_t pixels)                            \
    {                                                                                                               \
        const number *tables = (const number *)c->tables;                                                           \
        ptrdiff_t channels = c->channels, own = c->channels - c->alpha;                                             \
        if (c->kind == TABLE && !c->alpha) {                                                                        \
            for (ptrdiff_t i = 0; i < pixels * channels; i++) to[i] = tables[from[i]];                              \
            return;                                                                                                 \
        }                                                                                                           \
        if (c->kind == TABLES && own == 3 && channels == 3) {                                                       \
            const number *red = tables, *green = tables + levels, *blue = tables + 2 * levels;                      \
            for (ptrdiff_t i = 0; i < pixels; i++, from += 3, to += 3) {                                            \
                number r = red[from[c->own[0]]], g = green[from[c->own[1]]], b = blue[from[c->own[2]]];             \
                to[0] = r, to[1] = g, to[2] = b;                                                                    \
            }                                                                                                       \
            return;                                                                                                 \
        }                                                                                                           \
        for (ptrdiff_t i = 0; i < pixels; i++, from += channels, to += channels) {                                  \
            if (c->kind == TABLE)                                                                                   \
                for (ptrdiff_t k = 0; k < own; k++) to[k] = tables[from[k]];                                        \
            else if (own > MAX_COLOURS)                                                                             \
                for (ptrdiff_t k = 0; k < own; k++) to[k] = tables[k * levels + from[k]];                           \
            else {                                                                                                  \
                number found[MAX_COLOURS]; /* from may be to */                                                     \
                for (ptrdiff_t k = 0; k < own; k++) found[k] = tables[k * levels + from[c->own[k]]];                \
                for (ptrdiff_t k = 0; k < own; k++) to[k] = found[k];                                               \
            }                                                                                                       \
            if (c->alpha) to[own] = from[own];                                                                      \
        }                                                                                                           \
    }

LOOK_UP(look_up_bytes, uint8_t, LEVELS)
LOOK_UP(look_up_deep, uint16_t, DEEP_LEVELS)

void augkit_recolour(const Colours *c, const void *from, void *to, ptrdiff_t pixels)
{
    if (c->kind == REAL) augkit_in_reals(c, from, to, pixels);
    else if (c->kind == MIX) augkit_mix(c, from, to, pixels);
    else if (c->letter == 'H') look_up_deep(c, from, to, pixels);
    else if (!augkit_look_up(c, from, to, pixels)) look_up_bytes(c, from, to, pixels);
}

/* recolour(source, target, program): write the source's pixels, recoloured, into an array of its shape and kind. */
AUGKIT_METHOD(augkit_recolour_picture)
{
    (void)module;
    Plane source, target, program;
    Colours colours;
    if (augkit_count("recolour", count, 3) || augkit_plane(arguments[0], 0, &source)) return NULL;
    if (augkit_plane(arguments[1], 1, &target)) goto source;
    if (augkit_numbers(arguments[2], 0, 'B', 1, &program)) goto target;
    int is_read = augkit_colours(&colours, program.data, program.width) == 0;
    int fits = is_read && source.height == target.height && source.width == target.width &&
               source.channels == target.channels && source.kind == target.kind &&
               source.channels == colours.channels && source.kind == colours.letter;
    if (is_read && !fits)
        PyErr_SetString(PyExc_ValueError, "recolour: arrays and program must be of one shape and kind");
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        ptrdiff_t row = source.width * source.channels * source.item;
        if (source.row == row && target.row == row) augkit_recolour(&colours, source.data, target.data,
                                                                    source.width * source.height);
        else
            for (ptrdiff_t y = 0; y < source.height; y++)
                augkit_recolour(&colours, source.data + y * source.row, target.data + y * target.row, source.width);
        Py_END_ALLOW_THREADS
    }
    augkit_release(&program);
target:
    augkit_release(&target);
source:
    augkit_release(&source);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
