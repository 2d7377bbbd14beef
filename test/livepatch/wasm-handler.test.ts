import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import wabt from 'wabt';
import { FREGS, FTRACE_FN_KLP } from '../../src/kernel/ftrace.js';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import { LIST } from '../../src/kernel/list.js';
import { TASK } from '../../src/kernel/task.js';
import {
  BAD_ADDRESS,
  createDecide,
  createDecideWord,
  FIRST_WORD,
  instantiateDecide,
  klpHandlerWarned,
  withDecide,
  type Decide,
} from '../../src/livepatch/wasm-handler.js';
import {
  WARN_HANDLER_EMPTY_STACK,
  WARN_HANDLER_RECURSION,
  WARN_HANDLER_UNDEFINED,
} from '../../src/livepatch/warn-sites.js';
import { HANDLER_VARIANTS } from '../../src/livepatch/wasm/variants.js';
import { KernelOops } from '../../src/memory/fault.js';
import { CPU_LOCAL } from '../../src/memory/local.js';
import { compileText, substitute } from '../../src/memory/wasm/compile.js';
import { WasmCpu } from '../../src/memory/wasm.js';
import { POISON, type CpuId } from '../../src/memory/struct.js';
import { KLP_FUNC, KLP_OPS } from '../../src/livepatch/layout.js';
import { bootSolo } from '../../src/scenario/solo.js';
import { portDecide } from '../../src/live/dispatch.js';
import { StateWriter, type Arena } from './handler-states.js';

const SEED = 20_061;
/** States in the sequential comparison; the long form is set by `KLP_HANDLER_STATES`. */
const STATES = Number(process.env['KLP_HANDLER_STATES'] ?? 200_000);
const CPU0 = 0 as CpuId;
/** Words of the code of a version, and which of them a handler for words takes. */
const CODE_WORDS = 16;
const WORD = 3;

const source = readFileSync(
  new URL('../../../src/livepatch/wasm/klp-ftrace-handler.wat', import.meta.url),
  'utf8',
);

/** A machine whose only ops and functions are written by hand. */
function stage() {
  const solo = bootSolo({
    vmlinux: { functions: [], data: { control: 2, code: 2 * CODE_WORDS } },
    klp: { funcs: 8, ops: 1 },
  });
  const { words, klp, kernel, boot, ctx } = solo;
  const cpu = new WasmCpu(CPU0, ctx, boot);
  cpu.current = solo.admin;
  const control = solo.symbol('control');
  const arena: Arena = {
    buffer: boot.memory!.buffer,
    ops: klp.opsCache.base,
    funcs: Array.from({ length: 8 }, (_, i) => klp.funcCache.base + i * klp.funcCache.stride),
    task: solo.admin,
    sequence: control,
    stop: control + 1,
  };
  const fops = arena.ops + KLP_OPS.fops;
  const local = boot.localBase + CPU_LOCAL.preemptCount;
  const sites = [WARN_HANDLER_RECURSION, WARN_HANDLER_EMPTY_STACK, WARN_HANDLER_UNDEFINED];
  const warned = (): number => {
    let bits = 0;
    sites.forEach(({ id }, i) => {
      if (words[kernel.warnCounts + id] !== 0) bits |= 1 << i;
      words[kernel.warnCounts + id] = 0;
    });
    return bits;
  };
  /** All that one pass through a handler shows, as one number: address, WARNs; or minus the address of an oops. */
  const observe = (decide: Decide): number => {
    const recursion = words[arena.task + TASK.traceRecursion]!;
    let seen: number;
    try {
      const decision = decide(fops, arena.task);
      seen = 8 * (decision < 0 ? klpHandlerWarned(cpu, decision, fops) : decision) + warned();
    } catch (error) {
      if (!(error instanceof KernelOops)) throw error;
      // The port's section stays open after an oops, as a crashed kernel's does.
      words[arena.task + TASK.traceRecursion] = recursion;
      words[local] = 0;
      cpu.preemptEnable();
      words[local] = 0;
      return -1 - (error.addr >>> 0);
    }
    if (words[arena.task + TASK.traceRecursion] !== recursion) return NaN;
    if (words[local] !== 0) return NaN;
    return seen;
  };
  return { solo, cpu, arena, fops, observe, port: portDecide(cpu) };
}

type Stage = ReturnType<typeof stage>;

/** First state on which a handler differs from the port, or -1; and how often each decision was made. */
function compare({ arena, observe, port }: Stage, decide: Decide, states: number) {
  const writer = new StateWriter(arena, SEED);
  const decisions = new Map<number, number>();
  for (let i = 0; i < states; i++) {
    writer.anyOrBroken();
    const expected = observe(port);
    if (!Object.is(observe(decide), expected)) return { differsAt: i, decisions };
    decisions.set(expected, (decisions.get(expected) ?? 0) + 1);
  }
  return { differsAt: -1, decisions };
}

