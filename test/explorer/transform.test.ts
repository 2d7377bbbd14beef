import test from 'ava';
import fc from 'fast-check';
import { Execution } from '../../src/explorer/engine/execution.js';
import type { ExplorerCpu } from '../../src/explorer/engine/explorer-cpu.js';
import type { Coroutine } from '../../src/explorer/engine/cpu-state.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import { ReplayStrategy } from '../../src/explorer/strategies/replay.js';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { ScMemory } from '../../src/explorer/engine/sc-memory.js';
import { tell } from '../../src/explorer/findings/story.js';
import { kernelDeclarations } from '../../src/explorer/build/symbols.js';
import { parseModule, transform } from '../../src/explorer/build/transform.js';
import { AtomicsCpu } from '../../src/memory/atomics.js';
import type { Cpu } from '../../src/memory/cpu.js';
import { claimLocal } from '../../src/memory/local.js';
import { MemoryMap } from '../../src/memory/map.js';
import { Ablation } from '../../src/memory/sites.js';
import type { CpuId } from '../../src/memory/struct.js';
import type { KernelBody, Scenario } from '../../src/scenario/declare.js';
import { fixture, sessionOf } from './sessions.js';

function resumable(code: string): string {
  const source = { file: '/user/code.js', code };
  const program = parseModule(source);
  const kernel = kernelDeclarations(program);
  return transform(source, program, { kernel, plain: new Set(), specifiers: new Map() }).code;
}

test('declarations, calls and operations are rewritten, everything else stays', (t) => {
  t.is(
    resumable(
      'function f(cpu, a) { return g(cpu, cpu.read(a)) + cpu.get(a) + cpu.id; }\nfunction g(cpu, x) { return x; }',
    ),
    'function* f(cpu, a) { return (yield* g(cpu, (cpu.read(a), cpu.switching && (yield), cpu.result))) + cpu.get(a) + cpu.id; }\nfunction* g(cpu, x) { return x; }',
  );
  t.is(
    resumable('const f = (cpu, a) => cpu.read(a);\nconst t = { g(cpu) { f(cpu, 1) } };'),
    'const f = function* (cpu, a) { return (cpu.read(a), cpu.switching && (yield), cpu.result); };\nconst t = { *g(cpu) { 0, (yield* f(cpu, 1)) } };',
  );
  t.is(
    resumable('function f(cpu, a) { cpu.write(a, 1); cpu.read(a) || cpu.smpMb(); }'),
    'function* f(cpu, a) { 0, (cpu.write(a, 1), cpu.switching && (yield)); 0, (cpu.read(a), cpu.switching && (yield), cpu.result) || (cpu.smpMb(), cpu.switching && (yield), cpu.result); }',
  );
});

test('no clause catches what ends a CPU, whatever it binds', (t) => {
  t.is(
    resumable('function f(cpu) { try { g(); } catch (e) { h(e); } }'),
    'function* f(cpu) { try { g(); } catch (e) { cpu.uncaught(e); h(e); } }',
  );
  t.is(
    resumable('function f(cpu) { try { g(); } catch { h(); } }'),
    'function* f(cpu) { try { g(); } catch ($thrown) { cpu.uncaught($thrown); h(); } }',
  );
  t.is(
    resumable('function f(cpu) { try { g(); } catch ({ message }) { h(message); } }'),
    'function* f(cpu) { try { g(); } catch ($thrown) { cpu.uncaught($thrown); let { message } = $thrown; h(message); } }',
  );
  t.is(
    resumable('const plain = () => { try { g(); } catch { h(); } };'),
    'const plain = () => { try { g(); } catch { h(); } };',
  );
});

const REJECTED: readonly (readonly [code: string, complaint: string])[] = [
  ['async function f(cpu) {}', 'is kernel code and async'],
  ['function* f(cpu) {}', 'is kernel code and already a generator'],
  ['function f(cpu = 1) {}', 'gives `cpu` a default value'],
  ['class C { f(cpu) {} }', 'is a method with a first parameter `cpu`: kernel code is functions'],
  ['function f(cpu, a) { a.map((x) => cpu.read(x)); }', 'captures `cpu` in a closure'],
  [
    'function f(cpu, a) { a.forEach((cpu) => {}); }',
    'passes kernel code to an array method: use a plain loop',
  ],
  ['function f(cpu, a) { a.map(f); }', 'passes f() to an array method: use a plain loop'],
  [
    'function f(cpu) { const c = cpu; }',
    'does with `cpu` what kernel code may not: call it, or pass it first',
  ],
  [
    'function f(cpu) { cpu = 1; }',
    'does with `cpu` what kernel code may not: call it, or pass it first',
  ],
  ['function f(cpu, a) { a(1, cpu); }', 'passes `cpu` other than as the first argument'],
  [
    'function f(cpu) { return new Map(cpu); }',
    'does with `cpu` what kernel code may not: call it, or pass it first',
  ],
  ['function f(cpu) { cpu.frobnicate(); }', 'calls unknown cpu.frobnicate()'],
  ['function f(cpu) { const g = cpu.read; }', 'takes cpu.read as a value'],
  ["function f(cpu) { cpu['read'](1); }", 'computes the name of a member of `cpu`'],
  ['function f(cpu) { cpu.read?.(1); }', 'calls `cpu` optionally'],
  ['function f(cpu, a = cpu.read(1)) {}', 'uses `cpu` in a default parameter'],
  ['const f = (cpu) => this;', 'uses `this` in kernel code'],
  [
    'function f(cpu) {}\nfunction g(other) { f(other); }',
    'calls f() outside kernel code, or with something but `cpu`',
  ],
  [
    'function f(cpu) {}\nconst h = (cpu2) => { const cpu = cpu2; f(cpu); };',
    'calls f() outside kernel code, or with something but `cpu`',
  ],
];

