import test from 'ava';
import { EBUSY, EINVAL, ENOENT, ENOMEM } from '../../src/kernel/errno.js';
import {
  FIRST_SCENARIO_FTRACE_FN,
  FREGS,
  FTRACE_FILTER_IPS,
  FTRACE_OPS,
  FTRACE_OPS_FL_DYNAMIC,
  FTRACE_OPS_FL_IPMODIFY,
  FTRACE_OPS_FL_RCU,
  FTRACE_OPS_FL_RECURSION,
  FTRACE_OPS_FL_SAVE_REGS,
  FTRACE_OPS_FL_STUB,
  ftraceRegsSetInstructionPointer,
  ftraceSetFilterIp,
  registerFtraceDirect,
  registerFtraceFunction,
  unregisterFtraceDirect,
  unregisterFtraceFunction,
} from '../../src/kernel/ftrace.js';
import {
  ftraceCaller,
  ftraceGetRegs,
  ftraceOpsListFunc,
  WARN_OPS_WITHOUT_FUNC,
} from '../../src/kernel/ftrace-list.js';
import { FTRACE_FL_IPMODIFY, recordFlags } from '../../src/kernel/ftrace-record.js';
import { kzalloc } from '../../src/kernel/alloc.js';
import { KERNEL, percpu, PERCPU } from '../../src/kernel/layout.js';
import { loadModule } from '../../src/kernel/module.js';
import { TASK } from '../../src/kernel/task.js';
import { asm, INSTRUCTION_WORDS } from '../../src/kernel/text.js';
import { TRACE_MARK } from '../../src/kernel/trace.js';
import { bootSolo } from '../../src/scenario/solo.js';
import type { FtraceFn } from '../../src/kernel/context.js';
import type { Addr } from '../../src/memory/struct.js';

const FN_NOTES = FIRST_SCENARIO_FTRACE_FN;
const FN_CALLS_AGAIN = FN_NOTES + 1;
const FN_REDIRECTS = FN_NOTES + 2;

/** A machine whose tracers note that they were called, and with which registers. */
function boot() {
  const called: { ops: Addr; ip: Addr; hasRegs: boolean }[] = [];
  const marks: number[] = [];
  const notes: FtraceFn = (cpu, ip, _parent, ops, fregs) => {
    called.push({ ops, ip, hasRegs: ftraceGetRegs(cpu, fregs) !== 0 });
  };
  const callsAgain: FtraceFn = (cpu, ip, parent, ops, fregs) => {
    notes(cpu, ip, parent, ops, fregs);
    if (called.length < 10) ftraceCaller(cpu, ip, parent, cpu.fetch(ip + 1), fregs);
  };
  const redirects: FtraceFn = (cpu, _ip, _parent, _ops, fregs) => {
    ftraceRegsSetInstructionPointer(cpu, fregs, solo.symbol('other'));
  };
  const version = (name: string, n: number) => ({ name, code: [asm.mark(n, 1), asm.ret] });
  const solo = bootSolo(
    {
      vmlinux: {
        functions: [
          version('f', 0),
          version('g', 7),
          version('other', 5),
          { ...version('trampoline', 8), traceable: false },
          { ...version('shared', 9), traceable: false },
          {
            name: 'thread',
            traceable: false,
            code: [asm.at('again', asm.call('f')), asm.sleep(10), asm.jump('again')],
          },
        ],
      },
      modules: [
        {
          name: 'livepatch',
          functions: [version('f_new', 1)],
          patch: { objects: [{ funcs: [{ oldName: 'f', newName: 'f_new' }] }] },
        },
      ],
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
      overrides: {
        ftraceFns: { [FN_NOTES]: notes, [FN_CALLS_AGAIN]: callsAgain, [FN_REDIRECTS]: redirects },
      },
    },
    {
      trace: (event, _task, a) => {
        if (event === TRACE_MARK) marks.push(a >> 16);
      },
    },
  );
  const { cpu, kernel, words } = solo;
  const [f, g] = [solo.symbol('f'), solo.symbol('g')];
  const user = (flags: number, ips: readonly Addr[] = [f], func = FN_NOTES): Addr => {
    const ops = kzalloc(cpu, kernel.ftraceOps);
    words[ops + FTRACE_OPS.func] = func;
    words[ops + FTRACE_OPS.flags] = flags | FTRACE_OPS_FL_DYNAMIC;
    for (const ip of ips) ftraceSetFilterIp(cpu, ops, ip, false);
    return ops;
  };
  const registered = (flags: number, ips?: readonly Addr[], func?: number): Addr => {
    const ops = user(flags, ips, func);
    if (registerFtraceFunction(cpu, ops) !== 0) throw new Error('refused');
    return ops;
  };
  /** Who is called when a function is entered, newest user first. */
  const enter = (ip: Addr): Addr[] => {
    called.length = 0;
    const fregs = percpu(kernel, cpu.id) + PERCPU.fregs;
    const ops = cpu.fetch(ip + 1);
    if (ops !== 0) ftraceCaller(cpu, ip, 0, ops, fregs);
    return called.map((c) => c.ops);
  };
  const caller = kernel.globals + KERNEL.ftraceCaller;
  const regsCaller = kernel.globals + KERNEL.ftraceRegsCaller;
  const site = (ip: Addr): number => cpu.fetch(ip + 1);
  const ran = (): number[] => {
    marks.length = 0;
    solo.letRun(25);
    return [...marks];
  };
  const fregs = percpu(kernel, cpu.id) + PERCPU.fregs;
  return {
    solo,
    cpu,
    words,
    f,
    g,
    user,
    registered,
    enter,
    called,
    caller,
    regsCaller,
    site,
    ran,
    fregs,
  };
}

