/* Sums of rows times weights, in vectors of one width: included by filters.c once for AVX2 and once for AVX-512.

   Two int16 that lie side by side meet two weights in one instruction (pmaddwd), which adds their products in int32:
   nothing overflows (see filters.c), so that every order of adding gives the same bytes. */

/* See folded_scalar in filters.c. */
TARGET static void NAME(folded)(const Folds *folds, ptrdiff_t count, int16_t *to, uint8_t *bytes)
{
    const VECTOR half = SET32((1 << folds->shift) / 2), one = SET32(1);
    const __m128i shift = _mm_cvtsi32_si128(folds->shift);
    for (ptrdiff_t i = 0; i < count; i += 2 * LANES) {
        VECTOR sums[4] = {half, half, half, half};
        for (int term = 0; term < folds->count; term += 2) {
            const VECTOR weights = SET32(folds->weights[term / 2]);
            const int16_t *a = folds->left[term] + i, *b = folds->right[term] + i;
            const int16_t *c = folds->left[term + 1] + i, *d = folds->right[term + 1] + i;
            for (int part = 0; part < 2; part++) {
                VECTOR first = ADD16(LOAD(a + part * LANES), LOAD(b + part * LANES));
                VECTOR second = ADD16(LOAD(c + part * LANES), LOAD(d + part * LANES));
                sums[2 * part] = ADD32(sums[2 * part], MADD(LOW16(first, second), weights));
                sums[2 * part + 1] = ADD32(sums[2 * part + 1], MADD(HIGH16(first, second), weights));
            }
        }
        for (int part = 0; part < 4; part++) {
            if (bytes) { /* halves go to the even neighbour */
                VECTOR is_odd = AND(SRL32(SUB32(sums[part], half), shift), one);
                sums[part] = SUB32(ADD32(sums[part], is_odd), one);
            }
            sums[part] = SRA32(sums[part], shift);
        }
        for (int part = 0; part < 2; part++) {
            VECTOR sixteen = PACK32(sums[2 * part], sums[2 * part + 1]); /* undoes LOW16 and HIGH16 */
            if (bytes) STORE8(bytes + i + part * LANES, sixteen);
            else STORE(to + i + part * LANES, sixteen);
        }
    }
}

/* See tapped_scalar in filters.c. */
TARGET static void NAME(tapped)(const Taps *taps, ptrdiff_t count, uint8_t *bytes)
{
    const VECTOR half = SET32((1 << taps->shift) / 2 - 1), one = SET32(1);
    const __m128i shift = _mm_cvtsi32_si128(taps->shift);
    for (ptrdiff_t i = 0; i < count; i += 2 * LANES) { /* int32 are half as many a vector */
        VECTOR sums[4] = {SET32(0), SET32(0), SET32(0), SET32(0)};
        for (int tap = 0; tap < taps->count; tap++) {
            const VECTOR weights = SET32(taps->weights[tap]);
            const int32_t *from = taps->from[tap] + i;
            for (int part = 0; part < 4; part++)
                sums[part] = ADD32(sums[part], MADD(LOAD(from + part * LANES / 2), weights));
        }
        for (int part = 0; part < 4; part++) {
            VECTOR is_odd = AND(SRL32(sums[part], shift), one);
            sums[part] = SRA32(ADD32(ADD32(sums[part], half), is_odd), shift);
        }
        for (int part = 0; part < 2; part++)
            STORE8(bytes + i + part * LANES, IN_ORDER(PACK32(sums[2 * part], sums[2 * part + 1])));
    }
}
