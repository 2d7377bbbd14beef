/** Tells a finding CPU by CPU: source lines, the values each could see, and the ordering sites that allowed it. */

import { CHOOSE_READ, CHOOSE_WRITE } from '../../memory/model.js';
import { decisiveSteps } from './decisive.js';
import type { MemoryMap } from '../../memory/map.js';
import { Recorder, type StoryStep } from '../engine/recorder.js';
import type { Schedule } from '../engine/schedule.js';
import type { Session } from '../engine/session.js';
import { CHOOSE_EARLY, CHOOSE_INTERRUPT, CHOOSE_SLEEPER } from '../engine/strategy.js';
import type { Verdict } from '../engine/verdict.js';

/** An execution in detail. */
export interface Story {
  readonly verdict: Verdict;
  readonly hash: number;
  readonly steps: readonly StoryStep[];
  /** For each CPU that is blocked at the end: the kernel code it waits in, innermost first. */
  readonly blocked: readonly { readonly cpu: number; readonly stack: readonly string[] }[];
}

/** Execute a schedule and write down what happens. */
export function tell(session: Session, schedule: Schedule): Story {
  const { execution } = session;
  // Once without a recorder: it may show that data races have to be looked for.
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
    return { verdict, hash: execution.hash >>> 0, steps: recorder.steps, blocked };
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
  /** Print only this many steps. */
  readonly until?: number;
}

/** The lines of a story: a heading for each turn of a CPU, a line for each of its operations. */
export function storyLines(story: Story, map: MemoryMap, options: StoryOptions = {}): string[] {
  const steps = story.steps.filter((s) => (options.all ?? false) || !QUIET.has(s.name));
  const decisive = options.decisive === true ? decisiveSteps(steps) : undefined;
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
