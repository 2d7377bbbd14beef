import test from 'ava';
import { KERNEL, percpu, PERCPU } from '../../src/kernel/layout.js';
import { TASK, TASK_RUNNING } from '../../src/kernel/task.js';
import { addTimer, delTimer, runTimers, TIMER, TIMER_WAKE } from '../../src/kernel/timer.js';
import { kernelMachine } from './machine.js';

const setup = () => {
  const m = kernelMachine();
  const { words, kernel, sleeper, data } = m;
  const clock = kernel.globals + KERNEL.jiffies;
  words[clock] = 1000;
  return {
    ...m,
    clock,
    next: percpu(kernel, 0) + PERCPU.nextExpiry,
    first: percpu(kernel, 0) + PERCPU.timers,
    a: sleeper + TASK.timer,
    b: data,
  };
};

test('add_timer: a timer expires a jiffy from now at the earliest, and the earliest of all is known', (t) => {
  const { cpu, words, next, first, a, b, sleeper, runnable } = setup();
  addTimer(cpu, b, TIMER_WAKE, runnable, 50);
  t.is(words[next], 1050);
  addTimer(cpu, a, TIMER_WAKE, sleeper, 0);
  t.is(words[a + TIMER.expires], 1001);
  t.is(words[next], 1001);
  t.is(words[a + TIMER.armed], 1, '1 + CPU');
  t.is(words[first], a);
});

test('del_timer: a timer is disarmed once, from the middle of the list as well', (t) => {
  const { cpu, words, first, a, b, data, runnable } = setup();
  const c = data + TIMER.size;
  for (const timer of [a, b, c]) addTimer(cpu, timer, TIMER_WAKE, runnable, 10);
  t.true(delTimer(cpu, b));
  t.false(delTimer(cpu, b));
  t.deepEqual([words[first], words[c + TIMER.next], words[a + TIMER.prev]], [c, a, c]);
  t.true(delTimer(cpu, c));
  t.true(delTimer(cpu, a));
  t.is(words[first], 0);
});

test('run_local_timers: what is due fires, what is not stays, and the next expiry is that of what stays', (t) => {
  const { cpu, words, clock, next, a, b, sleeper, runnable } = setup();
  addTimer(cpu, a, TIMER_WAKE, sleeper, 5);
  addTimer(cpu, b, TIMER_WAKE, runnable, 9);
  words[clock] = 1004;
  runTimers(cpu);
  t.is(words[sleeper + TASK.onRq], 0, 'not yet');
  words[clock] = 1005;
  runTimers(cpu);
  t.deepEqual([words[sleeper + TASK.onRq], words[sleeper + TASK.state]], [1, TASK_RUNNING]);
  t.is(words[a + TIMER.armed], 0);
  t.is(words[b + TIMER.armed], 1);
  t.is(words[next], 1009);
  words[clock] = 2000;
  runTimers(cpu);
  t.is(words[next], 0);
});
