import test from 'ava';
import { kzalloc } from '../../src/kernel/alloc.js';
import type { FtraceFn } from '../../src/kernel/context.js';
import {
  FIRST_SCENARIO_FTRACE_FN,
  FTRACE_OPS,
  FTRACE_OPS_FL_DYNAMIC,
  ftraceRegsSetInstructionPointer,
  ftraceSetFilterIp,
  registerFtraceFunction,
  unregisterFtraceFunction,
} from '../../src/kernel/ftrace.js';
import { BODY_WORD } from '../../src/live/bodies.js';
import { KLP_FUNC, KLP_OPS } from '../../src/livepatch/layout.js';
import { KernelOops } from '../../src/memory/fault.js';
import { NULL, POISON } from '../../src/memory/struct.js';
import { TASK } from '../../src/kernel/task.js';
import { asm } from '../../src/kernel/text.js';
import { bootLive, patchStateOf, type LiveMachine } from '../../src/live/live.js';
import { ENOENT } from '../../src/kernel/errno.js';

/** A straggler sleeps in `area` until it is let go, so that a transition can be held in the middle. */
const program = {
  functions: {
    area: (w: number, h: number) => w * h,
    price: (n: number) => n * 10,
  },
  patches: {
    livepatch_fix: { functions: { area: (w: number, h: number) => Math.abs(w * h) } },
    livepatch_all: { replace: true, functions: { price: (n: number) => n * 12 } },
  },
};

const boot = (handler: 'acquire' | 'fence' | 'port'): LiveMachine => bootLive(program, { handler });

for (const handler of ['acquire', 'fence', 'port'] as const) {
  test(`a call runs the original, then the patch, then the original again (${handler})`, (t) => {
    const m = boot(handler);
    const area = m.site<[number, number], number>('area');
    t.is(m.call(area, -2, 3), -6);
    t.is(area.ops, 0, 'an unpatched site is a no-op');
    t.is(m.enable('livepatch_fix'), 0);
    t.not(area.ops, 0);
    m.letRun(300);
    t.is(m.transition(), undefined);
    t.is(m.call(area, -2, 3), 6);
    t.is(m.disable('livepatch_fix'), 0);
    m.letRun(300);
    t.is(area.ops, 0, 'unregistering made it a no-op again');
    t.is(m.call(area, -2, 3), -6);
    t.is(m.remove('livepatch_fix'), 0);
  });

  test(`a patch that replaces all others brings nops, which run the original (${handler})`, (t) => {
    const m = boot(handler);
    const area = m.site<[number, number], number>('area');
    const price = m.site<[number], number>('price');
    m.enable('livepatch_fix');
    m.letRun(300);
    t.is(m.call(area, -2, 3), 6);
    m.enable('livepatch_all');
    m.letRun(1);
    t.is(m.call(price, 1), 12);
    t.is(m.call(area, -2, 3), -6);
    m.letRun(300);
    t.is(m.call(area, -2, 3), -6);
    t.is(area.ops, 0, 'the nop is gone when the transition is over');
  });

  test(`in a transition each task runs the version of its own patch state (${handler})`, (t) => {
    const m = bootLive(program, {
      handler,
      machine: { initialTasks: [{ comm: 'straggler', thread: 'area', sleepingIn: ['area'] }] },
    });
    const area = m.site<[number, number], number>('area');
    t.is(m.enable('livepatch_fix'), 0);
    m.letRun(50);
    t.is(m.transition(), 'livepatch_fix');
    t.is(patchStateOf(m), 1);
    t.is(m.call(area, -2, 3), 6);
    m.solo.words[m.solo.cpu.current + TASK.patchState] = 0;
    t.is(m.call(area, -2, 3), -6);
  });
}

test('simulated text that calls a function runs its JavaScript body', (t) => {
  let calls = 0;
  const m = bootLive(
    { functions: { tick: () => calls++ } },
    {
      machine: {
        vmlinux: {
          functions: [{ name: 'kthread', code: [asm.call('tick'), asm.sleep(0), asm.ret] }],
        },
        initialTasks: [{ comm: 'ticker', thread: 'kthread' }],
      },
    },
  );
  m.letRun(5);
  t.is(calls, 1);
});

test('what a body throws reaches the caller, and the next call works', (t) => {
  const m = bootLive({
    functions: { f: () => 1 },
    patches: {
      lp: {
        functions: {
          f: () => {
            throw new TypeError('no');
          },
        },
      },
    },
  });
  const f = m.site<[], number>('f');
  m.enable('lp');
  m.letRun(300);
  t.throws(() => m.call(f), { instanceOf: TypeError, message: 'no' });
  m.disable('lp');
  m.letRun(300);
  t.is(m.call(f), 1);
});

test('a name that does not exist is refused with the names that do', (t) => {
  const m = boot('acquire');
  t.throws(() => m.site('volume'), {
    code: 'ERR_USAGE',
    message: "no function is called 'volume': expected one of area, price",
  });
  t.throws(() => bootLive({ functions: {}, patches: { lp: { functions: { f: () => 0 } } } }), {
    code: 'ERR_USAGE',
    message: 'a patch replaces f, which the program lacks',
  });
  t.is(m.remove('livepatch_fix'), -ENOENT);
});

