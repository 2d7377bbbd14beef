/** Small programs for up to three CPUs: as text that is made resumable, and as steps that a plain enumeration executes. */

import type { RandomSource } from '../../src/explorer/engine/random-source.js';

/** Words that all CPUs share, a lock, and the word where each CPU leaves what it has seen. */
export const WORDS = [128, 129, 130] as const;
export const LOCK = 136;
export const SEEN = 144;
/** Words of the memory. */
export const SIZE = 256;

/** One operation, and what becomes of its result. */
export interface MicroStep {
  readonly op:
    | 'load'
    | 'store'
    | 'xchg'
    | 'cmpxchg'
    | 'add'
    | 'set'
    | 'clear'
    | 'test'
    | 'tas'
    | 'lock'
    | 'trylock'
    | 'unlock'
    | 'wait';
  readonly addr: number;
  readonly a: number;
  readonly b: number;
  /** `acc`: into what the CPU has seen; `first`: kept; `same`: whether it is what was kept; `drop`: nothing. */
  readonly to: 'acc' | 'first' | 'same' | 'drop';
  /** Steps left out when a trylock fails. */
  readonly skip: number;
}

/** What one CPU executes. */
export interface SmallBody {
  readonly text: string;
  readonly steps: readonly MicroStep[];
}

interface Piece {
  readonly text: string;
  readonly steps: readonly MicroStep[];
}

const step = (
  op: MicroStep['op'],
  addr: number,
  to: MicroStep['to'],
  a = 0,
  b = 0,
  skip = 0,
): MicroStep => ({ op, addr, a, b, to, skip });

const see = (expression: string): string => `acc = (acc * 3 + ${expression}) | 0;`;

/** Pieces of one operation. */
function simple(random: RandomSource): Piece {
  const x = WORDS[random.below(WORDS.length)] as number;
  const v = 1 + random.below(2);
  const bit = random.below(2);
  const all: (() => Piece)[] = [
    () => ({ text: see(`cpu.readOnce(${x})`), steps: [step('load', x, 'acc')] }),
    () => ({ text: see(`cpu.readOnce(${LOCK})`), steps: [step('load', LOCK, 'acc')] }),
    () => ({ text: see(`cpu.read(${x})`), steps: [step('load', x, 'acc')] }),
    () => ({ text: `cpu.readOnce(${x});`, steps: [step('load', x, 'drop')] }),
    () => ({ text: `cpu.writeOnce(${x}, ${v});`, steps: [step('store', x, 'drop', v)] }),
    () => ({ text: `cpu.writeOnce(${x}, ${v});`, steps: [step('store', x, 'drop', v)] }),
    () => ({ text: see(`cpu.xchg(${x}, ${v})`), steps: [step('xchg', x, 'acc', v)] }),
    () => ({
      text: see(`cpu.cmpxchg(${x}, 0, ${v})`),
      steps: [step('cmpxchg', x, 'acc', 0, v)],
    }),
    () => ({ text: `cpu.atomicAdd(${x}, ${v});`, steps: [step('add', x, 'drop', v)] }),
    () => ({ text: see(`cpu.fetchAdd(${x}, ${v})`), steps: [step('add', x, 'acc', v)] }),
    () => ({ text: `cpu.setBit(${x}, ${bit});`, steps: [step('set', x, 'drop', bit)] }),
    () => ({ text: `cpu.clearBit(${x}, ${bit});`, steps: [step('clear', x, 'drop', bit)] }),
    () => ({
      text: see(`(cpu.testBit(${x}, ${bit}) ? 1 : 0)`),
      steps: [step('test', x, 'acc', bit)],
    }),
    () => ({
      text: see(`(cpu.testAndSetBit(${x}, ${bit}) ? 1 : 0)`),
      steps: [step('tas', x, 'acc', bit)],
    }),
    () => ({ text: `cpu.relax(${x}, 0);`, steps: [step('wait', x, 'drop', 0)] }),
  ];
  return (all[random.below(all.length)] as () => Piece)();
}

/** Pieces of several: sections, functions and loops. */
function compound(random: RandomSource, room: number): Piece {
  const x = WORDS[random.below(WORDS.length)] as number;
  const kind = random.below(5);
  if (kind === 0 && room >= 3) {
    return sectionOf([simple(random)]);
  }
  if (kind === 1 && room >= 3) {
    const inner = simple(random);
    return {
      text: `if (cpu.spinTrylock(${LOCK})) { ${inner.text} cpu.spinUnlock(${LOCK}); }`,
      steps: [
        step('trylock', LOCK, 'drop', 0, 0, inner.steps.length + 1),
        ...inner.steps,
        step('unlock', LOCK, 'drop'),
      ],
    };
  }
  if (kind === 2) {
    return {
      text: see(`(same(cpu, ${x}) ? 1 : 0)`),
      steps: [step('load', x, 'first'), step('load', x, 'same')],
    };
  }
  const sees = random.below(2) === 0;
  return {
    text: `for (let i = 0; i < 2; i++) { ${sees ? see(`cpu.readOnce(${x})`) : `cpu.readOnce(${x});`} }`,
    steps: [step('load', x, sees ? 'acc' : 'drop'), step('load', x, sees ? 'acc' : 'drop')],
  };
}

function bodyOf(random: RandomSource, operations: number): SmallBody {
  const pieces: Piece[] = [];
  let left = operations;
  while (left > 0) {
    const piece = left >= 2 && random.below(3) === 0 ? compound(random, left) : simple(random);
    pieces.push(piece);
    left -= piece.steps.length;
  }
  return joined(pieces);
}

