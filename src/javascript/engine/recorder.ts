/** Records the steps of an execution while a finding is told. */

import type { Agent } from './agent.js';

/** One line of a story. */
export interface StoryStep {
  readonly agent: number;
  /** Number of the site in the program's table. */
  readonly site: number;
  readonly kind: 'read' | 'write' | 'sleep' | 'awake';
  readonly address: number;
  readonly size: number;
  /** Low bits of the value. */
  readonly raw: number;
  /** Newest bytes of the word afterwards. */
  readonly newest: number;
  /** Answers of the memory that were not the newest: how many values could be seen, and which one was. */
  readonly weak: readonly { readonly n: number; readonly value: number }[];
}

/** Collects a story. */
export class Recorder {
  readonly steps: StoryStep[] = [];
  readonly #newest: (address: number, size: number) => number;
  #weak: { n: number; value: number }[] = [];

  constructor(newest: (address: number, size: number) => number) {
    this.#newest = newest;
  }

  turn(_agent: number): void {
    // A change of agents shows in the steps.
  }

  choice(n: number, value: number): void {
    if (value !== 0) this.#weak.push({ n, value });
  }

  step(
    agent: Agent,
    site: number,
    kind: StoryStep['kind'],
    address: number,
    size: number,
    raw: number,
  ): void {
    const newest = this.#newest(address, size);
    this.steps.push({ agent: agent.id, site, kind, address, size, raw, newest, weak: this.#weak });
    this.#weak = [];
  }
}
