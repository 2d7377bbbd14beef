/** Random small litmus tests, as source text: accesses, fences, dependencies, read-modify-writes, locked sections. */

import { Random } from '../../src/memory/random.js';

const LOCATIONS = ['x', 'y', 'z'] as const;

/** Writes one thread. */
class ThreadWriter {
  readonly lines: string[] = [];
  readonly registers: string[] = [];
  readonly #random: Random;
  readonly #fresh: () => number;
  readonly #locations: number;

  constructor(random: Random, locations: number, fresh: () => number) {
    this.#random = random;
    this.#locations = locations;
    this.#fresh = fresh;
  }

  #location(): string {
    return LOCATIONS[this.#random.below(this.#locations)]!;
  }

  #result(call: string): void {
    const register = `r${this.registers.length}`;
    this.registers.push(register);
    this.lines.push(`int ${register} = ${call};`);
  }

  #known(): string | undefined {
    return this.registers[this.#random.below(Math.max(this.registers.length, 1))];
  }

  access(): void {
    const [at, register] = [this.#location(), this.#known()];
    const kind = this.#random.below(16);
    if (kind < 5) this.#result(`READ_ONCE(*${at})`);
    else if (kind < 9) this.lines.push(`WRITE_ONCE(*${at}, ${this.#fresh()});`);
    else if (kind === 9) this.#result(`smp_load_acquire(${at})`);
    else if (kind === 10) this.lines.push(`smp_store_release(${at}, ${this.#fresh()});`);
    else if (kind === 11) this.#readModifyWrite(at);
    else if (kind === 12) this.lines.push(`atomic_add(${this.#fresh()}, ${at});`);
    else if (register === undefined) this.#result(`READ_ONCE(*${at})`);
    else if (kind === 13) this.lines.push(`WRITE_ONCE(*${at}, ${register} + ${this.#fresh()});`);
    else if (kind === 14) this.lines.push(`if (${register}) WRITE_ONCE(*${at}, ${this.#fresh()});`);
    else this.#result(`READ_ONCE(*(${at} + (${register} & 0)))`);
  }

  #readModifyWrite(at: string): void {
    const order = ['', '_relaxed', '_acquire', '_release'][this.#random.below(4)]!;
    const next = this.#fresh();
    const exchange = `atomic_xchg${order}(${at}, ${next})`;
    const compare = `atomic_cmpxchg${order}(${at}, 0, ${next})`;
    this.#result(this.#random.below(3) === 0 ? compare : exchange);
  }

  /** One access to a location, with release or acquire if it is `ordered`, now and then a read-modify-write. */
  at(location: string, store: boolean, ordered: boolean): void {
    if (this.#random.below(6) === 0) this.#readModifyWrite(location);
    else if (store && ordered) this.lines.push(`smp_store_release(${location}, ${this.#fresh()});`);
    else if (store) this.lines.push(`WRITE_ONCE(*${location}, ${this.#fresh()});`);
    else this.#result(ordered ? `smp_load_acquire(${location})` : `READ_ONCE(*${location})`);
  }

  fence(): void {
    this.lines.push(`smp_${['mb', 'rmb', 'wmb'][this.#random.below(3)]!}();`);
  }

  section(): void {
    this.lines.push('spin_lock(l);');
    for (let n = 1 + this.#random.below(2); n > 0; n--) this.access();
    this.lines.push('spin_unlock(l);');
  }

  statement(): void {
    const kind = this.#random.below(16);
    if (kind < 4) this.fence();
    else if (kind === 4) this.section();
    else this.access();
  }
}

/** Thread `n` of a ring: an access to one location, something that may order, an access to the next location. */
function ringThread(writer: ThreadWriter, from: string, to: string, random: Random): void {
  const order = random.below(8);
  const store = (): boolean => random.below(2) === 0;
  writer.at(from, store(), order === 0);
  const lock = order === 7 && random.below(2) === 0;
  if (lock) writer.lines.push('spin_lock(l);');
  if (order >= 2 && order <= 5) writer.fence();
  if (lock) writer.lines.push('spin_unlock(l);');
  writer.at(to, store(), order === 1);
}

/**
 * Source of the random test of a seed: with an odd seed, 2 or 3 threads that each access two of as many locations, in a
 * ring, which is where most orders matter; with an even one, 2 or 3 threads of 2 to 5 statements each.
 */
export function randomSource(seed: number): string {
  const random = new Random(seed, 77);
  let last = 0;
  const fresh = (): number => ++last;
  const count = 2 + random.below(2);
  const locations = seed % 2 === 1 ? count : 2 + random.below(2);
  const used = LOCATIONS.slice(0, locations);
  const threads = Array.from({ length: count }, (_, i) => {
    const writer = new ThreadWriter(random, locations, fresh);
    if (seed % 2 === 1) ringThread(writer, used[i]!, used[(i + 1) % count]!, random);
    else for (let n = 2 + random.below(4); n > 0; n--) writer.statement();
    return writer;
  });
  const parameters = [...used.map((name) => `atomic_t *${name}`), 'spinlock_t *l'].join(', ');
  const bodies = threads.map(
    ({ lines }, i) => `P${i}(${parameters})\n{\n\t${lines.join('\n\t')}\n}\n`,
  );
  const registers = threads.flatMap((writer, i) => writer.registers.map((r) => `${i}:${r}=0`));
  const condition = [...registers, ...used.map((name) => `${name}=0`)].join(' /\\ ');
  return `C random-${seed}\n\n{}\n\n${bodies.join('\n')}\nexists (${condition})\n`;
}
