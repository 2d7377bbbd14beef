/** Random small litmus tests full of pointers, as source text; each seed is one test, and every one has an answer. */
import { Random } from '../../src/memory/random.js';

/** What pointers point to, and variables that hold pointers. */
const OBJECTS = ['x', 'y', 'z'] as const;
const POINTERS = ['p', 'q'] as const;

/** Writes one thread. */
class PointerWriter {
  readonly lines: string[] = [];
  /** Registers that hold integers, and those that point to an object. */
  readonly integers: string[] = [];
  readonly pointers: string[];
  readonly #random: Random;
  #count = 0;

  constructor(random: Random, given: readonly string[]) {
    this.#random = random;
    this.pointers = [...given];
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!;
  }

  chance(outOf: number): boolean {
    return this.#random.below(outOf) === 0;
  }

  #declare(type: 'int ' | 'int *', value: string): string {
    const register = `r${this.#count++}`;
    this.lines.push(`${type}${register} = ${value};`);
    (type === 'int ' ? this.integers : this.pointers).push(register);
    return register;
  }

  /** A number of 0 that depends on a register, where there is one. */
  #zero(): string {
    if (this.integers.length === 0) return '0';
    const register = this.pick(this.integers);
    return this.pick([
      `(${register} & 0)`,
      `(${register} - ${register})`,
      `(${register} ^ ${register})`,
    ]);
  }

  /** The address of an object: by its name, in a register, as a sum, or by a condition. */
  address(depth = 0): string {
    const kind = this.#random.below(depth > 1 ? 4 : 8);
    const object = this.pick(OBJECTS);
    if (kind < 2 || (kind === 2 && this.pointers.length === 0)) {
      return this.chance(2) ? object : `&${this.pick([`${object}[0]`, `*${object}`])}`;
    }
    if (kind < 4 && this.pointers.length > 0) return this.pick(this.pointers);
    if (kind === 4) return `(${this.address(depth + 1)} + ${this.#zero()})`;
    if (kind === 5) return `(${this.#truth()} ? ${this.address(2)} : ${this.address(2)})`;
    if (kind === 6) return `(${this.address(2)} + 1 - 1)`;
    return `(int *)${this.pick(OBJECTS)}`;
  }

  /** 0 or 1, by comparing pointers. */
  #truth(): string {
    const [a, b] = [this.address(2), this.address(2)];
    const kind = this.#random.below(7);
    if (kind === 0) return `${a} + 1 == ${b}`;
    if (kind === 1) return `!${a}`;
    if (kind === 2) return `(${a} && ${a} != ${b})`;
    if (kind === 3 && this.integers.length > 0) return `${this.pick(this.integers)} == 1`;
    return `${a} ${this.pick(['==', '!='])} ${b}`;
  }

  /** Read a pointer. */
  #load(): void {
    const variable = this.pick(POINTERS);
    const load = this.pick([
      ...[`READ_ONCE(*${variable})`, `rcu_dereference(*${variable})`, `READ_ONCE(*${variable})`],
      ...[`smp_load_acquire(${variable})`, `*${variable}`],
    ]);
    this.#declare('int *', load);
  }

  /** Write a pointer. */
  #store(): void {
    const variable = this.pick(POINTERS);
    const value = this.address();
    const kind = this.#random.below(7);
    if (kind < 2) this.lines.push(`WRITE_ONCE(*${variable}, ${value});`);
    else if (kind === 2) this.lines.push(`rcu_assign_pointer(*${variable}, ${value});`);
    else if (kind === 3) this.lines.push(`smp_store_release(${variable}, ${value});`);
    else if (kind === 4) this.#declare('int *', `xchg${this.#order()}(${variable}, ${value})`);
    else if (kind === 5) {
      this.#declare('int *', `cmpxchg${this.#order()}(${variable}, ${this.address(2)}, ${value})`);
    } else this.lines.push(`*${variable} = ${value};`);
  }

  #order(): string {
    return this.pick(['', '_relaxed', '_acquire', '_release']);
  }

  /** Read or write the object that an address leads to. */
  #access(): void {
    const at = this.address();
    const kind = this.#random.below(6);
    const value = this.integers.length > 0 && this.chance(4) ? this.pick(this.integers) : '1';
    if (kind < 2) this.#declare('int ', `READ_ONCE(*${at})`);
    else if (kind === 2) this.#declare('int ', `smp_load_acquire(${at})`);
    else if (kind === 3) this.lines.push(`WRITE_ONCE(*${at}, ${value});`);
    else if (kind === 4) this.lines.push(`smp_store_release(${at}, ${value});`);
    else if (this.chance(2)) this.#declare('int ', `*${at}`);
    else this.lines.push(`*${at} = ${value};`);
  }

  #guarded(): void {
    const at = this.lines.length;
    const truth = this.#truth();
    if (this.chance(2)) this.#store();
    else this.lines.push(`WRITE_ONCE(*${this.address()}, ${1 + this.#random.below(2)});`);
    const [line = ''] = this.lines.splice(at);
    // What is declared inside has a value outside, too.
    const declared = /^(int \*?)(r\d+) = (.*)$/.exec(line);
    if (declared === null) this.lines.push(`if (${truth}) ${line}`);
    else {
      const [, type = '', register = '', rest = ''] = declared;
      this.lines.push(`${type}${register} = ${this.pick(OBJECTS)};`);
      this.lines.push(`if (${truth}) ${register} = ${rest}`);
    }
  }

  statement(): void {
    const kind = this.#random.below(10);
    if (kind < 3) this.#load();
    else if (kind < 5) this.#store();
    else if (kind < 8) this.#access();
    else if (kind === 8) this.#guarded();
    else if (this.chance(2)) this.#declare('int ', this.#truth());
    else this.lines.push(`${this.pick(['smp_mb', 'smp_rmb', 'smp_wmb'])}();`);
  }
}

/** Source of the test of a seed: two or three threads of a few statements. */
export function pointerSource(seed: number): string {
  const random = new Random(seed, 815);
  const count = 2 + (random.below(4) === 0 ? 1 : 0);
  const given = random.below(2) === 0 ? [['r9'], [], []] : [[], [], []];
  const writers = Array.from({ length: count }, (_, i) => {
    const writer = new PointerWriter(random, given[i]!);
    for (let n = 2 + random.below(count === 2 ? 3 : 2); n > 0; n--) writer.statement();
    return writer;
  });
  const objects = ['&x', 'y', '&z'];
  const [p, q, r] = [0, 1, 2].map(() => objects[random.below(3)]!);
  const init = `int *p = ${p}; q = ${q};${given[0]!.length > 0 ? ` int *0:r9 = ${r};` : ''}`;
  const parameters = 'int *x, int *y, int *z, int **p, int **q';
  const bodies = writers.map(
    ({ lines }, i) => `P${i}(${parameters})\n{\n\t${lines.join('\n\t')}\n}\n`,
  );
  const registers = writers.flatMap(({ integers, pointers }, i) =>
    [...new Set([...integers, ...pointers])].map((name) => `${i}:${name}`),
  );
  const observed = [...registers, ...OBJECTS, ...POINTERS].join('; ');
  return `C pointers-${seed}\n\n{ ${init} }\n\n${bodies.join('\n')}\nlocations [${observed}]\nexists (p=x /\\ q=y)\n`;
}
