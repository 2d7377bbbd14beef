import test from 'ava';
import { EBUSY, EINVAL, ENOMEM } from '../../src/kernel/errno.js';
import { CACHE } from '../../src/kernel/alloc.js';
import { FREGS, ftraceEnableSysctl, FTRACE_OPS } from '../../src/kernel/ftrace.js';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import { LIST } from '../../src/kernel/list.js';
import { TASK } from '../../src/kernel/task.js';
import { asm } from '../../src/kernel/text.js';
import { TRACE_MARK } from '../../src/kernel/trace.js';
import { ENABLED } from '../../src/livepatch/core-sysfs.js';
import {
  KLP_FUNC,
  KLP_OBJECT,
  KLP_OPS,
  KLP_PATCHED,
  KLP_UNDEFINED,
  KLP_UNPATCHED,
} from '../../src/livepatch/layout.js';
import {
  klpFindOps,
  klpFtraceHandler,
  klpPatchObject,
  klpUnpatchObject,
  klpUnpatchObjects,
  klpUnpatchObjectsDynamic,
} from '../../src/livepatch/patch.js';
import {
  WARN_HANDLER_EMPTY_STACK,
  WARN_HANDLER_RECURSION,
  WARN_HANDLER_UNDEFINED,
  WARN_PATCH_OBJECT_PATCHED,
  WARN_PATCH_PATCHED,
  WARN_UNPATCH_NO_OLD_FUNC,
  WARN_UNPATCH_NO_OPS,
} from '../../src/livepatch/warn-sites.js';
import { O_03, O_12 } from '../../src/memory/sites.js';
import type { Addr } from '../../src/memory/struct.js';
import { bootSmall, funcOf, funcWord, livepatch, plain, settle } from './fixtures.js';
import type { Machine } from './machine.js';

const ORIGINAL = -1;

/** What the handler makes of a call of `f` by the current task: the address to run, or ORIGINAL. */
function decide(m: Machine): number {
  return m.run((cpu) => {
    const ops = klpFindOps(cpu, m.addr('f'));
    const fregs = percpu(m.layout.context, 0) + PERCPU.fregs;
    m.words[fregs + FREGS.ip] = ORIGINAL;
    klpFtraceHandler(cpu, m.addr('f'), 0, ops + KLP_OPS.fops, fregs);
    return m.words[fregs + FREGS.ip]!;
  });
}

/** `p` and, on top of it, `q` patch `f`; both are done. */
function stacked(): { m: Machine; p: Addr; q: Addr } {
  const m = bootSmall({ modules: [livepatch('p', ['f']), livepatch('q', ['f'])] });
  m.load('p');
  settle(m);
  m.load('q');
  settle(m);
  return { m, p: funcOf(m, 'p'), q: funcOf(m, 'q') };
}

const inState = (m: Machine, state: number): void => {
  m.run((cpu) => cpu.write(cpu.current + TASK.patchState, state));
};

test('klp_ftrace_handler: outside a transition the newest version runs, whatever the state of the task', (t) => {
  const { m, q } = stacked();
  for (const state of [KLP_UNDEFINED, KLP_UNPATCHED, KLP_PATCHED]) {
    inState(m, state);
    t.is(decide(m), funcWord(m, q, 'newFunc'));
  }
  t.deepEqual(m.warnings(), {});
});

test('klp_ftrace_handler: in a transition a patched task runs the newest version, an unpatched one the next', (t) => {
  const { m, p, q } = stacked();
  m.words[q + KLP_FUNC.transition] = 1;
  inState(m, KLP_PATCHED);
  t.is(decide(m), funcWord(m, q, 'newFunc'));
  inState(m, KLP_UNPATCHED);
  t.is(decide(m), funcWord(m, p, 'newFunc'));
  // The transition flag of the next one is not looked at.
  m.words[p + KLP_FUNC.transition] = 1;
  t.is(decide(m), funcWord(m, p, 'newFunc'));
});

test('klp_ftrace_handler: an unpatched task runs the original when there is no older version', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  m.words[funcOf(m, 'p') + KLP_FUNC.transition] = 1;
  inState(m, KLP_UNPATCHED);
  t.is(decide(m), ORIGINAL);
});

test('klp_ftrace_handler: an undefined state in a transition means the newest version, with a WARN', (t) => {
  const { m, q } = stacked();
  m.words[q + KLP_FUNC.transition] = 1;
  inState(m, KLP_UNDEFINED);
  t.is(decide(m), funcWord(m, q, 'newFunc'));
  t.deepEqual(m.warnings(), { [WARN_HANDLER_UNDEFINED.id]: 1 });
});

