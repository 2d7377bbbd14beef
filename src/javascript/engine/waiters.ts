/** The waiters of each word: sleeping agents, and promises of `Atomics.waitAsync`, in the order of their arrival. */

import type { Agent, Waiter } from './agent.js';

/** All lists of one execution. */
export class Waiters {
  readonly #list: Waiter[] = [];

  clear(): void {
    if (this.#list.length > 0) this.#list.length = 0;
  }

  add(waiter: Waiter): void {
    this.#list.push(waiter);
  }

  /** Returns whether it was in a list. */
  remove(waiter: Waiter): boolean {
    const at = this.#list.indexOf(waiter);
    if (at >= 0) this.#list.splice(at, 1);
    return at >= 0;
  }

  /** An agent that has ended waits no more. */
  removeAgent(agent: Agent): void {
    for (let i = this.#list.length - 1; i >= 0; i--) {
      if (this.#list[i]?.agent === agent) this.#list.splice(i, 1);
    }
  }

  /** Take up to `count` waiters of a word out of its list, the first ones first. */
  take(address: number, count: number, each: (waiter: Waiter) => void): number {
    let taken = 0;
    const list = this.#list;
    for (let i = 0; i < list.length && taken < count;) {
      const waiter = list[i] as Waiter;
      if (waiter.address !== address) i++;
      else {
        list.splice(i, 1);
        each(waiter);
        taken++;
      }
    }
    return taken;
  }

  /** Sleeping agents. */
  *sleepers(): Iterable<Agent> {
    for (const { agent, settle } of this.#list) if (settle === undefined) yield agent;
  }

  /** Whether any promise waits for a word on behalf of an agent. */
  hasPromise(agent: Agent): boolean {
    return this.#list.some((waiter) => waiter.agent === agent && waiter.settle !== undefined);
  }
}
