// A queue whose index is an ordinary element: what it announces may not be there yet.
import { program } from 'klp-smp/javascript';

const INDEX = 0;

const declared = (publish, look) => ({
  shared: () => new Int32Array(new SharedArrayBuffer(8)),
  threads: [
    (words) => {
      words[1] = 5;
      publish(words);
    },
    (words) => (look(words) === 1 ? words[1] : 'empty'),
  ],
  outcome: ([, got]) => got,
  acceptable: { 5: 'the element', empty: 'too early' },
});

export const plainIndexBroken = program(
  declared(
    (words) => {
      words[INDEX] = 1;
    },
    (words) => words[INDEX],
  ),
);
export const plainIndex = program(
  declared(
    (words) => Atomics.store(words, INDEX, 1),
    (words) => Atomics.load(words, INDEX),
  ),
);
