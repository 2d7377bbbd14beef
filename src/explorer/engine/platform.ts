/** What all CPUs of an execution share: the memory, the ablated sites, the observers and the trace. */

import { tableOf, type Ablation } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import type { StateAccess } from '../../scenario/declare.js';
import { EventTrace } from '../../scenario/event-trace.js';
import type { ExplorerMemory } from './explorer-memory.js';
import { audienceOf, type Audience, type Observer } from './observer.js';

/** Options of an execution that its CPUs share. */
export interface SiteOptions {
  /** Whether the order of strong fences matters to the memory. */
  readonly fencesInteract: boolean;
  /** Called for each ordering site that code reaches, whether the site is removed or not. */
  readonly onSite?: ((site: number) => void) | undefined;
}

/** The same table, which reports each look at it. */
function telling(removed: Uint8Array, onSite: (site: number) => void): Uint8Array {
  return new Proxy(removed, {
    get(table, key) {
      const site = Number(key);
      if (site > 0) onSite(site);
      return table[site];
    },
  });
}

/** Shared by the CPUs of one execution; what the engine, machines and checks see of its memory. */
export class Platform implements StateAccess {
  readonly memory: ExplorerMemory;
  /** Number of words. */
  readonly words: number;
  /** The ordering sites that are ablated: a table for `isRemoved()`. */
  readonly removed: Uint8Array;
  /** Whether the order of strong fences matters to the memory. */
  readonly fencesInteract: boolean;
  readonly traced = new EventTrace();
  /** Kernel code used `get` or `set`. */
  substrate = false;
  /** The observers, by the events that they want to be told of. */
  told: Audience = audienceOf([]);
  readonly #attached: Observer[] = [];

  /** @param onSite is told of each ordering site that code comes to; slow, for coverage only */
  constructor(
    memory: ExplorerMemory,
    words: number,
    ablation: Ablation,
    { fencesInteract, onSite }: Pick<SiteOptions, 'fencesInteract' | 'onSite'>,
  ) {
    this.memory = memory;
    this.words = words;
    const removed = tableOf(ablation);
    this.removed = onSite === undefined ? removed : telling(removed, onSite);
    this.fencesInteract = fencesInteract;
  }

  /** Attach an observer, from the next execution on. */
  attach(observer: Observer): void {
    this.#attached.push(observer);
    this.#gather();
  }

  /** Detach an observer. */
  detach(observer: Observer): void {
    this.#attached.splice(this.#attached.indexOf(observer), 1);
    this.#gather();
  }

  #gather(): void {
    this.told = audienceOf(this.#attached);
  }

  /** Whether an observer wants to be told of loops. */
  get tellsLoops(): boolean {
    return this.#attached.some(({ wantsLoops }) => wantsLoops);
  }

  /** Forget the last execution. This does not reset the memory: the caller that knows its choices does. */
  restart(): void {
    this.traced.clear();
    for (const one of this.#attached) one.restart();
  }

  read(addr: Addr): number {
    return this.memory.newest(addr);
  }

  write(addr: Addr, value: number): void {
    this.memory.poke(addr, value);
  }

  setBits(addr: Addr, bits: number): void {
    this.memory.poke(addr, this.memory.newest(addr) | bits);
  }
}
