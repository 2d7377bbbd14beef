import test from 'ava';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import { asm } from '../../src/kernel/text.js';
import { bootSolo } from '../../src/scenario/solo.js';

/** A machine with a kernel thread that calls f again and again. */
const calling = () =>
  bootSolo({
    vmlinux: {
      functions: [
        { name: 'f', code: [asm.ret] },
        { name: 'caller', code: [asm.at('loop', asm.call('f')), asm.jump('loop')] },
      ],
    },
    initialTasks: [{ comm: 'caller', thread: 'caller' }],
  });

test('a CPU gives way to interrupts of its own, at the beginning of a turn and in the middle of a long one', (t) => {
  const { cpu, kernel, letRun } = calling();
  const words = new Set<number>();
  let turns = 0;
  cpu.giveWay = (interrupts) => {
    words.add(interrupts);
    turns++;
  };
  letRun(4);
  t.deepEqual([...words], [percpu(kernel, 0) + PERCPU.ipi]);
  t.true(turns > 4);
});

test('an entry that is made a no-op while the CPU executes it is one', (t) => {
  const { cpu, words, symbol, letRun } = calling();
  const target = symbol('f') + 1;
  let [fetches, calls] = [0, 0];
  const fetch = cpu.fetch.bind(cpu);
  cpu.fetch = (addr) => {
    if (addr !== target) return fetch(addr);
    // Every other look finds what was there before.
    if (++fetches % 2 === 0) return fetch(addr);
    calls++;
    return symbol('f');
  };
  t.is(words[target], 0);
  letRun(4);
  t.true(calls > 4);
});