test('klp_ftrace_handler: a nop means the original, on top as well as below', (t) => {
  const { m, p, q } = stacked();
  m.words[q + KLP_FUNC.nop] = 1;
  t.is(decide(m), ORIGINAL);
  m.words[q + KLP_FUNC.nop] = 0;
  m.words[p + KLP_FUNC.nop] = 1;
  m.words[q + KLP_FUNC.transition] = 1;
  inState(m, KLP_UNPATCHED);
  t.is(decide(m), ORIGINAL);
});

test('klp_ftrace_handler: WARNs and runs the original when it is entered again', (t) => {
  const { m } = stacked();
  m.run((cpu) => cpu.set(cpu.current + TASK.traceRecursion, 1));
  t.is(decide(m), ORIGINAL);
  t.deepEqual(m.warnings(), { [WARN_HANDLER_RECURSION.id]: 1 });
  m.run((cpu) => cpu.set(cpu.current + TASK.traceRecursion, 0));
});

test('klp_ftrace_handler: WARNs and runs the original when the stack is empty, and can be entered again', (t) => {
  const { m } = stacked();
  const result = m.run((cpu) => {
    const stack = klpFindOps(cpu, m.addr('f')) + KLP_OPS.funcStack;
    const first = cpu.read(stack + LIST.next);
    cpu.write(stack + LIST.next, stack);
    const fregs = percpu(m.layout.context, 0) + PERCPU.fregs;
    m.words[fregs + FREGS.ip] = ORIGINAL;
    const fops = stack - KLP_OPS.funcStack + KLP_OPS.fops;
    klpFtraceHandler(cpu, m.addr('f'), 0, fops, fregs);
    cpu.write(stack + LIST.next, first);
    return m.words[fregs + FREGS.ip];
  });
  t.is(result, ORIGINAL);
  t.deepEqual(m.warnings(), { [WARN_HANDLER_EMPTY_STACK.id]: 1 });
  t.not(decide(m), ORIGINAL);
});

test('klp_ftrace_handler: a call of a patched function really runs its replacement', (t) => {
  const m = bootSmall({
    modules: [{ ...livepatch('p', ['f']), functions: [plain('p_f', 7, 1)] }],
    functions: [
      {
        name: 'user',
        traceable: false,
        code: [asm.at('loop', asm.syscall('sys_f')), asm.jump('loop')],
      },
    ],
    tasks: [{ comm: 'user', program: 'user' }],
  });
  const versions = (): Set<number> => {
    const from = m.cpu.events.length;
    m.sleep(20);
    return new Set(
      m.cpu.events
        .slice(from)
        .filter((e) => e.event === TRACE_MARK)
        .map((e) => e.b >> 16),
    );
  };
  t.deepEqual(versions(), new Set([0]));
  m.load('p');
  settle(m);
  t.deepEqual(versions(), new Set([7]));
  m.write('p', ENABLED, '0');
  settle(m);
  t.deepEqual(versions(), new Set([0]));
});

test('klp_find_ops: finds a patched original and NULL for any other', (t) => {
  const { m } = stacked();
  t.not(
    m.run((cpu) => klpFindOps(cpu, m.addr('f'))),
    0,
  );
  t.is(
    m.run((cpu) => klpFindOps(cpu, m.addr('g'))),
    0,
  );
});

test('klp_patch_func: the second patch of a function shares its ops and comes first on the stack', (t) => {
  const { m, p, q } = stacked();
  t.is(m.listLength(m.ctx.klp.ops), 1);
  const stack = m.run((cpu) => klpFindOps(cpu, m.addr('f'))) + KLP_OPS.funcStack;
  t.is(m.words[stack + LIST.next], q + KLP_FUNC.stackNode);
  t.is(m.words[q + KLP_FUNC.stackNode + LIST.next], p + KLP_FUNC.stackNode);
  t.is(m.words[p + KLP_FUNC.stackNode + LIST.next], stack);
});

test('klp_patch_func: the barrier of enabling stands between the transition flag and the release that publishes', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.cpu.log = [];
  m.load('p');
  const { base } = m.ctx.klp.funcCache;
  const flag = m.cpu.log.findIndex((e) => e.addr === base + KLP_FUNC.transition && e.value === 1);
  const fence = m.cpu.log.findIndex((e) => e.op === 'smpWmb' && e.value === O_03);
  const publish = m.cpu.log.findIndex((e) => e.op === 'rcuAssignPointer' && e.value === O_12);
  t.true(flag >= 0 && flag < fence && fence < publish);
});

test('klp_patch_func: a function without an ftrace site is refused', (t) => {
  const m = bootSmall({
    modules: [
      {
        name: 'p',
        functions: [plain('p_f', 1)],
        patch: { objects: [{ funcs: [{ old: 'hidden', new: 'p_f' }] }] },
      },
    ],
  });
  t.is(m.load('p'), -EINVAL);
  t.true(m.log().includes("failed to find location for function 'hidden'"));
  t.true(m.log().includes("failed to patch object 'vmlinux'"));
});

