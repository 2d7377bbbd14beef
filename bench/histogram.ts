/** A histogram of times that costs a few instructions an entry: words of shared memory, 32 buckets an octave. */

const SUB_BITS = 5;

/** Words of a histogram: values of up to 31 bits. */
export const HISTOGRAM_WORDS = 32 << SUB_BITS;

/** Count a value, an integer of at least 0. Only one thread may write a histogram. */
export function count(words: Int32Array, base: number, value: number): void {
  const octave = 31 - Math.clz32(value | 1);
  const shift = octave - SUB_BITS;
  const sub = shift >= 0 ? value >>> shift : value << -shift;
  const bucket = base + (octave << SUB_BITS) + (sub & ((1 << SUB_BITS) - 1));
  words[bucket] = (words[bucket] as number) + 1;
}

/** Lower bound of a bucket. */
function valueOf(bucket: number): number {
  const octave = bucket >>> SUB_BITS;
  return 2 ** octave * (1 + (bucket & ((1 << SUB_BITS) - 1)) / (1 << SUB_BITS));
}

/**
 * Values below which the given fractions of all entries lie, to a 32nd; NaN while nothing was counted.
 *
 * @param bases histograms to take together
 * @param fractions 0.5 is the median; ascending
 */
export function quantiles(
  words: Int32Array,
  bases: readonly number[],
  fractions: readonly number[],
): number[] {
  const counts = Array.from({ length: HISTOGRAM_WORDS }, (_, i) =>
    bases.reduce((sum, base) => sum + (words[base + i] as number), 0),
  );
  const total = counts.reduce((sum, n) => sum + n, 0);
  return fractions.map((fraction) => {
    let left = total * fraction;
    const bucket = counts.findIndex((n) => (left -= n) < 0);
    return bucket < 0 ? NaN : valueOf(bucket);
  });
}