for (const order of ['acquire', 'fence'] as const) {
  test(`the WebAssembly handler decides as the port does on every generated state (${order})`, (t) => {
    const s = stage();
    const { differsAt, decisions } = compare(s, createDecide(CPU0, s.solo.boot, order), STATES);
    t.log(`seed ${SEED}, ${STATES} states, ${decisions.size} different results`);
    t.is(differsAt, -1);
    for (let i = 0; i < 8; i++) t.true(decisions.has(8 * (1000 + i)), `version ${i} was chosen`);
    for (let i = 0; i < 8; i++) t.true(decisions.has(8 * (1000 + i) + 4), `${i}, undefined state`);
    for (const warn of [0, 1, 2, 4]) t.true(decisions.has(warn), `original with WARN ${warn}`);
    t.true(
      [...decisions.keys()].some((seen) => seen < 0),
      'an oops happened',
    );
  });
}

/** The port's decision as that of a handler for words. */
const portWord =
  ({ cpu, port, solo }: Stage): Decide =>
  (fops, current) => {
    let ip = port(fops, current);
    if (ip < 0) ip = klpHandlerWarned(cpu, ip, fops);
    return ip === 0 ? 0 : solo.words[ip + WORD]! + FIRST_WORD;
  };

for (const order of ['acquire', 'fence'] as const) {
  test(`the handler for words takes the word of the code that the port decides on (${order})`, (t) => {
    const s = stage();
    const { words } = s.solo;
    const writer = new StateWriter(s.arena, SEED);
    const code = s.solo.symbol('code');
    s.arena.funcs.forEach((func, i) => {
      words[func + KLP_FUNC.newFunc] = code + i;
      words[code + i + WORD] = 40 + i;
    });
    const [decide, expect] = [createDecideWord(CPU0, s.solo.boot, WORD, order), portWord(s)];
    const seen = new Set<number>();
    let differences = 0;
    for (let i = 0; i < STATES; i++) {
      writer.any();
      const expected = s.observe(expect);
      if (s.observe(decide) !== expected) differences++;
      seen.add(expected);
    }
    t.is(differences, 0);
    for (let i = 0; i < 8; i++) t.true(seen.has(8 * (40 + i + FIRST_WORD)), `word ${i}`);
    for (let i = 0; i < 8; i++) t.true(seen.has(8 * (40 + i + FIRST_WORD) + 4), `${i}, undefined`);
  });
}

test('a handler for words leaves code that is none, and words that are none, to the port', (t) => {
  const s = stage();
  const { words } = s.solo;
  new StateWriter(s.arena, SEED);
  const func = s.arena.funcs[0]!;
  words[s.arena.ops + KLP_OPS.funcStack + LIST.next] = func + KLP_FUNC.stackNode;
  words[func + KLP_FUNC.stackNode + LIST.next] = s.arena.ops + KLP_OPS.funcStack;
  words[func + KLP_FUNC.transition] = 0;
  words[func + KLP_FUNC.nop] = 0;
  const decide = createDecideWord(CPU0, s.solo.boot, WORD);
  const decisionOn = (newFunc: number, word = 7): number => {
    words[func + KLP_FUNC.newFunc] = newFunc;
    words[s.solo.symbol('code') + WORD] = word;
    return decide(s.fops, s.arena.task);
  };
  t.is(decisionOn(s.solo.symbol('code')), 7 + FIRST_WORD);
  for (const nowhere of [0, 1, -1, words.length - 1, words.length, POISON]) {
    t.is(decisionOn(nowhere), BAD_ADDRESS, `code at ${nowhere}`);
  }
  for (const word of [-1, -5, -6, 0x7fffffff, -0x80000000]) {
    t.is(decisionOn(s.solo.symbol('code'), word), BAD_ADDRESS, `word ${word}`);
  }
  t.is(decisionOn(s.solo.symbol('code'), POISON), POISON + FIRST_WORD, 'freed code is no body');
});

/** A fault in the handler, as a change of its source. */
const MUTANTS: readonly (readonly [string, string, string])[] = [
  ['runs a nop', '(i32.eqz (i32.load offset=@KLP_FUNC.nop (local.get $at)))', '(i32.const 1)'],
  [
    'ignores func->transition',
    '(i32.eqz (@ACQUIRE_LOAD offset=@KLP_FUNC.transition (local.get $at)))',
    '(i32.const 0)',
  ],
  [
    'takes patched tasks for unpatched',
    '(if (i32.eqz (local.get $state))',
    '(if (local.get $state)',
  ],
  [
    'does not stop at the end of the stack',
    '(br_if $unlock (i32.eq (local.get $node) (local.get $stack)))',
    '',
  ],
  ['forgets the undefined state', '(i32.ne (local.get $state) (i32.const -1))', '(i32.const 1)'],
  [
    'skips the empty stack',
    '(then (local.set $result (i32.const -2)) (br $unlock))',
    '(then (br $unlock))',
  ],
  [
    'leaves the recursion bit',
    '(i32.store offset=@TASK.traceRecursion (local.get $current) (local.get $recursion))',
    '',
  ],
  [
    'leaves preemption off',
    '(i32.const @PREEMPT_AT) (local.get $preempt))',
    '(i32.const @PREEMPT_AT) (i32.const 1))',
  ],
  [
    'takes the list function for a recursion',
    '(local.get $recursion) (i32.const 1))\n      (then',
    '(local.get $recursion) (i32.const 3))\n      (then',
  ],
  ['does not see a recursion', '(then (return (i32.const -1)))', '(then)'],
];

