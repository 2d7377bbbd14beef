// A consumer that looks at its condition outside the lock may sleep after the only wake-up has gone.
import { program } from 'klp-smp/javascript';

const READY = 0;
const QUEUE = 1;

const shared = () => new Int32Array(new SharedArrayBuffer(8));
const acceptable = { 'got it': 'the consumer has seen what the producer made' };
const outcome = ([got]) => got;

const produce = (words) => {
  Atomics.store(words, READY, 1);
  Atomics.notify(words, QUEUE);
};

export const lostWakeUpBroken = program({
  shared,
  threads: [
    (words) => {
      if (Atomics.load(words, READY) === 0) Atomics.wait(words, QUEUE, 0);
      return 'got it';
    },
    produce,
  ],
  outcome,
  acceptable,
});

// The word that is slept on changes before the wake-up: a sleep that comes too late does not begin.
export const lostWakeUp = program({
  shared,
  threads: [
    (words) => {
      while (Atomics.load(words, READY) === 0) {
        const seen = Atomics.load(words, QUEUE);
        if (Atomics.load(words, READY) === 0) Atomics.wait(words, QUEUE, seen);
      }
      return 'got it';
    },
    (words) => {
      Atomics.store(words, READY, 1);
      Atomics.add(words, QUEUE, 1);
      Atomics.notify(words, QUEUE);
    },
  ],
  outcome,
  acceptable,
});
