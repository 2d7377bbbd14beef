// A reader of a seqlock that does not look at the sequence again may have seen half of a change.
import { program } from 'klp-smp/javascript';

const SEQUENCE = 0;

const write = (words) => {
  Atomics.add(words, SEQUENCE, 1);
  Atomics.store(words, 1, 7);
  Atomics.store(words, 2, 7);
  Atomics.add(words, SEQUENCE, 1);
};

const read = (words) => {
  const before = Atomics.load(words, SEQUENCE);
  const values = [Atomics.load(words, 1), Atomics.load(words, 2)];
  return { before, values, after: Atomics.load(words, SEQUENCE) };
};

const declared = (isValid) => ({
  shared: () => new Int32Array(new SharedArrayBuffer(12)),
  threads: [
    write,
    (words) => {
      const seen = read(words);
      return isValid(seen) ? seen.values.join() : 'try again';
    },
  ],
  outcome: ([, seen]) => seen,
  acceptable: { '0,0': 'before', '7,7': 'after', 'try again': 'in between' },
});

export const seqlockBroken = program(declared(({ before }) => before % 2 === 0));
export const seqlock = program(
  declared(({ before, after }) => before % 2 === 0 && before === after),
);
