/** What happens before what, as vector clocks: one for each agent, one for each list of waiters. */

/** The clocks of one execution. */
export class AgentClocks {
  #agents = 0;
  #clocks: Int32Array[] = [];
  /** What the critical sections of each list of waiters have seen. */
  readonly #sections = new Map<number, Int32Array>();

  /** Start another execution. Returns whether the number of agents has changed. */
  reset(agents: number): boolean {
    this.#sections.clear();
    if (agents !== this.#agents) {
      this.#agents = agents;
      this.#clocks = Array.from({ length: agents }, () => new Int32Array(agents));
      return true;
    }
    for (const clock of this.#clocks) for (let i = 0; i < agents; i++) clock[i] = 0;
    return false;
  }

  /** For each agent, how many of its events happen before the next one of `agent`. */
  of(agent: number): Int32Array {
    return this.#clocks[agent] as Int32Array;
  }

  /** Another event of an agent. Returns its number. */
  advance(agent: number): number {
    const clock = this.of(agent);
    return (clock[agent] = (clock[agent] as number) + 1);
  }

  copy(agent: number, to: Int32Array): void {
    const clock = this.of(agent);
    for (let i = 0; i < clock.length; i++) to[i] = clock[i] as number;
  }

  join(agent: number, other: Int32Array): void {
    const clock = this.of(agent);
    for (let i = 0; i < clock.length; i++) {
      if ((other[i] as number) > (clock[i] as number)) clock[i] = other[i] as number;
    }
  }

  section(agent: number, address: number): void {
    const known = this.#sections.get(address);
    this.advance(agent);
    if (known !== undefined) this.join(agent, known);
    this.#sections.set(address, this.of(agent).slice());
  }
}
