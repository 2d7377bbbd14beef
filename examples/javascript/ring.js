// Two pushes and two pops: what was pushed comes out, in order.
import { program } from 'klp-smp/javascript';
import { RingBuffer } from './ring-buffer.js';

const outcome = ([, popped]) => popped.map((value) => value ?? '-').join();

export const ring = program({
  shared: () => new SharedArrayBuffer(24),
  threads: [
    (sab) => {
      const queue = new RingBuffer(sab);
      queue.push(1);
      queue.push(2);
    },
    (sab) => {
      const queue = new RingBuffer(sab);
      return [queue.pop(), queue.pop()];
    },
  ],
  outcome,
  acceptable: {
    '-,-': 'nothing was there yet',
    '-,1': 'the first came in between',
    '1,-': 'the second was not there yet',
    '1,2': 'both were there',
  },
  forbidden: {
    '0,-': 'an element that was never pushed',
    '1,0': 'an element that was never pushed',
    '0,0': 'elements that were never pushed',
    '-,0': 'an element that was never pushed',
    '0,2': 'an element that was never pushed',
  },
});
