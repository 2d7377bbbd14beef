/** Tells a finding CPU by CPU: source lines, the values each could see, and the ordering sites that allowed it. */

import { CHOOSE_READ, CHOOSE_WRITE } from '../../memory/model.js';
import { decisiveSteps } from './decisive.js';
import type { Inflection } from './inflection.js';
import type { MemoryMap } from '../../memory/map.js';
import { Recorder, type StoryStep } from '../engine/recorder.js';
import type { DataRace } from '../engine/race-detector.js';
import type { Schedule } from '../engine/schedule.js';
import type { Session } from '../engine/session.js';
import { CHOOSE_EARLY, CHOOSE_INTERRUPT, CHOOSE_SLEEPER } from '../engine/strategy.js';
import type { Verdict } from '../engine/verdict.js';

/** An execution in detail. */
export interface Story {
  readonly verdict: Verdict;
  readonly hash: number;
  /** What was really executed. */
  readonly schedule: Schedule;
  readonly steps: readonly StoryStep[];
  /** The data race that was found, if one was. */
  readonly race?: DataRace | undefined;
  /** For each CPU that is blocked at the end: the kernel code it waits in, innermost first. */
  readonly blocked: readonly { readonly cpu: number; readonly stack: readonly string[] }[];
}

/** Execute a schedule and write down what happens. */
export function tell(session: Session, schedule: Schedule): Story {
  const { execution } = session;
  // Execute once without a recorder: this may show that the search for data races must be on.
  session.replay(schedule);
  const recorder = new Recorder((addr) => execution.read(addr));
  execution.attach(recorder);
  try {
    const verdict = session.replay(schedule);
    const blocked = execution.cpus
      .filter((cpu) => cpu.waiting !== 0)
      .map((cpu) => ({
        cpu: cpu.id,
        stack: recorder.steps.findLast((s) => s.cpu === cpu.id)?.stack ?? [],
      }));
    return {
      verdict,
      hash: execution.hash >>> 0,
      schedule: execution.log.schedule(),
      steps: recorder.steps,
      race: verdict.key === 'data race' ? session.race : undefined,
      blocked,
    };
  } finally {
    execution.detach(recorder);
  }
}

/** Names of accesses that are no scheduling points: left out unless asked for. */
const QUIET: ReadonlySet<string> = new Set(['get', 'set', 'peek']);
const STORES: ReadonlySet<string> = new Set([
  'write',
  'writeOnce',
  'storeRelease',
  'rcuAssignPointer',
  'set',
]);
const PLAIN_NAMES: ReadonlySet<string> = new Set([
  'smpMb',
  'smpRmb',
  'smpWmb',
  '(ablated)',
  'spinLock',
  'spinUnlock',
]);

/** How a story is printed. */
export interface StoryOptions {
  /** Substrate accesses too. */
  readonly all?: boolean;
  /** Only the steps that decide the outcome: see {@link decisiveSteps}. */
  readonly decisive?: boolean;
  /** Where the outcome can no longer be avoided: one of the steps that decide it. */
  readonly inflection?: Inflection | undefined;
  /** Print only this many steps. */
  readonly until?: number;
}

/** The two accesses of a data race: the first that nothing orders after one before it, and that one. */
function racingSteps({ steps, race }: Story): ReadonlySet<StoryStep> {
  if (race === undefined) return new Set();
  const { addr, first, second } = race;
  const isAccess = (s: StoryStep, { cpu, isStore }: typeof first): boolean =>
    s.addr === addr && s.cpu === cpu && s.name === (isStore ? 'set' : 'get');
  let before: StoryStep | undefined;
  for (const step of steps) {
    if (before !== undefined && isAccess(step, second)) return new Set([before, step]);
    if (isAccess(step, first)) before = step;
  }
  return new Set();
}

function toldSteps(
  story: Story,
  { all }: StoryOptions,
  racing: ReadonlySet<StoryStep> = racingSteps(story),
): StoryStep[] {
  if (all === true) return [...story.steps];
  return story.steps.filter((s) => !QUIET.has(s.name) || racing.has(s));
}

/** Which step an inflection point is; -1: none, every execution fails. */
function indexOf(steps: readonly StoryStep[], { cpu, step }: Inflection): number {
  return steps.findLastIndex((s) => s.cpu === cpu && s.step === step && !QUIET.has(s.name));
}

/** Operations by which a CPU waits. That another CPU goes on then is not a choice. */
const WAITING: ReadonlySet<string> = new Set([
  'relax',
  'mwait',
  'halt (sleeps)',
  'spinLock (held)',
  'end',
]);

