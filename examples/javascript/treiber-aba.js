// ABA: a node that was popped and pushed again looks as if the stack had not changed. A count in the head tells.
import { program } from 'klp-smp/javascript';

const HEAD = 0;
const NODE = 0xff;

/** Nodes 1 to 3 lie on the stack, in that order; word `n` holds what follows node `n`. */
const shared = () => {
  const words = new Int32Array(new SharedArrayBuffer(16));
  words.set([1, 2, 3, 0]);
  return words;
};

const pop = (words, count) => {
  for (;;) {
    const head = Atomics.load(words, HEAD);
    const node = head & NODE;
    if (node === 0) return 0;
    const next = Atomics.load(words, node) | ((head & ~NODE) + count);
    if (Atomics.compareExchange(words, HEAD, head, next) === head) return node;
  }
};

const push = (words, node, count) => {
  for (;;) {
    const head = Atomics.load(words, HEAD);
    Atomics.store(words, node, head & NODE);
    const next = node | ((head & ~NODE) + count);
    if (Atomics.compareExchange(words, HEAD, head, next) === head) return;
  }
};

/** Each node is held by one thread, or lies on the stack once. */
const outcome = ([mine, yours], words) => {
  const rest = [];
  for (let node = words[HEAD] & NODE; node !== 0 && rest.length < 4; node = words[node]) {
    rest.push(node);
  }
  const all = [mine, yours, ...rest].sort().join();
  return all === '1,2,3' ? 'every node once' : 'a node twice, or lost';
};

const declared = (count) => ({
  shared,
  threads: [
    (words) => pop(words, count),
    (words) => {
      const first = pop(words, count);
      const second = pop(words, count);
      push(words, first, count);
      return second;
    },
  ],
  outcome,
  acceptable: { 'every node once': 'a stack' },
});

export const treiberBroken = program(declared(0));
export const treiber = program(declared(0x100));
