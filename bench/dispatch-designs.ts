/**
 * What bounds the cost of a patched call: a site's code without a handler, the call of WebAssembly, the handler's reads; and
 * handlers of other designs. All with a stack of one, outside transitions, where the answer is always the same version.
 */

import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import { FIRST_WORD, instantiateDecide, type Decide } from '../src/livepatch/wasm-handler.js';
import { KLP_FUNC, KLP_OPS } from '../src/livepatch/layout.js';
import { LIST } from '../src/kernel/list.js';
import { TASK } from '../src/kernel/task.js';
import { BODY_WORD, type Body } from '../src/live/bodies.js';
import type { NativeCpu } from '../src/memory/native.js';
import type { SoloMachine } from '../src/scenario/solo.js';
import { caseSites, CASES, patchStateIn, PROGRAM, TABLE } from './dispatch-cases.js';
import type { FnSite } from './dispatch-loop.js';
import { dispatcherFor, entering, loopOf } from './dispatch-variants.js';
import type { Benchmark, Task } from './harness.js';

const CALLS = 4096;
const FIRST = 0;

/** How one design decides: an expression, and statements before it. `ops` is the site's, `v0` the original, `v1` the version. */
interface Design {
  readonly name: string;
  readonly before?: string;
  readonly decision: string;
  /** How it gets to the version, if not by a switch. */
  readonly call?: string;
  readonly decide?: (stage: Stage, site: FnSite) => Decide;
}

/** What the rows share. */
export interface Stage {
  readonly solo: SoloMachine;
  readonly base: number;
  readonly cpu: NativeCpu;
}

const codeOf = (name: string): Uint8Array =>
  readFileSync(new URL(`./wasm/${name}.wasm`, import.meta.url));

function floorOf(stage: Stage, name: 'nothing' | 'reads'): Decide {
  const module = new WebAssembly.Module(new Uint8Array(codeOf('floor')));
  const { memory } = stage.solo.boot;
  const { exports } = new WebAssembly.Instance(module, { klp: { memory } });
  return exports[name] as unknown as Decide;
}

const NODE = `const node = words[ops + ${KLP_OPS.funcStack - KLP_OPS.fops + LIST.next}];`;
const field = (name: 'transition' | 'nop' | 'newFunc'): string =>
  `node + ${KLP_FUNC[name] - KLP_FUNC.stackNode}`;
const WORD = `words[words[${field('newFunc')}] + ${BODY_WORD}] + ${FIRST_WORD}`;
const BUSY = `words[${field('transition')}] !== 0 || words[${field('nop')}] !== 0`;

const HANDLER = 'decide(site.ops, cpu.current)';

/** All designs; each row says what it leaves out of the one that machines use. */
const DESIGNS: readonly Design[] = [
  { name: 'code of the site, no handler', decision: 'known' },
  {
    name: 'call of an empty WebAssembly function',
    decision: 'decide(known, 0)',
    decide: (stage) => floorOf(stage, 'nothing'),
  },
  {
    name: "call and the handler's reads",
    decision: HANDLER,
    decide: (stage) => floorOf(stage, 'reads'),
  },
  {
    name: "handler with its site's ops inside",
    decision: 'decide(cpu.current)',
    decide: ({ solo, cpu }, { ops }) =>
      instantiateDecide(codeOf('constant-ops'), cpu.id, solo.boot, BODY_WORD, ops),
  },
  {
    name: 'versions in a table',
    decision: HANDLER,
    call: 'const body = choices[decision]; if (body !== undefined) return body(x);',
  },
  {
    name: 'JavaScript, reads without order',
    before: `const ops = site.ops; ${NODE} if (${BUSY}) return slow(-1);`,
    decision: WORD,
  },
  {
    name: 'JavaScript, Atomics',
    before: `const ops = site.ops;
      ${NODE.replace(/words\[(.*)\]/, 'Atomics.load(words, $1)')}
      if (${BUSY.replace(/words\[([^\]]*)\]/, 'Atomics.load(words, $1)')}) return slow(-1);`,
    decision: WORD,
  },
];

const made = { count: 0 };

/** The code of a site in a design. Its text is its own, as the engine shares what it learns among functions of equal text. */
function siteIn(stage: Stage, design: Design, site: FnSite, i: number, ours: Decide): FnSite {
  const id = PROGRAM.versions[i]?.[1] ?? NaN;
  const [original, version] = [PROGRAM.bodies[i], PROGRAM.bodies[id]] as [Body, Body];
  const known = id + FIRST_WORD;
  const text = `'use strict'; // ${design.name} ${++made.count}
const { site, cpu, decide, words, choices, v0, v1, slow } = parts;
const known = ${known};
return function (x) {
  ${design.before ?? ''}
  const decision = ${design.decision};
  ${design.call ?? `switch (decision) { case 0: return v0(x); case ${known}: return v1(x); }`}
  return slow(decision);
};`;
  const parts = {
    site: { ops: site.ops },
    cpu: stage.cpu,
    decide: design.decide?.(stage, site) ?? ours,
    words: stage.solo.words,
    choices: [original, ...Array.from({ length: FIRST_WORD - 1 }), ...PROGRAM.bodies],
    v0: original,
    v1: version,
    slow: (decision: number): never => {
      throw new RangeError(`${design.name}: ${decision} is not the decision ${known}`);
    },
  };
  const make = compileFunction(text, ['parts']) as (given: typeof parts) => FnSite['invoke'];
  return { ...site, invoke: make(parts) };
}

async function designRows(makeStage: () => Stage, decideOf: (s: Stage) => Decide): Promise<Task[]> {
  const stage = makeStage();
  const { solo, base, cpu } = stage;
  const makeDispatcher = await dispatcherFor('designs');
  const dispatcher = makeDispatcher(cpu, solo.boot, solo, {});
  const sites = caseSites(dispatcher, base, FIRST);
  const decide = decideOf(stage);
  const row = async (name: string, own: readonly FnSite[]): Promise<Task> => {
    const { patchable } = await loopOf(`design ${name}`);
    const enter = entering(patchable, own, CALLS, 1);
    return {
      name,
      operations: CALLS,
      run: () => {
        solo.words[solo.admin + TASK.patchState] = patchStateIn(CASES[FIRST]!);
        return enter();
      },
    };
  };
  const { direct } = await loopOf('design: direct');
  const rows: Task[] = [
    { name: 'direct call', operations: CALLS, run: entering(direct, TABLE, CALLS, 1) },
    await row('what machines use', sites),
  ];
  for (const design of DESIGNS) {
    const own = sites.map((site, i) => siteIn(stage, design, site, i, decide));
    rows.push(await row(design.name, own));
  }
  return rows;
}

/** What each design costs on top of a direct call. */
export const dispatchDesigns = (
  makeStage: () => Stage,
  decideOf: (stage: Stage) => Decide,
): Benchmark => ({
  name: 'dispatch designs',
  unit: 'ns/call',
  better: 'lower',
  baseline: 'direct call',
  tasks: () => designRows(makeStage, decideOf),
});
