import test from 'ava';
import { KERNEL } from '../../src/kernel/layout.js';
import { readLock, readUnlock } from '../../src/kernel/rwlock.js';
import { TASK, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { ENABLED, FORCE } from '../../src/livepatch/core-sysfs.js';
import {
  KLP_CPU,
  KLP_PATCHED,
  KLP_UNPATCHED,
  type KlpCallback,
} from '../../src/livepatch/layout.js';
import {
  __klpSchedTrySwitch,
  klpTryCompleteTransition,
  klpUpdatePatchState,
} from '../../src/livepatch/transition.js';
import { WARN_HANDLER_EMPTY_STACK } from '../../src/livepatch/warn-sites.js';
import { LIST } from '../../src/kernel/list.js';
import { klpFindOps, klpFtraceHandler } from '../../src/livepatch/patch.js';
import { KLP_OPS } from '../../src/livepatch/layout.js';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import {
  O_04,
  O_07,
  O_08,
  O_09,
  O_10,
  O_11,
  O_14,
  O_17,
  O_18,
  O_20,
  O_23,
  O_24,
  O_27,
  O_32,
  type SiteId,
} from '../../src/memory/sites.js';
import { blocked, bootSmall, isPending, livepatch, settle, stateOf } from './fixtures.js';
import type { Machine, SoloCpu } from './machine.js';

/** The sites that operations of `cpu` carry while `run` runs, in order. */
function sitesOf(m: Machine, run: (cpu: SoloCpu) => void): SiteId[] {
  const sites: SiteId[] = [];
  const names = [
    'smpRmb',
    'smpWmb',
    'rcuDereference',
    'testAndClearBit',
    'preemptDisable',
  ] as const;
  m.run((cpu) => {
    const spied = cpu as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of names) {
      const original = spied[name]!.bind(cpu);
      spied[name] = (...args) => {
        const site = args[name === 'testAndClearBit' ? 2 : name === 'rcuDereference' ? 1 : 0];
        if (site !== undefined) sites.push(site as SiteId);
        return original(...args);
      };
    }
    run(cpu);
    for (const name of names) Reflect.deleteProperty(spied, name);
  });
  return sites;
}

function callHandler(m: Machine, cpu: SoloCpu): void {
  const ops = klpFindOps(cpu, m.addr('f'));
  const fregs = percpu(m.layout.context, 0) + PERCPU.fregs;
  klpFtraceHandler(cpu, m.addr('f'), 0, ops + KLP_OPS.fops, fregs);
}

test('the handler: preemption off, dependent load, first barrier; the second one only in a transition', (t) => {
  const m = blocked();
  t.deepEqual(
    sitesOf(m, (cpu) => callHandler(m, cpu)),
    [O_17, O_11, O_09, O_10],
  );
  m.write('p', FORCE, '1');
  settle(m);
  t.deepEqual(
    sitesOf(m, (cpu) => callHandler(m, cpu)),
    [O_17, O_11, O_09],
  );
});

test('the two switch points: preemption off, then the read of the flag, then the barrier', (t) => {
  const m = blocked();
  t.deepEqual(
    sitesOf(m, (cpu) => klpUpdatePatchState(cpu, cpu.current)),
    [O_18, O_07],
  );
  m.run((cpu) => cpu.setBit(cpu.current + TASK.tiFlags, TIF_PATCH_PENDING));
  t.deepEqual(sitesOf(m, __klpSchedTrySwitch), [O_23, O_08]);
});

test('disabling: the barrier stands between pre_unpatch and the first mark (O-04)', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const log = m.run((cpu) => {
    cpu.log = [];
    ENABLED.store!(cpu, m.directory('p'), '0');
    const { log } = cpu;
    cpu.log = undefined;
    return log;
  });
  const fence = log.findIndex((e) => e.op === 'smpWmb' && e.value === O_04);
  const mark = log.findIndex((e) => e.op === 'setBit' && e.value === TIF_PATCH_PENDING);
  t.true(fence >= 0 && mark > fence);
});

test('without O-14 a handler that is under way finds an empty stack', (t) => {
  for (const ablate of [[], [O_14]]) {
    const m = bootSmall({ modules: [livepatch('p', ['f'])], ablate });
    m.load('p');
    settle(m);
    const ops = m.run((cpu) => klpFindOps(cpu, m.addr('f')));
    const text = m.addr('f') + 1;
    // The handler runs at the moment when its call is taken out of the text.
    const writeOnce = m.cpu.writeOnce.bind(m.cpu);
    const seen: boolean[] = [];
    m.cpu.writeOnce = (addr, value) => {
      if (addr === text && value === 0) {
        seen.push(m.words[ops + KLP_OPS.funcStack + LIST.next] === ops + KLP_OPS.funcStack);
      }
      writeOnce(addr, value);
    };
    m.write('p', ENABLED, '0');
    settle(m);
    t.deepEqual(seen, [ablate.length > 0]);
  }
  t.is(WARN_HANDLER_EMPTY_STACK.id, 33);
});