/**
 * The decisive steps that were a choice: without changes of CPU after one that waits, and without steps after the point
 * from which the outcome can no longer be avoided.
 */
function chosenSteps(
  steps: readonly StoryStep[],
  racing: ReadonlySet<StoryStep>,
  inflection: Inflection | undefined,
): Set<number> {
  const point = inflection === undefined ? steps.length : indexOf(steps, inflection);
  const isChange = (i: number): boolean => {
    const [before, after] = [steps[i], steps[i + 1]];
    return before?.cpu !== after?.cpu && !WAITING.has(before?.name ?? 'end');
  };
  const isChosen = (i: number): boolean => {
    const isWeak = steps[i]?.choices.some(({ value }) => value !== 0) ?? false;
    if (isWeak || (steps[i]?.ablated.length ?? 0) > 0) return true;
    return i <= point + 1 && (isChange(i) || isChange(i - 1));
  };
  const chosen = new Set([...decisiveSteps(steps)].filter(isChosen));
  if (point >= 0) chosen.add(point);
  for (const step of racing) chosen.add(steps.indexOf(step));
  return chosen.add(steps.length - 1);
}

/** An inflection point as a step of the story that these options tell. */
export function inflectionStep(
  story: Story,
  map: MemoryMap,
  inflection: Inflection,
  options: StoryOptions,
): Inflection & { readonly line: number; readonly text: string } {
  const steps = toldSteps(story, options);
  const index = indexOf(steps, inflection);
  const step = steps[index];
  const what = step === undefined ? [] : [`CPU ${step.cpu}`, describe(step, map), step.stack[0]];
  const text = what.filter((part) => part !== undefined).join(', ');
  return { ...inflection, line: index + 1, text };
}

/** The lines of a story: a heading for each turn of a CPU, a line for each of its operations. */
export function storyLines(story: Story, map: MemoryMap, options: StoryOptions = {}): string[] {
  const racing = racingSteps(story);
  const steps = toldSteps(story, options, racing);
  const decisive =
    options.decisive === true ? chosenSteps(steps, racing, options.inflection) : undefined;
  const lines: string[] = [];
  let cpu = -1;
  for (const [i, step] of steps.slice(0, options.until).entries()) {
    if (decisive?.has(i) === false) continue;
    if (step.cpu !== cpu) lines.push(`CPU ${step.cpu}`);
    ({ cpu } = step);
    const where = step.stack[0] ?? '';
    lines.push(
      `${String(i + 1).padStart(5)}  ${describe(step, map).padEnd(58)} ${where}`.trimEnd(),
    );
  }
  if (options.until === undefined || options.until >= steps.length) {
    for (const { cpu: id, stack } of story.blocked) {
      lines.push(`CPU ${id} waits in`, ...stack.map((frame) => `       ${frame}`));
    }
  }
  return lines;
}

function describe(step: StoryStep, map: MemoryMap): string {
  const removed = step.ablated.map((id) => `O-${String(id).padStart(2, '0')}`).join(', ');
  const note = removed === '' ? '' : ` [${removed} ablated]`;
  if (step.addr === 0) return `${step.name}${note}`;
  const name = map.nameOf(step.addr);
  if (PLAIN_NAMES.has(step.name)) return `${step.name} ${name}${note}`;
  const isStore = STORES.has(step.name);
  const value = isStore ? `${name} = ${step.value}` : `${name} → ${step.value}`;
  return `${step.name} ${value}${choiceNote(step)}${note}`;
}

/** What a weak choice meant: the value that was newest, and how many values could be seen. */
function choiceNote(step: StoryStep): string {
  const weak = step.choices.find((c) => c.value !== 0);
  if (weak === undefined) return '';
  if (weak.kind === CHOOSE_READ) {
    return ` (old value ${weak.value} of ${weak.n - 1}; newest is ${step.newest})`;
  }
  if (weak.kind === CHOOSE_WRITE) {
    return ` (takes effect before a store that others see later; newest is ${step.newest})`;
  }
  if (weak.kind === CHOOSE_SLEEPER) return ' (not the one that sleeps longest)';
  if (weak.kind === CHOOSE_EARLY) return ' (without a wake-up)';
  return weak.kind === CHOOSE_INTERRUPT ? ' (after an interrupt)' : ' (fails)';
}

/** One sentence for each ordering site whose ablation took effect. */
export function ablatedLines(story: Story): string[] {
  const seen = new Map<number, string>();
  for (const step of story.steps) {
    for (const site of step.ablated) {
      if (!seen.has(site)) seen.set(site, step.stack[0] ?? '');
    }
  }
  return [...seen].map(
    ([site, where]) => `O-${String(site).padStart(2, '0')} was ablated in ${where}`,
  );
}
