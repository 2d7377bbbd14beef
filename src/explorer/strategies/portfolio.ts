/** Portfolio: each execution is made by another strategy than the one before, so that whichever suits a bug finds it. */

import type { Position, Step, Strategy } from '../engine/strategy.js';

/** Takes its strategies in turn: execution number `run` is made by strategy `run` modulo their number. */
export class PortfolioStrategy implements Strategy {
  readonly #members: readonly Strategy[];
  #current: Strategy;

  /** @param members at least one, none of which depends on its earlier executions */
  constructor(members: readonly Strategy[]) {
    this.#members = members;
    this.#current = members[0] as Strategy;
  }

  get fuel(): number {
    return this.#current.fuel;
  }
  get observes(): boolean {
    return this.#current.observes;
  }
  get weights(): Uint8Array | undefined {
    return this.#current.weights;
  }
  get restsAlone(): boolean {
    return this.#current.restsAlone;
  }

  begin(run: number): boolean {
    const members = this.#members;
    this.#current = members[run % members.length] as Strategy;
    return this.#current.begin(Math.floor(run / members.length));
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    return this.#current.next(runnable, last, cpus);
  }

  choose(n: number, kind: number, cpu: number, addr: number, step: number, index: number): number {
    return this.#current.choose(n, kind, cpu, addr, step, index);
  }

  observe(step: Step): void {
    this.#current.observe(step);
  }

  end(): void {
    this.#current.end();
  }
}
