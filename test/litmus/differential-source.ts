/** Random small litmus tests of everything that the dialect has, as source text; each seed is one test. */
import { Random } from '../../src/memory/random.js';
import { PRIMITIVES } from '../../src/litmus/syntax/primitives.js';

const DATA = ['x', 'y', 'z'] as const;

/** What a test is mostly made of. */
export const FLAVOURS = [
  'accesses',
  'rmws',
  'locks',
  'rcu',
  'srcu',
  'pointers',
  'ring',
  'mixed',
] as const;
/** What only a whole model can judge: plain accesses and races, locks handed over, sections that match by value. */
export const FURTHER_FLAVOURS = ['plain', 'handover', 'nested', 'value'] as const;
export type Flavour = (typeof FLAVOURS)[number] | (typeof FURTHER_FLAVOURS)[number];

/** Names of accesses and read-modify-writes, by whether they return a value. */
const names = [...PRIMITIVES.keys()].filter((name) => !/lock|rcu|^smp_[rw]?mb|barrier/.test(name));
const isVoid = (name: string): boolean =>
  /^(WRITE_ONCE|smp_store|atomic_set)|^atomic_(add|sub|inc|dec|and|or|xor|andnot)$/.test(name);
const isRmw = (name: string): boolean => !/ONCE|smp_|atomic_(read|set)/.test(name);
const LOADS = names.filter((name) => !isVoid(name) && !isRmw(name));
const STORES = names.filter((name) => isVoid(name) && !isRmw(name));
const RMWS = names.filter(isRmw);

/** Writes one thread. */
class ThreadWriter {
  readonly lines: string[] = [];
  readonly registers: string[] = [];
  readonly #random: Random;
  readonly #locations: readonly string[];

  constructor(random: Random, locations: readonly string[]) {
    this.#random = random;
    this.#locations = locations;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!;
  }

  chance(outOf: number): boolean {
    return this.#random.below(outOf) === 0;
  }

  /** A value; now and then one that depends on a register, so that it may differ, or not. */
  value(): string {
    const constant = 1 + this.#random.below(2);
    const register = this.registers.length > 0 ? this.pick(this.registers) : undefined;
    if (register === undefined || !this.chance(4)) return String(constant);
    return this.chance(2) ? register : `${register} - ${register} + ${constant}`;
  }

  call(name: string, location: string): string {
    const parameters = PRIMITIVES.get(name)?.parameters ?? [];
    const args = parameters.map((kind) =>
      kind === 'value' ? this.value() : kind === 'place' ? `*${location}` : location,
    );
    return `${name}(${args.join(', ')})`;
  }

  result(call: string): string {
    const register = `r${this.registers.length}`;
    this.lines.push(`int ${register} = ${call};`);
    this.registers.push(register);
    return register;
  }

