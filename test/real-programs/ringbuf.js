// ringbuf.js 0.4.0: a wait-free queue of one producer and one consumer.
import { program } from 'klp-smp/javascript';
import { RingBuffer } from 'ringbuf.js';

const take = (queue, count) => {
  const into = new Uint8Array(count);
  const n = queue.pop(into);
  return [...into.subarray(0, n)];
};

export const ringbuf = program({
  shared: () => RingBuffer.getStorageForCapacity(3, Uint8Array),
  threads: [
    (sab) => {
      const queue = new RingBuffer(sab, Uint8Array);
      return [queue.push(new Uint8Array([1, 2])), queue.push(new Uint8Array([3, 4]))].join();
    },
    (sab) => {
      const queue = new RingBuffer(sab, Uint8Array);
      return [...take(queue, 2), ...take(queue, 2), ...take(queue, 2)].join();
    },
  ],
  // Whatever was popped is a beginning of what was pushed.
  outcome: ([pushed, popped]) =>
    '1,2,3,4'.startsWith(popped) ? 'in order' : `${pushed}: ${popped}`,
  acceptable: { 'in order': 'a queue' },
});