test('ftrace_get_addr_new, ftrace_caller, add_ftrace_ops, remove_ftrace_ops: one user is called by the site itself, several by the list function, newest first', (t) => {
  const { cpu, f, registered, enter, site, caller } = boot();
  const a = registered(0);
  t.is(site(f), a);
  t.deepEqual(enter(f), [a]);
  const b = registered(0);
  t.is(site(f), caller);
  t.deepEqual(enter(f), [b, a]);
  const c = registered(0);
  t.deepEqual(enter(f), [c, b, a]);
  t.is(unregisterFtraceFunction(cpu, b), 0);
  t.deepEqual(enter(f), [c, a]);
  t.is(unregisterFtraceFunction(cpu, c), 0);
  t.is(site(f), a, 'alone again, it has the site for itself');
  t.is(unregisterFtraceFunction(cpu, a), 0);
  t.is(site(f), 0);
  t.deepEqual(enter(f), []);
});

test('hash_contains_ip: the list function calls only those whose filter holds the site', (t) => {
  const { f, g, registered, enter } = boot();
  const a = registered(0);
  const b = registered(0);
  const elsewhere = registered(0, [g]);
  const both = registered(0, [f, g]);
  t.deepEqual(enter(f), [both, b, a]);
  t.deepEqual(enter(g), [both, elsewhere]);
});

test('ftrace_set_filter_ip, register_ftrace_function_nolock: a filter holds so many locations, each once, and stays as it is while its ops is registered', (t) => {
  const { cpu, f, g, user, words, solo } = boot();
  const ops = user(0, []);
  t.is(registerFtraceFunction(cpu, ops), -EINVAL, 'an ops for nothing');
  t.is(ftraceSetFilterIp(cpu, ops, solo.symbol('thread'), false), -EINVAL);
  for (let i = 0; i < FTRACE_FILTER_IPS; i++) t.is(ftraceSetFilterIp(cpu, ops, f, false), 0);
  t.is(ftraceSetFilterIp(cpu, ops, g, false), -ENOMEM);
  for (let i = 1; i < FTRACE_FILTER_IPS; i++) t.is(ftraceSetFilterIp(cpu, ops, f, true), 0);
  t.is(ftraceSetFilterIp(cpu, ops, g, true), -ENOENT);
  t.is(registerFtraceFunction(cpu, ops), 0);
  t.is(registerFtraceFunction(cpu, ops), -EBUSY, 'it is registered');
  t.is(ftraceSetFilterIp(cpu, ops, g, false), -EBUSY);
  t.is(words[ops + FTRACE_OPS.filterIp], 0);
  t.is(unregisterFtraceFunction(cpu, ops), 0);
  t.is(unregisterFtraceFunction(cpu, ops), -EINVAL);
});