for (const [code, complaint] of REJECTED) {
  test(`rejected with file and line: ${code.replace('\n', ' ')}`, (t) => {
    const line = code.split('\n').length + 1;
    t.throws(() => resumable(`\n${code}`), {
      code: 'ERR_USAGE',
      message: `/user/code.js:${line}: ${complaint}`,
    });
  });
}

test('a syntax error is reported with file and line', (t) => {
  t.throws(() => resumable('\nfunction ('), {
    code: 'ERR_USAGE',
    message: /^\/user\/code\.js:2: is not JavaScript/,
  });
});

test('stack traces of resumable code name the lines of the TypeScript source', async (t) => {
  const session = await sessionOf(fixture('lines'), 'lines', 'sc');
  const story = tell(session, DEFAULT_SCHEDULE);
  t.is(story.verdict.grade, 'acceptable', story.verdict.key);
  const stacks = story.steps.map(({ stack }) => stack.map((frame) => frame.replace(/^.*\//, '')));
  t.deepEqual(stacks[0], ['lines.ts:16', 'lines.ts:21', 'lines.ts:30']);
  t.deepEqual(stacks.at(-1), ['lines.ts:16', 'lines.ts:23', 'lines.ts:30']);
});

/** A random program over a few words: nested calls, loops, conditions, every kind of operation. */
const word = fc.integer({ min: 0, max: 7 }).map((i) => `base + ${i}`);
const { statement } = fc.letrec<{ expression: string; statement: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: -9, max: 9 }).map(String),
    word.map((w) => `cpu.get(${w})`),
    word.map((w) => `cpu.readOnce(${w})`),
    fc.tuple(word, tie('expression')).map(([w, e]) => `cpu.xchg(${w}, ${e})`),
    fc.tuple(word, tie('expression')).map(([w, e]) => `cpu.fetchAdd(${w}, (${e}) | 0)`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `((${a}) ^ (${b}))`),
    tie('expression').map((e) => `helper(cpu, base, ${e})`),
    tie('expression').map((e) => `table.half(cpu, ${e})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `((${a}) > 0 ? ${b} : 1)`),
  ),
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(word, tie('expression')).map(([w, e]) => `cpu.writeOnce(${w}, (${e}) | 0)`),
    fc.tuple(word, tie('expression')).map(([w, e]) => `cpu.set(${w}, ${e})`),
    fc.constant('cpu.smpMb()'),
    word.map((w) => `cpu.testAndSetBit(${w}, 3) && cpu.clearBit(${w}, 1)`),
    fc.tuple(tie('expression'), tie('statement')).map(([e, s]) => `if (${e}) { ${s} }`),
    fc
      .array(tie('statement'), { maxLength: 3 })
      .map((s) => `for (let i = 0; i < 2; i++) { ${s.join('\n')} }`),
  ),
}));

const programs = fc.array(statement, { minLength: 1, maxLength: 6 }).map(
  (body) => `
    function helper(cpu, base, x) { cpu.setBit(base + 7, x & 31); return cpu.readOnce(base + 7) - x }
    const table = { half: (cpu, x) => cpu.ablates(1) ? 0 : x >> 1 }
    function main(cpu) { const base = 128 + 16 * cpu.id
      ${body.join('\n')}
    }`,
);

function evaluate(code: string): KernelBody {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  return new Function(`${code}\nreturn main;`)() as KernelBody;
}

function runPlain(code: string, cpus: number): number[] {
  const words = new Int32Array(256);
  for (let id = 0; id < cpus; id++) {
    const cpu: Cpu = new AtomicsCpu(id as CpuId, {} as Cpu['ctx'], { words, localBase: 32 });
    evaluate(code)(cpu);
  }
  return [...words.subarray(128)];
}

function runResumable(code: string, cpus: number, seed: number): number[] {
  const map = new MemoryMap();
  const localBase = claimLocal(map, cpus);
  const body = evaluate(resumable(code)) as unknown as (cpu: ExplorerCpu) => Coroutine;
  const bodies = Array.from({ length: cpus }, () => body as unknown as KernelBody);
  const machine = { map, localBase, ctx: {}, bodies };
  const memory = new ScMemory();
  const execution = new Execution(
    { scenario: {} as Scenario, machine, image: new Int32Array(256) },
    { memory, fencesInteract: false, ablation: new Ablation(), steps: 100_000 },
  );
  const strategy = seed === 0 ? new ReplayStrategy(DEFAULT_SCHEDULE) : new RandomStrategy(seed);
  strategy.begin(0);
  if (execution.run(strategy) !== 'ended') throw execution.thrown;
  return [...memory.words.subarray(128)];
}

test('generated programs do the same resumable as plain, on one CPU (seed 7)', (t) => {
  fc.assert(
    fc.property(programs, (code) => t.deepEqual(runResumable(code, 1, 0), runPlain(code, 1))),
    { seed: 7, numRuns: 300 },
  );
});

test('CPUs with words of their own do the same under every schedule as one after another (seed 8)', (t) => {
  fc.assert(
    fc.property(programs, fc.integer({ min: 1, max: 1000 }), (code, seed) =>
      t.deepEqual(runResumable(code, 3, seed), runPlain(code, 3)),
    ),
    { seed: 8, numRuns: 200 },
  );
});
