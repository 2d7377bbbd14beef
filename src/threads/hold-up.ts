/** What held the transition up that took longest: a run that goes on says it at its end. */

import type { Addr } from '../memory/struct.js';
import { stallNow, stalledTaskText, type Stall, type StallLayout } from './stall.js';

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
/** Tasks that are told. */
const MOST_TOLD = 5;

type HoldUpLayout = StallLayout & { readonly klp: { readonly signalsCnt: Addr } };

/** Looks at the transition from time to time, and keeps the longest. */
export class LongestHoldUp {
  readonly #words: Int32Array;
  readonly #check: HoldUpLayout;
  #longest: HoldUp | undefined;

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
    const { signalsCnt } = this.#check.klp;
    const attempts = Atomics.load(words, signalsCnt);
    if (attempts < STUCK_ATTEMPTS || attempts < GROWTH * (this.#longest?.attempts ?? 0)) return;
    const stall = stallNow(words, this.#check);
    if (stall === undefined || stall.tasks.length === 0) return;
    // A transition that ended, was reversed or began meanwhile counts anew: what was seen is of no certain one.
    if (Atomics.load(words, signalsCnt) < attempts) return;
    this.#longest = { patch: stall.patch, attempts, ...told(stall) };
  }
}

function told({ target, count, tasks }: Stall): Pick<HoldUp, 'target' | 'count' | 'tasks'> {
  const isHeld = ({ inTheWay }: (typeof tasks)[number]): boolean => inTheWay !== '';
  const ordered = [...tasks.filter(isHeld), ...tasks.filter((it) => !isHeld(it))];
  return { target, count, tasks: ordered.slice(0, MOST_TOLD).map(stalledTaskText) };
}

/** A hold-up for people, in lines. */
export function holdUpLines({ patch, attempts, target, count, tasks }: HoldUp): string[] {
  const side = target === 1 ? 'patched' : 'unpatched';
  const were = count === 1 ? '1 task had' : `${count} tasks had`;
  return [
    `longest hold-up: ${attempts} attempts towards ${side} of ${patch}; ${were} not switched:`,
    ...tasks.map((task) => `  ${task}`),
    ...(count > tasks.length ? [`  and ${count - tasks.length} more`] : []),
  ];
}