test('__ftrace_hash_rec_update, ftrace_get_regs: who wants all registers makes everybody get them, and gives up nothing when others go', (t) => {
  const { cpu, f, registered, enter, called, site, caller, regsCaller } = boot();
  const plain = registered(0);
  enter(f);
  t.deepEqual(
    called.map((c) => c.hasRegs),
    [false],
  );
  const wants = registered(FTRACE_OPS_FL_SAVE_REGS);
  t.is(site(f), regsCaller);
  enter(f);
  t.deepEqual(
    called.map((c) => c.hasRegs),
    [true, true],
  );
  const third = registered(0);
  t.is(unregisterFtraceFunction(cpu, wants), 0);
  t.is(site(f), caller);
  t.deepEqual(enter(f), [third, plain]);
  t.false(called.some((c) => c.hasRegs));
});

test('ftrace_ops_test: a handler that wants registers is not called by a site that saved the arguments only', (t) => {
  const { cpu, f, registered, called, words, fregs } = boot();
  const plain = registered(0);
  registered(FTRACE_OPS_FL_SAVE_REGS);
  words[fregs + FREGS.full] = 0;
  ftraceOpsListFunc(cpu, f, 0, 0, fregs);
  t.deepEqual(
    called.map((c) => c.ops),
    [plain],
  );
});

test('trace_test_and_set_recursion, trace_clear_recursion, ftrace_ops_assist_func: neither list nor trampoline enters a handler that is running, and both leave it as it was', (t) => {
  const { cpu, f, registered, enter, words } = boot();
  const recursion = cpu.current + TASK.traceRecursion;
  const alone = registered(FTRACE_OPS_FL_RECURSION, [f], FN_CALLS_AGAIN);
  t.deepEqual(enter(f), [alone]);
  t.is(words[recursion], 0);
  const second = registered(0);
  t.deepEqual(enter(f), [second, alone]);
  t.is(words[recursion], 0);
});

test('without its flag a lone handler is entered again: protecting itself is its own affair', (t) => {
  const { f, registered, enter } = boot();
  registered(0, [f], FN_CALLS_AGAIN);
  t.is(enter(f).length, 10);
});

test('a stub is never called, and one for RCU readers only where RCU watches', (t) => {
  const { f, registered, enter, words, solo, cpu } = boot();
  registered(FTRACE_OPS_FL_STUB);
  const watched = registered(FTRACE_OPS_FL_RCU);
  const plain = registered(0);
  const watching = percpu(solo.kernel, cpu.id) + PERCPU.rcuWatching;
  words[watching] = 1;
  t.deepEqual(enter(f), [plain, watched]);
  words[watching] = 0;
  t.deepEqual(enter(f), [plain]);
});

test('an ops without a handler is a WARN, and ends the walk', (t) => {
  const { f, registered, enter, words, solo } = boot();
  registered(0);
  registered(0, [f], 0);
  t.deepEqual(enter(f), []);
  t.is(words[solo.kernel.warnCounts + WARN_OPS_WITHOUT_FUNC.id], 1);
});

test('ftrace_startup, __ftrace_hash_update_ipmodify: one ops changes the instruction pointer at a site: a second is refused whole, and the first stays', (t) => {
  const { cpu, f, g, user, registered, enter, site } = boot();
  const first = registered(FTRACE_OPS_FL_IPMODIFY);
  const second = user(FTRACE_OPS_FL_IPMODIFY, [g, f]);
  t.is(registerFtraceFunction(cpu, second), -EBUSY);
  t.is(site(g), 0);
  t.is(recordFlags(cpu, g), 0, 'the location that it could have had is free');
  t.deepEqual(enter(f), [first]);
  t.true((recordFlags(cpu, f) & FTRACE_FL_IPMODIFY) !== 0);
  t.is(unregisterFtraceFunction(cpu, first), 0);
  t.is(recordFlags(cpu, f), 0);
  t.is(registerFtraceFunction(cpu, second), 0);
});

