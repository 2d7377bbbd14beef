/** A search that is saved and gone on with, again and again, is the search that nobody stopped. */

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import test from 'ava';
import { exhaust as exhaustRaces } from '../../src/campaign/verify/exhaust.js';
import { catalogueScenarios } from '../../src/campaign/scenarios/scenarios.js';
import { prepare } from '../../src/explorer/engine/prepare.js';
import { loadScenario } from '../../src/explorer/engine/session.js';
import { exhaust, type ExhaustRequest } from '../../src/explorer/states/exhaust.js';
import { StateSearch, type SavedSearch } from '../../src/explorer/states/search.js';
import type { SavedPart, SearchKeeper } from '../../src/explorer/states/search-keeper.js';
import { Ablation } from '../../src/memory/sites.js';
import { preparedProgram } from './weak-programs.js';
import type { ScenarioReference } from '../../src/scenario/reference.js';

/** Steps of a search, and after how many it is stopped each time. */
const STEPS = 5000;
const CUT = 1251;

function referenceOf(name: string): ScenarioReference {
  const chosen = catalogueScenarios().find((one) => one.name === name);
  return { file: chosen?.file ?? '', name };
}

/** What a process gets that goes on. */
const copied = <T>(value: T): T => deserialize(serialize(value)) as T;

type Searching = (saved?: SavedSearch) => StateSearch;

/** Makes searches of a race. */
async function searchesOf(name: string, isWeak: boolean): Promise<Searching> {
  const { scenario } = await loadScenario(referenceOf(name), { frames: true });
  const options = { ablation: new Ablation(), isWeak, bound: 60_000, learntFrom: 20 };
  return (saved) => new StateSearch(prepare(scenario), options, saved);
}

/** Search for some steps. @param cut is given the search now and then, and returns the one that goes on */
function told(
  searchOf: Searching,
  bound: number,
  cut: (search: StateSearch) => StateSearch,
): unknown {
  let search = searchOf();
  if (bound >= 0) search.bound(bound, bound);
  const most = search.steps + STEPS;
  while (search.steps < most && !search.isDone) {
    search.run({ steps: search.steps + CUT });
    search = cut(search);
  }
  return { ...search.run({ steps: search.steps }), digest: search.digest };
}

for (const [name, memory, bound] of [
  ['enable-call', 'sc', -1],
  ['enable-call', 'lkmm', -1],
  ['exit-poll', 'sc', 1], //          interrupts
  ['hook-switch-flip', 'sc', -1], //  events, and words that turn out to be shared
  ['two-admins', 'lkmm', 0], //       three CPUs
] as const) {
  const within = bound < 0 ? '' : ` within ${bound}`;
  test(`${name} under ${memory}${within} is searched as in one go`, async (t) => {
    const searchOf = await searchesOf(name, memory === 'lkmm');
    const goesOn = (search: StateSearch): StateSearch => {
      const saved = copied(search.save());
      const next = searchOf(saved);
      t.true(isDeepStrictEqual(copied(next.save()), saved));
      return next;
    };
    t.deepEqual(
      told(searchOf, bound, goesOn),
      told(searchOf, bound, (search) => search),
    );
  });
}

test('what code threw is thrown by the code again', (t) => {
  const program = [
    'export function body0(cpu) { cpu.writeOnce(128, 1); }',
    'export function body1(cpu) { if (cpu.readOnce(128) === 1) cpu.readOnce(0); }',
  ];
  const searchOf: Searching = (saved) => {
    const options = { ablation: new Ablation(), isWeak: true, bound: 1000 };
    return new StateSearch(preparedProgram(program), options, saved);
  };
  const whole = searchOf();
  const { steps, ends } = whole.run({ steps: 1e6 });
  t.true(ends.has('oops'));
  const saved = copied(whole.save());
  t.is(saved.state.local.thrown.length, 1);
  // The pass begins again, with the code that is known.
  const search = searchOf({ ...saved, seen: new Int32Array(0), ends: new Map(), isDone: false });
  search.bound(3);
  t.deepEqual([...search.run({ steps: 2 * steps }).ends.keys()].sort(), [...ends.keys()].sort());
});

/** Keeps searches in memory. */
class Kept implements SearchKeeper {
  readonly parts = new Map<string, SavedPart>();
  load(part: string): SavedPart | undefined {
    return this.parts.get(part);
  }
  keep(part: string, make: () => SavedPart): void {
    this.parts.set(part, copied(make()));
  }
}

test('a search goes on with what was kept, and counts its time', async (t) => {
  const request: ExhaustRequest = {
    scenario: referenceOf('disable-call'),
    ablated: [],
    ms: 60_000,
  };
  const whole = await exhaust(request);
  t.true(whole.exhausted);
  const kept = new Kept();
  const stop = new Int32Array(new SharedArrayBuffer(4)).fill(1);
  t.false((await exhaust({ ...request, stop }, kept)).exhausted);
  const part = kept.parts.get('whole') as SavedPart;
  kept.parts.set('whole', { ...part, ms: 30_000 });
  const { seconds, ...rest } = await exhaust(request, kept);
  t.true(seconds > 30);
  t.like(rest, { states: whole.states, steps: whole.steps, digest: whole.digest });

  // It really goes on with that search.
  const walk = { ...part.search.walk, steps: part.search.walk.steps + 1000 };
  kept.parts.set('whole', { ...part, search: { ...part.search, walk } });
  t.is((await exhaust(request, kept)).steps, whole.steps + 1000);
});

test('a search that ran out of its time gets more from a larger budget, and its files go', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'klp-saved-'));
  const options = { scenarios: ['disable-call'], threads: 1, checkpoint: join(folder, 'races') };
  const found = async (budgetMs: number): Promise<unknown> => {
    const [row] = (await exhaustRaces({ ...options, budgetMs })).rows;
    return [row?.says, row?.states, row?.digest];
  };
  const expected = await exhaustRaces({ scenarios: ['disable-call'], threads: 1 });
  t.like(await found(1), { 0: 'searched' });
  const file = join(folder, 'races.disable-call.sc.whole');
  t.deepEqual(readdirSync(folder).sort(), ['races', 'races.disable-call.sc.whole']);

  const saved = readFileSync(file);
  const damaged = Buffer.from(saved);
  damaged[saved.length - 1] = (damaged[saved.length - 1] as number) ^ 1;
  for (const content of [damaged, saved.subarray(0, 100), '', '{}\n']) {
    writeFileSync(file, content);
    await t.throwsAsync(() => found(120_000), { name: 'UsageError', message: /is damaged/ });
  }
  writeFileSync(file, saved);
  const [row] = expected.rows;
  t.deepEqual(await found(120_000), ['proved', row?.states, row?.digest]);
  t.deepEqual(readdirSync(folder), ['races']);
});