const joined = (pieces: readonly Piece[]): SmallBody => ({
  text: pieces.map(({ text }) => text).join('\n  '),
  steps: pieces.flatMap(({ steps }) => steps),
});

/** A section of the lock. */
function sectionOf(inner: readonly Piece[]): Piece {
  const { text, steps } = joined(inner);
  return {
    text: `cpu.spinLock(${LOCK}); ${text} cpu.spinUnlock(${LOCK});`,
    steps: [step('lock', LOCK, 'drop'), ...steps, step('unlock', LOCK, 'drop')],
  };
}

/** A program of two or three CPUs with up to twelve operations. */
export function smallProgram(random: RandomSource): SmallBody[] {
  const cpus = 2 + random.below(2);
  const most = cpus === 2 ? 6 : 4;
  return Array.from({ length: cpus }, () => bodyOf(random, 1 + random.below(most)));
}

/** A program of two CPUs with sections of up to three operations, and something before and after each. */
export function sectionProgram(random: RandomSource): SmallBody[] {
  return Array.from({ length: 2 }, () => {
    const pieces: Piece[] = [];
    for (let sections = 1 + random.below(2); sections > 0; sections--) {
      const inner = Array.from({ length: 1 + random.below(3) }, () => plainPiece(random));
      const around = Array.from({ length: 1 + random.below(2) }, () => plainPiece(random));
      pieces.push(...around, sectionOf(inner));
    }
    return joined(pieces);
  });
}

/** A piece of one operation that does not look at the lock. */
function plainPiece(random: RandomSource): Piece {
  for (;;) {
    const piece = simple(random);
    if (piece.steps.every(({ addr, op }) => addr !== LOCK && op !== 'wait')) return piece;
  }
}

/** The program as kernel code: one function for each CPU. */
export function textOf(program: readonly SmallBody[]): string {
  const bodies = program.map(
    ({ text }, cpu) =>
      `export function body${cpu}(cpu) {\n  let acc = 0;\n  ${text}\n  cpu.set(${SEEN + cpu}, acc);\n}`,
  );
  const same = `function same(cpu, addr) { return cpu.readOnce(addr) === cpu.readOnce(addr); }`;
  return [same, ...bodies].join('\n');
}

interface State {
  readonly memory: Map<number, number>;
  readonly cpus: { at: number; acc: number; first: number }[];
}

/** Every end of a program, by executing every order of its operations; two orders that meet in one state go on as one. */
export function endsOf(program: readonly SmallBody[]): Set<string> {
  const ends = new Set<string>();
  const seen = new Set<string>();
  const visit = (state: State): void => {
    const key = JSON.stringify([[...state.memory].sort(), state.cpus]);
    if (seen.has(key)) return;
    seen.add(key);
    const next = program.flatMap(({ steps }, cpu) => nextOf(state, steps, cpu));
    if (next.length === 0) ends.add(endOf(program, state));
    for (const one of next) visit(one);
  };
  visit({ memory: new Map(), cpus: program.map(() => ({ at: 0, acc: 0, first: 0 })) });
  return ends;
}

function endOf(program: readonly SmallBody[], { memory, cpus }: State): string {
  if (cpus.some(({ at }, cpu) => at < (program[cpu]?.steps.length ?? 0))) return 'deadlock';
  return [...cpus.map(({ acc }) => acc), ...WORDS.map((x) => memory.get(x) ?? 0)].join();
}

function nextOf(state: State, steps: readonly MicroStep[], cpu: number): State[] {
  const self = state.cpus[cpu];
  const micro = steps[self?.at ?? 0];
  if (!self || !micro) return [];
  const old = state.memory.get(micro.addr) ?? 0;
  if (micro.op === 'wait' && old === micro.a) return [];
  if (micro.op === 'lock' && old !== 0) return [];
  const results = resultsOf(micro, old, cpu);
  return results.map(({ value, result, skip }) => {
    const memory = new Map(state.memory);
    if (value === 0) memory.delete(micro.addr);
    else memory.set(micro.addr, value);
    const cpus = state.cpus.map((one) => ({ ...one }));
    const mine = cpus[cpu]!;
    mine.at += 1 + skip;
    const seen = micro.to === 'same' ? Number(mine.first === result) : result;
    mine.first = micro.to === 'first' ? result : 0;
    if (micro.to === 'acc' || micro.to === 'same') mine.acc = (mine.acc * 3 + seen) | 0;
    return { memory, cpus };
  });
}

interface Result {
  readonly value: number;
  readonly result: number;
  readonly skip: number;
}

function resultsOf(micro: MicroStep, old: number, cpu: number): Result[] {
  const { op, a, b } = micro;
  const bit = 1 << a;
  const one = (value: number, result = old): Result[] => [{ value, result, skip: 0 }];
  switch (op) {
    case 'store':
      return one(a, 0);
    case 'xchg':
      return one(a);
    case 'cmpxchg':
      return one(old === a ? b : old);
    case 'add':
      return one((old + a) | 0);
    case 'set':
      return one(old | bit);
    case 'clear':
      return one(old & ~bit);
    case 'test':
      return one(old, (old >>> a) & 1);
    case 'tas':
      return one(old | bit, (old >>> a) & 1);
    case 'lock':
      return one(cpu + 1);
    case 'unlock':
      return one(0);
    case 'trylock': {
      const fails = { value: old, result: 0, skip: micro.skip };
      return old !== 0 ? [fails] : [{ value: cpu + 1, result: 1, skip: 0 }, fails];
    }
    default:
      return one(old);
  }
}