test('a livepatch beside a tracer: the tracer is called and the new version runs, whoever came first', (t) => {
  for (const isTracedFirst of [true, false]) {
    const { cpu, f, solo, registered, called, ran, site, caller } = boot();
    if (isTracedFirst) registered(0);
    t.true(loadModule(cpu, solo.imageIndex('livepatch')) > 0);
    if (!isTracedFirst) registered(0);
    solo.letRun(300);
    t.is(site(f), caller);
    called.length = 0;
    t.true(ran().every((version) => version === 1));
    t.true(called.length > 0);
  }
});

test('a livepatch of a function that somebody else redirects is refused with EBUSY', (t) => {
  const { cpu, solo, registered, ran } = boot();
  registered(FTRACE_OPS_FL_IPMODIFY, [solo.symbol('f')], FN_REDIRECTS);
  t.is(loadModule(cpu, solo.imageIndex('livepatch')), -EBUSY);
  const versions = ran();
  t.true(versions.length > 0);
  t.true(versions.every((version) => version === 5));
});

test('call_direct_funcs: a direct call goes through its trampoline, and on where the function goes on', (t) => {
  const { cpu, solo, user, ran, site, f, regsCaller, registered } = boot();
  const [alone, shared] = [solo.symbol('trampoline'), solo.symbol('shared')];
  const direct = user(0);
  t.is(registerFtraceDirect(cpu, direct, alone, shared), 0);
  t.is(site(f), direct);
  t.deepEqual([...new Set(ran())], [8, 0]);
  registered(0);
  t.is(site(f), regsCaller, 'beside others it is one handler of several, with registers');
  t.deepEqual([...new Set(ran())], [8, 0]);
  t.is(registerFtraceDirect(cpu, user(0), alone, shared), -EBUSY, 'a site has one direct call');
  t.is(unregisterFtraceDirect(cpu, direct), 0);
  t.deepEqual([...new Set(ran())], [0]);
});

test('bpf_tramp_ftrace_ops_func: a direct call beside a livepatch goes through the trampoline that can share, whoever came first', (t) => {
  for (const isDirectFirst of [true, false]) {
    const { cpu, solo, user, ran } = boot();
    const direct = user(0);
    const attach = () =>
      t.is(registerFtraceDirect(cpu, direct, solo.symbol('trampoline'), solo.symbol('shared')), 0);
    if (isDirectFirst) attach();
    t.true(loadModule(cpu, solo.imageIndex('livepatch')) > 0);
    if (!isDirectFirst) attach();
    solo.letRun(300);
    t.deepEqual([...new Set(ran())], [9, 1]);
  }
});

test('prepare_direct_functions_for_ipmodify: a direct call that cannot share and a livepatch refuse each other', (t) => {
  const first = boot();
  const direct = first.user(0);
  t.is(registerFtraceDirect(first.cpu, direct, first.solo.symbol('trampoline'), 0), 0);
  t.is(loadModule(first.cpu, first.solo.imageIndex('livepatch')), -EBUSY);
  t.deepEqual([...new Set(first.ran())], [8, 0]);
  const second = boot();
  t.true(loadModule(second.cpu, second.solo.imageIndex('livepatch')) > 0);
  second.solo.letRun(300);
  const late = second.user(0);
  const alone = second.solo.symbol('trampoline');
  t.is(registerFtraceDirect(second.cpu, late, alone, 0), -EBUSY);
  t.deepEqual([...new Set(second.ran())], [1]);
});

test('cleanup_direct_functions_after_ipmodify: when who changes the instruction pointer goes, a direct call has the site for itself again', (t) => {
  const { cpu, solo, user, registered, words } = boot();
  const [alone, shared] = [solo.symbol('trampoline'), solo.symbol('shared')];
  const direct = user(0);
  registerFtraceDirect(cpu, direct, alone, shared);
  const modifying = registered(FTRACE_OPS_FL_IPMODIFY, [solo.symbol('f')], FN_REDIRECTS);
  t.is(words[direct + FTRACE_OPS.direct], shared);
  t.is(unregisterFtraceFunction(cpu, modifying), 0);
  t.is(words[direct + FTRACE_OPS.direct], alone);
  t.is(solo.cpu.fetch(solo.symbol('f') + INSTRUCTION_WORDS) > 0, true);
});