test('the task loops hold tasklist_lock, unless O-20 is ablated or it is sabotaged away', (t) => {
  for (const [decl, held] of [
    [{}, true],
    [{ ablate: [O_20] }, false],
    [{ sabotage: { noTasklistLock: true } }, false],
  ] as const) {
    const m = blocked(decl);
    const { globals } = m.layout.context;
    const task = m.tasks[0]!;
    const seen = new Set<boolean>();
    const read = m.cpu.read.bind(m.cpu);
    m.cpu.read = (addr) => {
      if (addr === task + TASK.patchState) seen.add(m.words[globals + KERNEL.tasklistLock] !== 0);
      return read(addr);
    };
    m.run((cpu) => klpTryCompleteTransition(cpu));
    t.deepEqual([...seen], [held]);
  }
});

test('klp_mutex is held by whoever works on patches, unless O-24 is ablated', (t) => {
  for (const ablate of [[], [O_24]]) {
    const m = bootSmall({ modules: [livepatch('p', ['f'])], ablate });
    const held: boolean[] = [];
    const callbacks = m.ctx.klp.callbacks as (KlpCallback | undefined)[];
    callbacks[1] = () => {
      held.push(m.words[m.ctx.klp.mutex] !== 0);
      return 0;
    };
    m.load('p');
    settle(m);
    t.deepEqual(held, [ablate.length === 0]);
    t.is(m.words[m.ctx.klp.mutex], 0);
  }
});

test('the loop over idle tasks holds the hotplug lock, unless O-27 is ablated', (t) => {
  for (const ablate of [[], [O_27]]) {
    const m = blocked({ cpus: 2, online: 1, ablate });
    const lock = m.layout.context.globals + KERNEL.cpuHotplugLock;
    const online = percpu(m.layout.context, 1) + PERCPU.online;
    const held: boolean[] = [];
    const readOnce = m.cpu.readOnce.bind(m.cpu);
    m.cpu.readOnce = (addr) => {
      if (addr === online) held.push(m.words[lock] !== 0);
      return readOnce(addr);
    };
    m.run((cpu) => klpTryCompleteTransition(cpu));
    t.is(held[0], ablate.length === 0);
  }
});

test('every CPU walks stacks in a buffer of its own, unless O-32 is ablated or the version is 6.1', (t) => {
  for (const [decl, own] of [
    [{}, true],
    [{ ablate: [O_32] }, false],
    [{ version: '6.1' as const }, false],
  ] as const) {
    const m = blocked({ cpus: 2, ...decl });
    m.frozen.add(1);
    const first = m.ctx.klp.perCpu + KLP_CPU.stackEntries;
    const second = first + KLP_CPU.size;
    m.words[first] = m.words[second] = -7;
    const other = m.cpus[1]!;
    // CPU 1 looks at the sleeping task.
    const lock = m.layout.context.globals + KERNEL.tasklistLock;
    readLock(other, lock);
    const task = m.tasks[0]!;
    other.current = task;
    m.words[task + TASK.tiFlags]! |= 1 << TIF_PATCH_PENDING;
    if ('version' in decl) {
      m.words[percpu(m.layout.context, 1) + PERCPU.curr] = task;
    }
    __klpSchedTrySwitch(other);
    readUnlock(other, lock);
    t.is(m.words[second] !== -7, own);
    t.is(m.words[first] !== -7, !own);
  }
});

test('__klp_sched_try_switch: looks at the flag a second time, unless O-23 is ablated', (t) => {
  for (const ablate of [[], [O_23]]) {
    const m = blocked({ ablate });
    const looks = m.run((cpu) => {
      const task = cpu.current;
      cpu.write(task + TASK.patchState, KLP_UNPATCHED);
      cpu.setBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
      const preemptDisable = cpu.preemptDisable.bind(cpu);
      // Somebody else switches the task between the first look and the disabling of preemption.
      cpu.preemptDisable = (site) => {
        preemptDisable(site);
        if (site === O_23) {
          cpu.clearBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
          cpu.write(task + TASK.patchState, KLP_UNPATCHED);
        }
      };
      __klpSchedTrySwitch(cpu);
      Reflect.deleteProperty(cpu, 'preemptDisable');
      return task;
    });
    t.is(stateOf(m, looks), ablate.length === 0 ? KLP_UNPATCHED : KLP_PATCHED);
    t.false(isPending(m, looks));
  }
});
