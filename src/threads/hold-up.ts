/** What held the transition up that took longest: a run that goes on says it at its end. */

import type { KlpContext } from '../livepatch/layout.js';
import {
  stallNow,
  stalledTaskText,
  type Stall,
  type StalledTask,
  type StallLayout,
} from './stall.js';

/** A transition that did not come to its end for many attempts. */
export interface HoldUp {
  /** The patch. */
  readonly patch: string;
  /** Attempts to complete it, one a simulated second. */
  readonly attempts: number;
  /** 1: to patched, 0: to unpatched. */
  readonly target: number;
  /** How many tasks had not switched at that time. */
  readonly count: number;
  /** Some of them, those in a function of the transition first, a line each: where it is, and what would unblock it. */
  readonly tasks: readonly string[];
}

/** Attempts after which the kernel itself takes a transition for stuck, and sends signals. */
const STUCK_ATTEMPTS = 15;
/** Looking costs time on a machine that is stuck: the next time is after so many times the attempts. */
const GROWTH = 1.25;
/** Kinds of tasks that are told. */
const MOST_TOLD = 5;

type HoldUpLayout = StallLayout & {
  readonly klp: Pick<KlpContext, 'signalsCnt' | 'transitionPatch' | 'targetState'>;
};

/** Looks at the transition from time to time, and keeps the longest. */
export class LongestHoldUp {
  readonly #words: Int32Array;
  readonly #check: HoldUpLayout;
  #longest: HoldUp | undefined;
  /** What the last look saw. */
  #last = { patch: 0, target: 0, attempts: 0 };

  constructor(words: Int32Array, check: HoldUpLayout) {
    this.#words = words;
    this.#check = check;
  }

  /** The longest so far; undefined: none was stuck. */
  get longest(): HoldUp | undefined {
    return this.#longest;
  }

  /** Look now; the machine may go on meanwhile. */
  look(): void {
    const words = this.#words;
    const { klp } = this.#check;
    const attempts = Atomics.load(words, klp.signalsCnt);
    const patch = Atomics.load(words, klp.transitionPatch);
    const target = Atomics.load(words, klp.targetState);
    const last = this.#last;
    this.#last = { patch, target, attempts };
    if (attempts < STUCK_ATTEMPTS || attempts < GROWTH * (this.#longest?.attempts ?? 0)) return;
    // The count is that of the transition before until this one has started; it grows with attempts of this one only.
    if (last.patch !== patch || last.target !== target || attempts <= last.attempts) return;
    const stall = stallNow(words, this.#check);
    if (stall === undefined || stall.tasks.length === 0) return;
    if (Atomics.load(words, klp.signalsCnt) < attempts) return;
    this.#longest = { patch: stall.patch, attempts, ...told(stall) };
  }
}

/** Tasks in a function of the transition first; those that differ in their names only are one line. */
function told({ target, count, tasks }: Stall): Pick<HoldUp, 'target' | 'count' | 'tasks'> {
  const alike = new Map<string, StalledTask[]>();
  const isHeld = ({ inTheWay }: StalledTask): boolean => inTheWay !== '';
  for (const task of [...tasks.filter(isHeld), ...tasks.filter((it) => !isHeld(it))]) {
    const key = JSON.stringify({ ...task, task: '' });
    alike.set(key, [...(alike.get(key) ?? []), task]);
  }
  const lines = [...alike.values()].slice(0, MOST_TOLD).map(([first, ...others]) => {
    const text = first === undefined ? '' : stalledTaskText(first);
    return others.length === 0 ? text : `${text} (and ${others.length} like it)`;
  });
  return { target, count, tasks: lines };
}

/** A hold-up for people, in lines. */
export function holdUpLines({ patch, attempts, target, count, tasks }: HoldUp): string[] {
  const side = target === 1 ? 'patched' : 'unpatched';
  const were = count === 1 ? '1 task had' : `${count} tasks had`;
  return [
    `longest hold-up: ${attempts} attempts towards ${side} of ${patch}; ${were} not switched:`,
    ...tasks.map((task) => `  ${task}`),
  ];
}