  /** A location, now and then by an address that depends on a register. */
  #at(location: string): string {
    const register = this.registers.length > 0 ? this.pick(this.registers) : undefined;
    return register === undefined || !this.chance(6)
      ? location
      : `(${location} + (${register} & 0))`;
  }

  load(location = this.pick(this.#locations)): void {
    this.result(this.call(this.pick(LOADS), this.#at(location)));
  }

  store(location = this.pick(this.#locations)): void {
    const register = this.registers.length > 0 ? this.pick(this.registers) : undefined;
    const store = `${this.call(this.pick(STORES), this.#at(location))};`;
    this.lines.push(
      register !== undefined && this.chance(5) ? `if (${register} == 1) ${store}` : store,
    );
  }

  rmw(location = this.pick(this.#locations)): void {
    const name = this.pick(RMWS);
    const before = this.chance(6);
    if (before) this.lines.push('smp_mb__before_atomic();');
    const call = this.call(name, location);
    if (isVoid(name)) this.lines.push(`${call};`);
    else this.result(call);
    if (this.chance(6)) this.lines.push('smp_mb__after_atomic();');
  }

  fence(): void {
    this.lines.push(`${this.pick(['smp_mb', 'smp_rmb', 'smp_wmb', 'smp_mb', 'barrier'])}();`);
  }

  access(flavour: Flavour): void {
    const kind = this.#random.below(10);
    if (kind < (flavour === 'rmws' ? 5 : 1)) this.rmw();
    else if (kind < 7 && this.chance(2)) this.load();
    else if (kind < 7) this.store();
    else if (kind === 7 && flavour === 'pointers') this.pointer();
    else if (kind < 9) this.fence();
    else this.load();
  }

  body(count: number, flavour: Flavour): void {
    for (let n = 0; n < count; n++) this.access(flavour);
  }

  /** Store to a pointer, or read through it. */
  pointer(): void {
    if (this.chance(2)) {
      this.lines.push(`rcu_assign_pointer(*p, ${this.pick(this.#locations)});`);
      return;
    }
    const pointer = `p${this.lines.length}`;
    this.lines.push(`int *${pointer} = ${this.pick(['rcu_dereference', 'READ_ONCE'])}(*p);`);
    if (this.chance(3)) this.lines.push(`WRITE_ONCE(*${pointer}, ${this.value()});`);
    else this.result(`READ_ONCE(*${pointer})`);
  }

  section(): void {
    const fence = this.pick(['', '', 'smp_mb__after_spinlock();', 'smp_mb__after_unlock_lock();']);
    const size = 1 + this.#random.below(2);
    if (this.chance(4)) {
      const taken = this.result('spin_trylock(l)');
      const at = this.lines.length;
      const known = this.registers.length;
      this.body(1, 'accesses');
      const inside = this.lines.splice(at).map((line) => line.replace(/^int (r\d+)/, '$1'));
      const fresh = this.registers.slice(known).map((register) => `int ${register} = 0;`);
      this.lines.splice(at, 0, ...fresh);
      this.lines.push(`if (${taken}) { ${inside.join(' ')} spin_unlock(l); }`);
      return;
    }
    if (this.chance(8)) this.result('spin_is_locked(l)');
    this.lines.push('spin_lock(l);', ...(fence === '' ? [] : [fence]));
    this.body(size, 'accesses');
    if (this.chance(8)) this.result('spin_is_locked(l)');
    this.lines.push('spin_unlock(l);');
  }

  /** Something done to the lock, as a lock or as a number. */
  lockStep(): void {
    const kind = this.#random.below(7);
    if (kind === 0) this.rmw('l');
    else if (kind === 1) this.load('l');
    else if (kind === 2) this.store('l');
    else if (kind === 3) this.result(`${this.pick(['spin_trylock', 'spin_is_locked'])}(l)`);
    else if (kind === 4) this.lines.push(`${this.pick(['spin_unlock', 'spin_lock'])}(l);`);
    else this.section();
  }

  reader(flavour: 'rcu' | 'srcu'): void {
    const size = 1 + this.#random.below(2);
    if (flavour === 'rcu') {
      this.lines.push('rcu_read_lock();');
      this.body(size, flavour);
      this.lines.push('rcu_read_unlock();');
      return;
    }
    const domain = this.pick(['s', 's', 't']);
    const index = `i${this.lines.length}`;
    this.lines.push(`int ${index} = srcu_read_lock(${domain});`);
    this.body(size, flavour);
    this.lines.push(`srcu_read_unlock(${domain}, ${index});`);
  }

  sync(flavour: 'rcu' | 'srcu'): void {
    const call = flavour === 'rcu' ? 'synchronize_rcu' : 'synchronize_srcu';
    const expedited = this.chance(4) ? '_expedited' : '';
    this.body(1, flavour);
    this.lines.push(`${call}${expedited}(${flavour === 'rcu' ? '' : this.pick(['s', 's', 't'])});`);
    this.body(1, flavour);
  }

  /** Plain and marked accesses, and what makes them race or not. */
  plain(): void {
    const location = this.pick(this.#locations);
    const kind = this.#random.below(8);
    if (kind < 2) this.result(`*${location}`);
    else if (kind < 4) this.lines.push(`*${location} = ${this.value()};`);
    else if (kind === 4) this.reader(this.chance(2) ? 'rcu' : 'srcu');
    else if (kind === 5) this.section();
    else if (kind === 6) this.fence();
    else this.access('accesses');
  }

  /** A section with a fence that looks back to sections before it. */
  handover(): void {
    const fence = this.pick(['smp_mb__after_unlock_lock();', 'smp_mb__after_spinlock();', '']);
    if (this.chance(2)) this.body(1, 'accesses');
    this.lines.push('spin_lock(l);', ...(fence === '' ? [] : [fence]));
    this.body(this.#random.below(2), 'accesses');
    this.lines.push('spin_unlock(l);');
    if (this.chance(3)) this.lines.push('smp_mb__after_unlock_lock();');
    if (this.chance(2)) this.body(1, 'accesses');
  }

  /** Sections in sections, marks without partners, grace periods inside. */
  nested(): void {
    const marks = ['rcu_read_lock();', 'rcu_read_unlock();', 'synchronize_rcu();'];
    const cookies: string[] = [];
    for (let n = 3 + this.#random.below(3); n > 0; n--) {
      const kind = this.#random.below(6);
      if (kind === 0) this.lines.push(this.pick(marks));
      else if (kind === 1) cookies.push(this.result(`srcu_read_lock(${this.pick(['s', 't'])})`));
      else if (kind === 2 && cookies.length > 0) {
        this.lines.push(`srcu_read_unlock(${this.pick(['s', 't'])}, ${this.pick(cookies)});`);
      } else if (kind === 3) this.lines.push(`synchronize_srcu(${this.pick(['s', 't'])});`);
      else this.access('accesses');
    }
    this.lines.push(this.pick([...marks, '', '']));
  }

  /** SRCU indices that go through variables, from 6.12 on. */
  bySrcuValue(): void {
    const down = this.pick(['srcu_read_lock', 'srcu_down_read']);
    const up = this.pick(['srcu_read_unlock', 'srcu_up_read']);
    const kind = this.#random.below(5);
    if (kind === 0) this.lines.push(`WRITE_ONCE(*x, ${this.result(`${down}(s)`)});`);
    else if (kind === 1) this.lines.push(`${up}(s, ${this.result('READ_ONCE(*x)')});`);
    else if (kind === 2) this.reader('srcu');
    else if (kind === 3) this.sync('srcu');
    else this.body(1, 'accesses');
    if (this.chance(2)) this.lines.push('smp_mb__after_srcu_read_unlock();');
    if (this.chance(2)) this.body(1, 'accesses');
  }

  /** An access to one location, something that may order, an access to another. */
  corner(from: string, to: string): void {
    const access = (location: string): void => {
      const kind = this.#random.below(5);
      if (kind < 2) this.load(location);
      else if (kind < 4) this.store(location);
      else this.rmw(location);
    };
    access(from);
    if (this.chance(2)) this.fence();
    access(to);
  }
}

const LOCKING: ReadonlySet<Flavour> = new Set(['locks', 'mixed', 'plain', 'handover']);
const SLEEPING: ReadonlySet<Flavour> = new Set(['srcu', 'plain', 'nested', 'value']);

function write(writer: ThreadWriter, flavour: Flavour, random: Random): void {
  if (flavour === 'plain') for (let n = 2 + random.below(2); n > 0; n--) writer.plain();
  else if (flavour === 'handover') writer.handover();
  else if (flavour === 'nested') writer.nested();
  else if (flavour === 'value') writer.bySrcuValue();
  else if (flavour === 'locks') {
    writer.section();
    if (random.below(2) === 0) writer.section();
    else writer.body(1, flavour);
  } else if (flavour === 'mixed') {
    // Ordinary accesses to the lock, and locks and unlocks without each other.
    for (let n = 1 + random.below(2); n > 0; n--) writer.lockStep();
    writer.body(1, 'accesses');
  } else if (flavour === 'rcu' || flavour === 'srcu') {
    if (random.below(2) === 0) writer.reader(flavour);
    else writer.sync(flavour);
  } else writer.body(2 + random.below(3), flavour);
}

/** Source of the test of a seed: 2 or 3 threads of a few statements, of one flavour in turn. All registers and locations are observed. */
export function differentialSource(seed: number, flavours: readonly Flavour[] = FLAVOURS): string {
  const random = new Random(seed, 4711);
  const flavour = flavours[seed % flavours.length]!;
  const count = 2 + random.below(2);
  const used = DATA.slice(0, flavour === 'ring' ? count : 2 + random.below(2));
  const writers = Array.from({ length: count }, (_, i) => {
    const writer = new ThreadWriter(random, used);
    if (flavour === 'ring') writer.corner(used[i]!, used[(i + 1) % count]!);
    else write(writer, flavour, random);
    return writer;
  });
  const pointer = flavour === 'pointers' ? ['int **p'] : [];
  const domains = ['struct srcu_struct *s', 'struct srcu_struct *t'];
  const parameters = [
    ...used.map((name) => `atomic_t *${name}`),
    ...pointer,
    ...(LOCKING.has(flavour) ? ['spinlock_t *l'] : []),
    ...(SLEEPING.has(flavour) ? domains : []),
  ].join(', ');
  const init = flavour === 'pointers' ? 'int *p = &x;' : '';
  const bodies = writers.map(
    ({ lines }, i) => `P${i}(${parameters})\n{\n\t${lines.join('\n\t')}\n}\n`,
  );
  const observed = [...writers.flatMap((w, i) => w.registers.map((r) => `${i}:${r}`)), ...used];
  const condition = writers[0]!.registers[0] === undefined ? 'x=1' : '0:r0=1';
  return `C differential-${seed}\n\n{${init}}\n\n${bodies.join('\n')}\nlocations [${observed.join('; ')}]\nexists (${condition})\n`;
}