test('klp_patch_func: without memory for the ops, -ENOMEM and no message of its own', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f', 'g'])], klp: { ops: 1 } });
  t.is(m.load('p'), -ENOMEM);
  t.false(m.log().some((line) => line.includes('ftrace')));
  t.is(m.listLength(m.ctx.klp.ops), 0);
  t.is(m.words[m.ctx.klp.opsCache.control + CACHE.inUse], 0);
});

test('klp_patch_func: when ftrace is off, everything it had built is taken down again', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.run((cpu) => ftraceEnableSysctl(cpu, false));
  t.is(m.load('p'), -EBUSY);
  t.is(m.words[m.ctx.klp.opsCache.control + CACHE.inUse], 0);
  t.is(m.listLength(m.ctx.klp.ops), 0);
  m.run((cpu) => ftraceEnableSysctl(cpu, true));
  t.is(m.load('p'), 0);
});

test('klp_patch_object: patches all functions or none, and WARNs when it is patched already', (t) => {
  const { m } = stacked();
  const obj = m.object('p');
  t.is(
    m.run((cpu) => klpPatchObject(cpu, obj)),
    -EINVAL,
  );
  t.deepEqual(m.warnings(), { [WARN_PATCH_OBJECT_PATCHED.id]: 1 });
});

test('klp_patch_func: WARNs about a function that is patched already, and its object ends unpatched', (t) => {
  const { m, p } = stacked();
  const obj = m.object('p');
  m.words[obj + KLP_OBJECT.patched] = 0;
  t.is(
    m.run((cpu) => klpPatchObject(cpu, obj)),
    -EINVAL,
  );
  t.deepEqual(m.warnings(), { [WARN_PATCH_PATCHED.id]: 1 });
  t.is(funcWord(m, p, 'patched'), 0);
});

test('klp_unpatch_func: a function is taken out of the middle of its stack and keeps its link', (t) => {
  const { m, p, q } = stacked();
  const before = m.words[p + KLP_FUNC.stackNode + LIST.next];
  m.run((cpu) => klpUnpatchObject(cpu, m.object('p')));
  const stack = m.run((cpu) => klpFindOps(cpu, m.addr('f'))) + KLP_OPS.funcStack;
  t.is(m.words[q + KLP_FUNC.stackNode + LIST.next], stack);
  t.is(m.words[p + KLP_FUNC.stackNode + LIST.next], before);
  t.is(funcWord(m, p, 'patched'), 0);
});

test('klp_unpatch_func: the last function takes the ops and its handler with it', (t) => {
  const { m } = stacked();
  const ops = m.run((cpu) => klpFindOps(cpu, m.addr('f')));
  t.is(m.words[ops + KLP_OPS.fops + FTRACE_OPS.registered], 1);
  m.run((cpu) => klpUnpatchObject(cpu, m.object('q')));
  t.is(m.words[ops + KLP_OPS.fops + FTRACE_OPS.registered], 1);
  m.run((cpu) => klpUnpatchObjects(cpu, m.patch('p')));
  t.is(m.listLength(m.ctx.klp.ops), 0);
  t.is(m.words[m.addr('f') + 1], 0);
  t.is(m.words[m.ctx.klp.opsCache.control + CACHE.inUse], 0);
});

test('klp_unpatch_func: WARNs about a function without old_func and one without ops', (t) => {
  const { m, p } = stacked();
  const oldFunc = funcWord(m, p, 'oldFunc');
  m.words[p + KLP_FUNC.oldFunc] = 0;
  m.run((cpu) => klpUnpatchObject(cpu, m.object('p')));
  m.words[p + KLP_FUNC.oldFunc] = m.addr('g');
  m.run((cpu) => klpUnpatchObject(cpu, m.object('p')));
  t.deepEqual(m.warnings(), {
    [WARN_UNPATCH_NO_OLD_FUNC.id]: 1,
    [WARN_UNPATCH_NO_OPS.id]: 1,
  });
  m.words[p + KLP_FUNC.oldFunc] = oldFunc;
});

test('klp_unpatch_objects_dynamic: takes only nops off (__klp_unpatch_objects, __klp_unpatch_object)', (t) => {
  const { m, p, q } = stacked();
  m.words[q + KLP_FUNC.nop] = 1;
  m.run((cpu) => klpUnpatchObjectsDynamic(cpu, m.patch('q')));
  m.run((cpu) => klpUnpatchObjectsDynamic(cpu, m.patch('p')));
  t.is(funcWord(m, q, 'patched'), 0);
  t.is(funcWord(m, p, 'patched'), 1);
  t.is(m.read('q', ENABLED), 1);
});
