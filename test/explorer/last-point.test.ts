import test from 'ava';
import type { FunctionDeclaration } from 'acorn';
import { pointsLast, type Reach } from '../../src/explorer/build/last-point.js';
import { catalogModule, readGraph, transformGraph } from '../../src/explorer/build/modules.js';
import { plainNames } from '../../src/explorer/build/plain.js';
import { kernelDeclarations } from '../../src/explorer/build/symbols.js';
import { parseModule } from '../../src/explorer/build/transform.js';
import type { MemoryKind } from '../../src/explorer/engine/explorer-memory.js';
import { loadScenario, Session } from '../../src/explorer/engine/session.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';

const REACHES: Readonly<Record<string, Reach>> = { none: 'none', last: 'last' };

function isLast(body: string): boolean {
  const { body: program } = parseModule({ file: 'a.js', code: `function f(cpu, a) { ${body} }` });
  const [node] = program as unknown as FunctionDeclaration[];
  return pointsLast(node!.body, (name) => REACHES[name] ?? 'unknown');
}

const LAST = [
  'return cpu.read(a) === a ? 0 : 1;',
  'const next = cpu.read(a + 1); return next === a ? 0 : next;',
  'if (cpu.get(a) === 0) return 0; return cpu.xchg(a, 1);',
  'if (cpu.get(a) === 0) cpu.setBit(a, 1); else cpu.clearBit(a, 1);',
  'return cpu.get(a) !== 0 && cpu.testBit(a, 2);',
  'cpu.set(a, 1); cpu.trace(1, a); cpu.spinLock(a);',
  'return last(cpu, none(cpu, a) + Math.max(a, 1));',
  'const { kernel } = cpu.ctx; let x = 0; x = cpu.read(kernel.globals); return [x, cpu.id];',
];

for (const body of LAST) {
  test(`nothing can be told after its point: ${body}`, (t) => {
    t.true(isLast(body));
  });
}

const NOT_LAST = [
  'cpu.write(a, 1); cpu.write(a + 1, 1);',
  'return cpu.read(a) + cpu.read(a + 1);',
  'return cpu.testBit(a, 1) && cpu.testBit(a, 2);',
  'if (cpu.read(a) === 0) return cpu.get(a + 1); return 0;',
  'const x = cpu.read(a); cpu.trace(1, x);',
  'const x = cpu.read(a); cpu.set(a, x);',
  'cpu.read(a); return cpu.current;',
  'cpu.read(a); return none(cpu, a);',
  'last(cpu, a); last(cpu, a);',
  'return last(cpu, cpu.read(a));',
  'return other(cpu, a);',
  'return a.call(cpu, a);',
  'while (cpu.read(a) === 0) a++;',
  'a.found = cpu.read(a);',
  'a.push(cpu.read(a));',
  'const x = cpu.read(a); if (x === 0) throw new Error("0");',
  'return cpu.halt(a, 0);',
  'return cpu.wait(a, 0);',
  'if (cpu.get(a) === 0) cpu.read(a); cpu.set(a, 1);',
  'try { return cpu.read(a); } finally { cpu.set(a, 1); }',
];

for (const body of NOT_LAST) {
  test(`another CPU can tell what comes after: ${body}`, (t) => {
    t.false(isLast(body));
  });
}

test('a function whose point comes last stays as it is, and its callers yield', async (t) => {
  const outputs = transformGraph(await readGraph(catalogModule('disable-switch')));
  const all = [...outputs.values()].map(({ code }) => code).join('\n');
  t.regex(all, /function listForEachEntry\(cpu, head, pos\) \{\s+const next = cpu\.read\(/);
  t.regex(all, /function klpForEachObject\(cpu, patch, obj\) \{\s+return listForEachEntry\(cpu/);
  t.regex(all, /\(cpu\.result = klpForEachObject\(cpu, \w+, \w+\), cpu\.switching && \(yield\)/);
  t.regex(all, /function\* listDel\(cpu, entry\)/);
});

/** Names of a module that stay plain, and of those whose callers yield. */
function namesOf(code: string): { plain: string[]; last: string[] } {
  const source = { file: 'a.js', code };
  const program = parseModule(source);
  const none = new Map<string, string>();
  const graph = new Map([['a.js', { source, program, inside: none, outside: none }]]);
  const { plain, last } = plainNames(graph, new Map([['a.js', kernelDeclarations(program)]]));
  return { plain: [...plain.get('a.js')!], last: [...last.get('a.js')!] };
}

test('a name that is hidden by another somewhere stands for a coroutine', (t) => {
  const [get, read] = [
    'function get(cpu) { return cpu.get(1); }',
    'const read = (cpu) => cpu.read(1);',
  ];
  const use = 'function use(cpu) { get(cpu); return read(cpu); }';
  t.deepEqual(namesOf(`${get}\n${read}\n${use}`), { plain: ['get'], last: ['read', 'use'] });
  for (const hidden of [
    'function g(cpu, { get, read }) { get(cpu); read(cpu); }',
    'function g(cpu) { const get = 1; const read = (cpu) => cpu.read(2); read(cpu); }',
    'function g(cpu) { function get(cpu) { cpu.read(2); } function read(cpu) {} get(cpu); }',
  ]) {
    t.deepEqual(namesOf(`${get}\n${read}\n${use}\n${hidden}`), { plain: [], last: [] });
  }
});

test('a function that is used as a value is a coroutine', (t) => {
  t.deepEqual(namesOf('function f(cpu) { return cpu.read(1); }\nexport const t = { f };').last, []);
  t.deepEqual(namesOf('function f(cpu) { return cpu.read(1); }\nexport const t = f;').last, []);
});

/** Hash and outcome of executions, with all kernel code in coroutines (`frames`) or without the unnecessary ones. */
async function executed(file: string, memory: MemoryKind, frames: boolean): Promise<string[]> {
  const loaded = await loadScenario({ file: catalogModule(file), name: file }, { frames });
  const session = new Session(loaded, { memory, ablated: [] });
  const strategy = new RandomStrategy(3);
  return Array.from({ length: 60 }, (_, run) => {
    strategy.begin(run);
    const verdict = session.execute(strategy);
    return `${session.execution.hash} ${session.execution.steps} ${verdict?.key ?? ''}`;
  });
}

for (const file of ['disable-switch', 'enable-call', 'fork-switch']) {
  for (const memory of ['sc', 'lkmm'] as const) {
    test(`${file} under ${memory}: every execution is what it is with a coroutine for each call`, async (t) => {
      const all = await executed(file, memory, false);
      t.true(new Set(all).size > 30);
      t.deepEqual(all, await executed(file, memory, true));
    });
  }
}
