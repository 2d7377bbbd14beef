import test from 'ava';
import { TASK, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { ENABLED, TRANSITION } from '../../src/livepatch/core-sysfs.js';
import { KLP_PATCH, KLP_PATCHED, KLP_UNPATCHED } from '../../src/livepatch/layout.js';
import { O_05, O_06 } from '../../src/memory/sites.js';
import {
  asleepIn,
  funcOf,
  funcWord,
  isPending,
  placeAt,
  said,
  settle,
  blocked,
  blockedDisable,
  unblock,
} from './fixtures.js';
import { switchesOf, type Machine } from './machine.js';

// klp_reverse_transition

test('klp_reverse_transition: turns an enabling round before its blocked task switched', (t) => {
  const m = blocked({ tasks: [asleepIn('nap')] });
  const [inF, elsewhere] = [m.tasks[0]!, m.tasks[1]!];
  const from = m.logEnd;
  m.run((cpu) => ENABLED.store!(cpu, m.directory('p'), '0'));
  t.deepEqual(m.log(from), [
    "'p': reversing transition from patching to unpatching",
    "'p': starting unpatching transition",
  ]);
  t.is(m.targetState, KLP_UNPATCHED);
  t.is(m.words[m.patch('p') + KLP_PATCH.enabled], 0);
  // The task that never switched is in the right state; the task that had switched has to go back.
  t.false(isPending(m, inF));
  t.true(isPending(m, elsewhere));
  t.is(m.read('p', TRANSITION), 1);
  settle(m);
  t.deepEqual(m.log(from).slice(2), [
    "'p': completing unpatching transition",
    said('p', 'post_unpatch'),
    "'p': unpatching complete",
  ]);
  t.is(m.directory('p'), 0);
});

test('klp_reverse_transition: turns a disabling round, and post_patch runs again', (t) => {
  const m = blockedDisable();
  const from = m.logEnd;
  t.is(m.write('p', ENABLED, '1'), 1);
  settle(m);
  t.deepEqual(m.log(from), [
    "'p': reversing transition from unpatching to patching",
    "'p': starting patching transition",
    "'p': completing patching transition",
    said('p', 'post_patch'),
    "'p': patching complete",
  ]);
  t.is(m.read('p', ENABLED), 1);
  t.is(m.refcount('p'), 1);
});

test('klp_reverse_transition: may be repeated, and each time the attempts are counted anew', (t) => {
  const m = blocked();
  for (const text of ['0', '1', '0', '1']) {
    // Task 0 is in the original: it blocks patching only, so hold the other direction with the new function.
    const at = text === '1' ? m.addr('f') : funcWord(m, funcOf(m, 'p'), 'newFunc');
    m.words[m.tasks[0]! + TASK.patchState] = text === '1' ? KLP_UNPATCHED : KLP_PATCHED;
    placeAt(m, m.tasks[0]!, at);
    m.words[m.ctx.klp.signalsCnt] = 9;
    t.is(m.write('p', ENABLED, text), 1);
    t.is(m.words[m.ctx.klp.signalsCnt], 0);
    t.is(m.read('p', ENABLED), Number(text));
  }
  unblock(m);
  settle(m);
  t.is(m.log().at(-1), "'p': patching complete");
});

test('klp_reverse_transition: completion is left to the queued work, about a second later', (t) => {
  const m = blocked();
  const before = m.jiffies;
  m.write('p', ENABLED, '0');
  t.not(m.transitionPatch, 0);
  settle(m);
  t.true(m.jiffies - before <= 180);
});

test('klp_reverse_transition: 6.5 clears all marks, synchronises, flips, fences and marks, in this order', (t) => {
  const m = blocked();
  const log = reverseLog(m);
  const clear = log.findLastIndex((e) => e.op === 'clearBit' && e.value === TIF_PATCH_PENDING);
  const flip = log.findIndex((e) => e.addr === m.ctx.klp.targetState);
  const fence = log.findIndex((e) => e.op === 'smpWmb' && e.value === O_06);
  const mark = log.findIndex((e) => e.op === 'setBit' && e.value === TIF_PATCH_PENDING);
  t.true(clear >= 0 && clear < flip && flip < fence && fence < mark);
});

test('klp_reverse_transition: 6.1 flips the direction first and has no fence', (t) => {
  const m = blocked({ version: '6.1' });
  const log = reverseLog(m);
  const clear = log.findIndex((e) => e.op === 'clearBit' && e.value === TIF_PATCH_PENDING);
  const flip = log.findIndex((e) => e.addr === m.ctx.klp.targetState);
  t.true(flip >= 0 && flip < clear);
  // That of a work that begins is the workqueue's, and no ordering site.
  t.deepEqual(
    log.filter((e) => e.op === 'smpWmb' && e.value !== 0),
    [],
  );
});

test('klp_reverse_transition: waits for all CPUs between clearing and flipping, unless that is ablated', (t) => {
  for (const ablate of [[], [O_05]]) {
    const m = blocked({ cpus: 2, ablate });
    const moved = m.run((cpu) => {
      const before = switchesOf(m.cpus[1]!);
      const at: { flip?: number | undefined } = {};
      const write = cpu.write.bind(cpu);
      cpu.write = (addr, value) => {
        if (addr === m.ctx.klp.targetState) at.flip = switchesOf(m.cpus[1]!);
        write(addr, value);
      };
      ENABLED.store!(cpu, m.directory('p'), '0');
      return at.flip !== before;
    });
    t.is(moved, ablate.length === 0);
  }
});

function reverseLog(m: Machine): NonNullable<Machine['cpu']['log']> {
  return m.run((cpu) => {
    cpu.log = [];
    ENABLED.store!(cpu, m.directory('p'), '0');
    const { log } = cpu;
    cpu.log = undefined;
    return log;
  });
}
