/** Small random programs for the comparison of the machine with the axioms: what each may show, by enumeration. */

import type { RandomSource } from '../../explorer/engine/random-source.js';
import { hasCausalCycle, violated, type Candidate, type MemoryEvent } from './axioms.js';

/** One operation of a generated program. */
export interface GeneratedOperation {
  readonly kind: 'read' | 'write' | 'load' | 'store' | 'exchange';
  readonly address: number;
  /** Bytes of the element: 1, 2 or 4. */
  readonly size: number;
  /** Stored value; its bytes differ from those of all others. */
  readonly value: number;
}

/** A program: the operations of each thread, over eight bytes. */
export type GeneratedProgram = readonly (readonly GeneratedOperation[])[];

/** Bytes that the threads share. */
const GENERATED_BYTES = 8;

type Kind = GeneratedOperation['kind'];

/** Mixtures of operations; each program draws one. */
const STYLES: readonly (readonly Kind[])[] = [
  ['read', 'write', 'load', 'store', 'exchange', 'read', 'write'],
  ['load', 'store', 'load', 'store', 'exchange', 'read'],
  ['read', 'write', 'read', 'write', 'load', 'store'],
  ['read', 'write'],
];

/** Make a program of so many operations. */
export function generate(random: RandomSource, operations: number): GeneratedProgram {
  const isMixed = random.chance(0.4);
  const style = STYLES[random.below(STYLES.length)] as readonly Kind[];
  const locations = 1 + random.below(2);
  const threads = operations < 5 || random.chance(0.7) ? 2 : 3;
  const program: GeneratedOperation[][] = Array.from({ length: threads }, () => []);
  let byte = 1;
  for (let i = 0; i < operations; i++) {
    const kind = style[random.below(style.length)] as Kind;
    const size = isMixed ? 1 << random.below(3) : 4;
    const places = Math.min(GENERATED_BYTES / size, isMixed ? 8 / size : locations);
    const address = random.below(Math.min(places, isMixed ? Math.max(1, 4 / size) : 2)) * size;
    let value = 0;
    for (let n = 0; n < size; n++) value += byte++ * 2 ** (8 * n);
    program[i < threads ? i : random.below(threads)]?.push({ kind, address, size, value });
  }
  return program;
}

const isReading = ({ kind }: GeneratedOperation): boolean => kind !== 'write' && kind !== 'store';
const isWriting = ({ kind }: GeneratedOperation): boolean => kind !== 'read' && kind !== 'load';

/** The program as a module for the explorer. */
export function sourceOf(program: GeneratedProgram): string {
  const threads = program.map((operations) => {
    const lines = operations.map((operation, i) => `    ${lineOf(operation, i)}`);
    const results = operations.flatMap((operation, i) => (isReading(operation) ? [`r${i}`] : []));
    return `  (sab) => {\n    const a1 = new Uint8Array(sab), a2 = new Uint16Array(sab), a4 = new Uint32Array(sab);\n${lines.join('\n')}\n    return [${results.join(', ')}];\n  },`;
  });
  return `import { program } from 'klp-smp/javascript';
export const generated = program({
  shared: () => new SharedArrayBuffer(${GENERATED_BYTES}),
  threads: [\n${threads.join('\n')}\n  ],
  outcome: (returned) => returned.map((r) => r.join()).join(' '),
});\n`;
}

function lineOf({ kind, address, size, value }: GeneratedOperation, i: number): string {
  const array = `a${size}`;
  const index = address / size;
  if (kind === 'read') return `const r${i} = ${array}[${index}];`;
  if (kind === 'write') return `${array}[${index}] = ${value};`;
  if (kind === 'load') return `const r${i} = Atomics.load(${array}, ${index});`;
  if (kind === 'store') return `Atomics.store(${array}, ${index}, ${value});`;
  return `const r${i} = Atomics.exchange(${array}, ${index}, ${value});`;
}

/** Outcomes that the axioms allow. */
export interface Allowed {
  readonly outcomes: ReadonlySet<string>;
  /** Those of executions without a cycle of agent order and reads-from. */
  readonly causal: ReadonlySet<string>;
}

/** Enumerate every candidate execution of a program and keep what the axioms allow. */
export function allowedOutcomes(program: GeneratedProgram): Allowed {
  const events: MemoryEvent[] = [
    {
      agent: -1,
      isRead: false,
      isWrite: true,
      address: 0,
      size: GENERATED_BYTES,
      order: 'init',
      noTear: false,
    },
  ];
  const operations: (GeneratedOperation | undefined)[] = [undefined];
  for (const [agent, list] of program.entries()) {
    for (const operation of list) {
      const { kind, address, size } = operation;
      const order = kind === 'read' || kind === 'write' ? 'unordered' : 'seqCst';
      const base = { agent, address, size, order, noTear: true } as const;
      events.push({ ...base, isRead: isReading(operation), isWrite: isWriting(operation) });
      operations.push(operation);
    }
  }
  const outcomes = new Set<string>();
  const causal = new Set<string>();
  for (const readsBytesFrom of assignments(events)) {
    const candidate: Candidate = { events, readsBytesFrom, host: [] };
    if (violated(candidate) !== undefined) continue;
    const text = outcomeOf(program, operations, events, readsBytesFrom);
    outcomes.add(text);
    if (!hasCausalCycle(candidate)) causal.add(text);
  }
  return { outcomes, causal };
}

/** All ways to choose a writer for each part of each read that the ranges of writes do not divide. */
function* assignments(events: readonly MemoryEvent[]): Generator<number[][]> {
  const parts: { event: number; from: number; to: number; writers: number[] }[] = [];
  const borders = new Set(
    events.flatMap(({ isWrite, address, size }) => (isWrite ? [address, address + size] : [])),
  );
  for (const [event, { isRead, address, size }] of events.entries()) {
    if (!isRead) continue;
    let from = address;
    for (let at = address + 1; at <= address + size; at++) {
      if (at < address + size && !borders.has(at)) continue;
      const writers = events.flatMap((w, i) =>
        w.isWrite && i !== event && w.address <= from && w.address + w.size >= at ? [i] : [],
      );
      parts.push({ event, from, to: at, writers });
      from = at;
    }
  }
  const chosen = events.map((): number[] => []);
  const choose = function* (n: number): Generator<number[][]> {
    const part = parts[n];
    if (part === undefined) {
      yield chosen.map((writers) => [...writers]);
      return;
    }
    const list = chosen[part.event] as number[];
    const { length } = list;
    for (const writer of part.writers) {
      for (let at = part.from; at < part.to; at++) list.push(writer);
      yield* choose(n + 1);
      list.length = length;
    }
  };
  yield* choose(0);
}

function outcomeOf(
  program: GeneratedProgram,
  operations: readonly (GeneratedOperation | undefined)[],
  events: readonly MemoryEvent[],
  readsBytesFrom: readonly (readonly number[])[],
): string {
  const byteOf = (writer: number, at: number): number => {
    const operation = operations[writer];
    if (operation === undefined) return 0;
    return Math.floor(operation.value / 2 ** (8 * (at - operation.address))) % 256;
  };
  let event = 0;
  return program
    .map((list) =>
      list
        .flatMap((operation) => {
          event++;
          if (!isReading(operation)) return [];
          const { address } = events[event] as MemoryEvent;
          const writers = readsBytesFrom[event] ?? [];
          return [writers.reduce((sum, w, i) => sum + byteOf(w, address + i) * 2 ** (8 * i), 0)];
        })
        .join(),
    )
    .join(' ');
}
