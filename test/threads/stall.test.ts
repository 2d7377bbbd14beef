import test from 'ava';
import { KERNEL } from '../../src/kernel/layout.js';
import { RWLOCK } from '../../src/kernel/rwlock.js';
import { holdUpLines, LongestHoldUp } from '../../src/threads/hold-up.js';
import { StallDetector } from '../../src/threads/stall.js';
import { endless, insmod, livepatch, version } from '../../src/catalog/history/machine.js';
import { claimCheck, type CheckLayout } from '../../src/check/layout.js';
import { TASK } from '../../src/kernel/task.js';
import { asm } from '../../src/kernel/text.js';
import { bootSolo } from '../../src/scenario/solo.js';
import type { WatchedMachine } from '../../src/scenario/watched.js';
import { checkedMachine } from '../check/machine.js';

const WRITER = 0x10000;

test('a transition behind a task list that stays locked is a stall all the same', (t) => {
  const { booted, words, check } = checkedMachine();
  const { kernel, klp } = booted;
  words[klp.transitionPatch] = klp.patchCache.base;
  words[klp.targetState] = 1;
  words[kernel.globals + KERNEL.tasklistLock + RWLOCK.count] = WRITER;
  const stalls = new StallDetector(words, check, 1000);
  t.is(stalls.look(1), undefined);
  t.is(stalls.look(900), undefined);
  t.deepEqual(stalls.look(1001), { forMs: 1000, target: 1, count: 0, tasks: [] });
  words[kernel.globals + KERNEL.tasklistLock + RWLOCK.count] = 0;
  t.is(stalls.look(1900), undefined, 'the list can be read again: that is progress');
  t.true((stalls.look(2900)?.tasks.length ?? 0) > 0);
});

test('of very many tasks that are behind, a stall has the number, and describes the newest', (t) => {
  let check: CheckLayout | undefined;
  const machine = bootSolo(
    {
      vmlinux: { functions: [version('f', 0, 1, []), endless('thread', asm.sleep(5000))] },
      initialTasks: [{ comm: 'many', thread: 'thread', sleepingIn: ['thread'], count: 3000 }],
    },
    {
      watch: ({ map, kernel, klp, localBase }) => {
        check = claimCheck(map, kernel, klp, localBase);
        return () => () => undefined;
      },
    },
  );
  const { words, klp, tasks } = machine;
  t.is(tasks.length, 3000);
  words[klp.transitionPatch] = klp.patchCache.base;
  words[klp.targetState] = 1;
  const stalls = new StallDetector(words, check!, 100);
  t.is(stalls.look(0), undefined);
  const { count, tasks: described } = stalls.look(100)!;
  t.true(count > 3000);
  t.is(described.length, 1000);
  words[tasks[0]! + TASK.patchState] = 1;
  t.is(stalls.look(190), undefined, 'the oldest has switched: that is progress');
});

const SLEEPS = {
  uninterruptible: [
    asm.sleepUninterruptible(5000),
    /^the end of what it waits for, after which it has to leave f; no signal wakes it$/,
  ],
  interruptible: [
    asm.sleep(5000),
    /^the end of what it waits for, after which it has to leave f; a signal only makes it look again$/,
  ],
} as const;

for (const [what, [sleep, says]] of Object.entries(SLEEPS)) {
  test(`a stall names the task in an ${what} sleep, the function in its way and what would unblock it`, (t) => {
    let check: CheckLayout | undefined;
    const machine = bootSolo(
      {
        vmlinux: { functions: [version('f', 0, 1, [sleep]), endless('thread', asm.call('f'))] },
        modules: [livepatch(1, [version('f_v1', 1, 1, [sleep])])],
        initialTasks: [{ comm: 'in_f', thread: 'thread' }],
      },
      {
        watch: ({ map, kernel, klp, localBase }) => {
          check = claimCheck(map, kernel, klp, localBase);
          return () => () => undefined;
        },
      },
    );
    machine.letRun(5);
    insmod(machine as unknown as WatchedMachine, 'livepatch_1');
    const stalls = new StallDetector(machine.words, check!, 100);
    t.is(stalls.look(0), undefined);
    const [task, ...others] = stalls.look(100)?.tasks ?? [];
    t.regex(task?.task ?? '', /^in_f/);
    t.is(task?.inTheWay, 'f');
    t.regex(task?.unblockedBy ?? '', says);
    t.true(task?.pending);
    t.is(others.filter(({ inTheWay }) => inTheWay !== '').length, 0);
  });
}

test('the longest hold-up is that of a transition the kernel takes for stuck, and tells tasks that are alike in one line', (t) => {
  let check: CheckLayout | undefined;
  const sleep = asm.sleepUninterruptible(4500);
  const machine = bootSolo(
    {
      vmlinux: {
        functions: [version('f', 0, 1, [sleep]), endless('thread', asm.call('f'), asm.sleep(300))],
      },
      modules: [
        livepatch(1, [version('f_v1', 1, 1, [sleep])]),
        livepatch(2, [version('f_v2', 2, 1, [sleep])]),
      ],
      initialTasks: [{ comm: 'in_f', thread: 'thread', count: 3 }],
    },
    {
      watch: ({ map, kernel, klp, localBase }) => {
        check = claimCheck(map, kernel, klp, localBase);
        return () => () => undefined;
      },
    },
  );
  const holdUps = new LongestHoldUp(machine.words, check!);
  const lookFor = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) {
      machine.letRun(100);
      holdUps.look();
    }
  };
  machine.letRun(5);
  insmod(machine as unknown as WatchedMachine, 'livepatch_1');
  lookFor(12);
  t.is(holdUps.longest, undefined, 'any transition may take some seconds');
  lookFor(60);
  const { patch, attempts, target, count, tasks } = holdUps.longest!;
  t.deepEqual([patch, target, count], ['livepatch_1', 1, 3]);
  t.true(attempts >= 30 && attempts <= 46, String(attempts));
  t.is(tasks.length, 1);
  t.regex(
    tasks[0]!,
    /^in_f:\d+ patch_state 0, pending, .* f is in the way; would unblock it: .*; no signal wakes it \(and 2 like it\)$/,
  );
  t.regex(
    holdUpLines(holdUps.longest!)[0]!,
    /^longest hold-up: \d+ attempts towards patched of livepatch_1; 3 tasks had not/,
  );
  // Until the next transition has started, the count is that of the one before.
  t.is(machine.words[machine.klp.transitionPatch], 0);
  machine.words[machine.klp.signalsCnt] = 90;
  insmod(machine as unknown as WatchedMachine, 'livepatch_2');
  machine.words[machine.klp.signalsCnt] = 90;
  holdUps.look();
  holdUps.look();
  t.is(holdUps.longest!.attempts, attempts);
});
