// One word for two kinds of waiters: waking one of them may wake the wrong one, which sleeps again.
import { program } from 'klp-smp/javascript';

const STATE = 0;

const until = (words, wanted) => {
  for (let state; (state = Atomics.load(words, STATE)) !== wanted;) {
    Atomics.wait(words, STATE, state);
  }
};

const declared = (count) => ({
  shared: () => new Int32Array(new SharedArrayBuffer(4)),
  threads: [
    (words) => {
      until(words, 1);
      Atomics.store(words, STATE, 2);
      Atomics.notify(words, STATE, count);
    },
    (words) => until(words, 2),
    (words) => {
      Atomics.store(words, STATE, 1);
      Atomics.notify(words, STATE, count);
    },
  ],
  outcome: () => 'all done',
  acceptable: { 'all done': 'each has seen its state' },
});

export const wrongWaiterBroken = program(declared(1));
export const wrongWaiter = program(declared(Infinity));