test('a call passes on as many arguments as it has, patched or not', (t) => {
  const count = (...args: number[]): string => `old ${args.length}`;
  const m = bootLive({
    functions: { count, two: (a: number, b?: number) => [a, b].length },
    patches: {
      fix: {
        functions: {
          count: (...args: number[]) => `new ${args.length}`,
          two: (...args: number[]) => args.length,
        },
      },
    },
  });
  const site = m.site<number[], string>('count');
  const two = m.site<[a: number, b?: number], number>('two');
  t.is(m.call(site), 'old 0');
  m.enable('fix');
  m.letRun(300);
  for (let n = 0; n < 12; n++) {
    t.is(m.call(site, ...Array.from({ length: n }, () => 1)), `new ${n}`);
  }
  t.is(m.call(two, 1), 1);
  t.is(m.call(two, 1, undefined), 2);
});

test('code that is not there any more is not called', (t) => {
  const m = bootLive(program);
  m.enable('livepatch_fix');
  m.letRun(300);
  const area = m.site<[number, number], number>('area');
  t.is(m.call(area, -2, 3), 6);
  const { words, klp } = m.solo;
  const ops = words[klp.ops]!;
  const func = words[ops + KLP_OPS.funcStack]! - KLP_FUNC.stackNode;
  const text = words[func + KLP_FUNC.newFunc]!;
  words.fill(POISON, text, text + BODY_WORD + 1);
  t.throws(() => m.call(area, -2, 3), { instanceOf: KernelOops, message: /not there any more/ });
  words[text + BODY_WORD] = -7;
  t.throws(() => m.call(area, -2, 3), { instanceOf: KernelOops, message: /not there any more/ });
});

test('a patch that is not loaded, or not known, is answered with an errno, whatever is asked', (t) => {
  const machine = bootLive({
    functions: { f: (n: number) => n },
    patches: { p: { functions: { f: (n: number) => n + 1 } } },
  });
  for (const patch of ['p', 'nope']) {
    t.is(machine.disable(patch), -ENOENT);
    t.is(machine.remove(patch), -ENOENT);
  }
  const unknown = { code: 'ERR_USAGE', message: 'no module is called nope' };
  t.throws(() => machine.enable('nope'), unknown);
  for (const jiffies of [-1, NaN, 0.5, Infinity]) {
    t.throws(() => machine.letRun(jiffies), { code: 'ERR_USAGE', message: /^letRun\(/ });
  }
  t.is(machine.enable('p'), 0);
  machine.letRun(100);
  t.is(machine.disable('p'), 0);
  machine.letRun(200);
  t.is(machine.disable('p') < 0, true, 'it is disabled already');
  t.is(machine.remove('p'), 0);
  t.is(machine.disable('p'), -ENOENT);
});

test('a traced function calls its tracer and runs the version of its patch, whoever comes and goes', (t) => {
  const seen: number[] = [];
  const m = bootLive(program, {
    machine: {
      overrides: { ftraceFns: { [FIRST_SCENARIO_FTRACE_FN]: (_cpu, ip) => seen.push(ip) } },
    },
  });
  const { cpu, words, kernel } = m.solo;
  const area = m.site<[number, number], number>('area');
  const tracer = kzalloc(cpu, kernel.ftraceOps);
  words[tracer + FTRACE_OPS.func] = FIRST_SCENARIO_FTRACE_FN;
  words[tracer + FTRACE_OPS.flags] = FTRACE_OPS_FL_DYNAMIC;
  ftraceSetFilterIp(cpu, tracer, area.entry, false);
  t.is(registerFtraceFunction(cpu, tracer), 0);
  t.is(m.call(area, -2, 3), -6);
  t.deepEqual(seen, [area.entry], 'the tracer alone');
  t.is(m.enable('livepatch_fix'), 0);
  m.letRun(300);
  t.is(m.call(area, -2, 3), 6);
  t.is(seen.length, 2, 'tracer and livepatch');
  t.is(unregisterFtraceFunction(cpu, tracer), 0);
  t.is(m.call(area, -2, 3), 6);
  t.is(seen.length, 2, 'the livepatch alone');
});

test('a traced function whose way leads into freed code is an oops', (t) => {
  let gone = NULL;
  const nowhere: FtraceFn = (cpu, _ip, _parent, _ops, fregs) => {
    ftraceRegsSetInstructionPointer(cpu, fregs, gone);
  };
  const m = bootLive(program, {
    machine: { overrides: { ftraceFns: { [FIRST_SCENARIO_FTRACE_FN]: nowhere } } },
  });
  const { cpu, words, kernel } = m.solo;
  const area = m.site<[number, number], number>('area');
  const ops = kzalloc(cpu, kernel.ftraceOps);
  words[ops + FTRACE_OPS.func] = FIRST_SCENARIO_FTRACE_FN;
  gone = kzalloc(cpu, kernel.ftraceOps);
  words[gone + BODY_WORD] = POISON;
  ftraceSetFilterIp(cpu, ops, area.entry, false);
  t.is(registerFtraceFunction(cpu, ops), 0);
  t.throws(() => m.call(area, 1, 2), { instanceOf: KernelOops });
});