for (const [fault, from, to] of MUTANTS) {
  test(`the comparison finds a handler that ${fault}`, async (t) => {
    const [text, place] = [source, from].map((part) => substitute(part, HANDLER_VARIANTS.acquire));
    t.true(text!.includes(place!), 'the source still has the place');
    const mutated = text!.replaceAll(place!, () => to);
    const bytes = await compileText(fault, mutated, HANDLER_VARIANTS.acquire);
    const s = stage();
    const mutant = instantiateDecide(bytes, CPU0, s.solo.boot);
    t.not(compare(s, mutant, 20_000).differsAt, -1);
  });
}

test('all handlers decide alike while another thread changes the state', async (t) => {
  const s = stage();
  const { arena, observe, port, solo } = s;
  const { words } = solo;
  const decide = createDecide(CPU0, solo.boot);
  const code = solo.symbol('code');
  const decideWord = createDecideWord(CPU0, solo.boot, code - 1000);
  // Versions are at 1000 and up; the word that far behind is the version's address again.
  for (let i = 0; i < 8; i++) words[code + i] = 1000 + i - FIRST_WORD;
  new StateWriter(arena, SEED).any();
  const worker = new Worker(new URL('./handler-writer.js', import.meta.url), {
    workerData: { arena, seed: SEED },
  });
  const possible = new Set<number>([0, 2, 4]);
  for (let i = 0; i < 8; i++) possible.add(8 * (1000 + i)).add(8 * (1000 + i) + 4);
  let [stable, torn, different, impossible, reader] = [0, 0, 0, 0, 0];
  // Ends when enough was seen of both kinds, however the threads are scheduled.
  while (stable < 20_000 || torn < 500) {
    const before = Atomics.load(words, arena.sequence);
    const mine = observe(decide);
    const byWord = observe(decideWord);
    const expected = observe(port);
    const isStable = (before & 1) === 0 && Atomics.load(words, arena.sequence) === before;
    reader++;
    if (![mine, byWord, expected].every((seen) => possible.has(seen))) impossible++;
    if (!isStable) torn++;
    else if (++stable && (mine !== expected || byWord !== expected)) different++;
  }
  Atomics.store(words, arena.stop, 1);
  await once(worker, 'exit');
  t.log(`seed ${SEED}: ${reader} pairs, ${stable} on one state, ${torn} across a change`);
  t.is(different, 0);
  t.is(
    impossible,
    0,
    'a handler that meets a half-written state still makes a decision of the kernel',
  );
});

test('each variant has an order for O-09 and for O-10, and no more', async (t) => {
  const compiler = await wabt();
  const count = async (name: keyof typeof HANDLER_VARIANTS, what: RegExp): Promise<number> => {
    const bytes = await compileText(name, source, HANDLER_VARIANTS[name]);
    const text = compiler.readWasm(bytes, { threads: true }).toText({});
    return [...text.matchAll(what)].length;
  };
  t.is(await count('acquire', /i32\.atomic\.load/g), 2);
  t.is(await count('acquire', /atomic\.(fence|rmw)|atomic\.store/g), 0);
  t.is(await count('acquire-word', /i32\.atomic\.load/g), 2);
  t.is(await count('acquire-word', /atomic\.(fence|rmw)|atomic\.store/g), 0);
  t.is(await count('fence', /atomic\.fence/g), 2);
  t.is(await count('fence-word', /atomic\.fence/g), 2);
  t.is(await count('fence', /atomic\.(load|rmw|store)|i32\.atomic/g), 0);
});

test('a name that the build does not know is refused', (t) => {
  t.throws(() => substitute('offset=@TASK.nothing', {}), {
    instanceOf: RangeError,
    message: 'the WebAssembly source names @TASK.nothing',
  });
  t.is(substitute(';; @TASK.nothing', {}), ';; @TASK.nothing');
});

test('kernel text uses the WebAssembly handler in place of the port', (t) => {
  const s = stage();
  const { words, kernel } = s.solo;
  const func = s.arena.funcs[3]!;
  const ctx = withDecide(s.solo.ctx, createDecide(CPU0, s.solo.boot));
  new StateWriter(s.arena, SEED);
  const head = s.arena.ops + KLP_OPS.funcStack;
  words[head + LIST.next] = func + KLP_FUNC.stackNode;
  words[func + KLP_FUNC.stackNode + LIST.next] = head;
  words[func + KLP_FUNC.transition] = 0;
  words[func + KLP_FUNC.nop] = 0;
  const fregs = percpu(kernel, 0) + PERCPU.fregs;
  words[fregs + FREGS.ip] = 77;
  ctx.kernel.ftraceFns[FTRACE_FN_KLP]!(s.cpu, 0, 0, s.fops, fregs);
  t.is(words[fregs + FREGS.ip], 1003);
});
