/* Sums of rows of pairs times pairs of weights, in vectors of one width: included by filters.c once for AVX2 and once for
   AVX-512.

   Two int16 that lie side by side meet two weights in one instruction, which adds their products in int32: nothing
   overflows (see filters.c), so that every order of adding gives the same bytes. */

/* Return sums rounded, halves to even ones: of 2 ** shift. */
TARGET static INLINE VECTOR NAME(nearest)(VECTOR sums, VECTOR half, VECTOR one, __m128i shift)
{
    VECTOR is_odd = AND(SRL32(sums, shift), one);
    return SRA32(ADD32(ADD32(sums, half), is_odd), shift);
}

/* See tapped_scalar in filters.c: one row of results, or two of the same rows, `parts` vectors at a time. */
TARGET static INLINE void NAME(tapped_rows)(const Taps *taps, ptrdiff_t count, uint8_t *const *bytes, int rows,
                                            int parts)
{
    const VECTOR half = SET32((1 << taps->shift) / 2 - 1), one = SET32(1);
    const __m128i shift = _mm_cvtsi32_si128(taps->shift);
    for (ptrdiff_t i = 0; i < count; i += parts * LANES) {
        VECTOR sums[2][8];
        for (int row = 0; row < rows; row++)
            for (int part = 0; part < parts; part++) sums[row][part] = SET32(0);
        for (int tap = 0; tap < taps->count; tap++) {
            const int32_t *from = taps->from[tap] + i;
            for (int row = 0; row < rows; row++) {
                const VECTOR weights = SET32(taps->weights[row][tap]);
                for (int part = 0; part < parts; part++)
                    sums[row][part] = DOT(sums[row][part], LOAD(from + part * LANES), weights);
            }
        }
        for (int row = 0; row < rows; row++)
            for (int part = 0; part < parts; part++)
                STORE8(bytes[row] + i + part * LANES, NAME(nearest)(sums[row][part], half, one, shift));
    }
}

TARGET static void NAME(tapped)(const Taps *taps, ptrdiff_t count, uint8_t *const *bytes)
{
    if (bytes[1]) NAME(tapped_rows)(taps, count, bytes, 2, PARTS);
    else NAME(tapped_rows)(taps, count, bytes, 1, 8);
}

/* See folded_scalar in filters.c. */
TARGET static void NAME(folded)(const Taps *taps, ptrdiff_t apart, ptrdiff_t count, int32_t *to)
{
    const VECTOR half = SET32((1 << taps->shift) / 2);
    const __m128i shift = _mm_cvtsi32_si128(taps->shift);
    for (ptrdiff_t i = 0; i < count; i += 4 * LANES) {
        VECTOR above[4] = {half, half, half, half}, below[4] = {half, half, half, half};
        for (int tap = 0; tap < taps->count; tap++) {
            const VECTOR weights = SET32(taps->weights[0][tap]);
            const int32_t *from = taps->from[tap] + i;
            for (int part = 0; part < 4; part++) {
                above[part] = DOT(above[part], LOAD(from + part * LANES), weights);
                below[part] = DOT(below[part], LOAD(from + apart + part * LANES), weights);
            }
        }
        for (int part = 0; part < 4; part++)
            STORE(to + i + part * LANES, OR(SRA32(above[part], shift), SLL32(SRA32(below[part], shift), 16)));
    }
}
