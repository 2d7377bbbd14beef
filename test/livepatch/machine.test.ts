import test from 'ava';
import { asm } from '../../src/kernel/text.js';
import { TASK } from '../../src/kernel/task.js';
import { TRACE_MARK } from '../../src/kernel/trace.js';
import { boot } from './machine.js';

test('a script runs in the driver task and returns its value', (t) => {
  const m = boot();
  t.is(
    m.run((cpu) => cpu.get(cpu.current + TASK.comm)),
    m.name('driver'),
  );
});

test('time passes while every CPU is idle', (t) => {
  const m = boot({ cpus: 2 });
  const before = m.jiffies;
  m.sleep(50);
  t.true(m.jiffies >= before + 50);
});

test('other CPUs run while the boot CPU waits', (t) => {
  const m = boot({
    cpus: 2,
    functions: [
      {
        name: 'ticker',
        code: [asm.at('loop', asm.sleep(1)), asm.mark(1, 1), asm.jump('loop')],
      },
    ],
    tasks: [{ comm: 'ticker', thread: 'ticker' }],
  });
  m.sleep(20);
  const marks = m.cpus.flatMap((cpu) => cpu.events).filter((e) => e.event === TRACE_MARK);
  t.true(marks.length >= 5);
});

test('a module can be loaded and unloaded', (t) => {
  const m = boot({ modules: [{ name: 'plain', functions: [{ name: 'f', code: [asm.ret] }] }] });
  t.is(m.load('plain'), 0);
  t.not(m.module('plain'), 0);
  t.is(m.unload('plain'), 0);
  t.is(m.module('plain'), 0);
});

test('a condition that never holds ends the test instead of hanging it', (t) => {
  const m = boot();
  t.throws(() => m.until(() => false), { message: /waits for ever|never holds/ });
});
