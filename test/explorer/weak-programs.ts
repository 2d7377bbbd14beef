/** Small programs with fences for up to three CPUs, and all their ends under the memory of the kernel by plain enumeration. */

import type { CpuContext } from '../../src/memory/cpu.js';
import { claimLocal } from '../../src/memory/local.js';
import { MemoryMap } from '../../src/memory/map.js';
import { Ablation } from '../../src/memory/sites.js';
import { Execution } from '../../src/explorer/engine/execution.js';
import type { Prepared } from '../../src/explorer/engine/prepared.js';
import type { RandomSource } from '../../src/explorer/engine/random-source.js';
import { Judge } from '../../src/explorer/engine/verdict.js';
import { DfsStrategy } from '../../src/explorer/strategies/dfs.js';
import type { Scenario } from '../../src/scenario/declare.js';
import { ViewMachine } from '../../src/view-machine/view-machine.js';
import { functionsOf } from './resumable-text.js';
import { LOCK, SEEN, SIZE, WORDS } from './small-programs.js';

const see = (expression: string): string => `acc = (acc * 3 + ${expression}) | 0;`;

/** One operation. */
function simple(random: RandomSource): string {
  const x = WORDS[random.below(WORDS.length)] as number;
  const v = 1 + random.below(2);
  const bit = random.below(2);
  const all = [
    see(`cpu.readOnce(${x})`),
    see(`cpu.readOnce(${x})`),
    see(`cpu.loadAcquire(${x})`),
    see(`cpu.rcuDereference(${x})`),
    `cpu.readOnce(${x});`,
    `cpu.writeOnce(${x}, ${v});`,
    `cpu.writeOnce(${x}, ${v});`,
    `cpu.storeRelease(${x}, ${v});`,
    `cpu.write(${x}, ${v});`,
    see(`cpu.xchg(${x}, ${v})`),
    see(`cpu.xchgRelaxed(${x}, ${v})`),
    see(`cpu.xchgAcquire(${x}, ${v})`),
    see(`cpu.xchgRelease(${x}, ${v})`),
    see(`cpu.cmpxchg(${x}, 0, ${v})`),
    `cpu.atomicAdd(${x}, ${v});`,
    see(`cpu.fetchAddRelaxed(${x}, ${v})`),
    `cpu.setBit(${x}, ${bit});`,
    see(`(cpu.testBit(${x}, ${bit}) ? 1 : 0)`),
    see(`(cpu.testAndSetBit(${x}, ${bit}) ? 1 : 0)`),
    'cpu.smpMb();',
    'cpu.smpMb();',
    'cpu.smpRmb();',
    'cpu.smpWmb();',
    'cpu.smpWmb();',
    `cpu.relax(${x}, 0);`,
  ];
  return all[random.below(all.length)] as string;
}

/** One operation, or a section of a lock. */
function piece(random: RandomSource, room: number): { text: string; length: number } {
  const kind = random.below(8);
  const inner = simple(random);
  if (kind > 1 || room < 3) return { text: inner, length: 1 };
  const section = `${inner} cpu.spinUnlock(${LOCK});`;
  if (kind === 0) return { text: `cpu.spinLock(${LOCK}); ${section}`, length: 3 };
  return { text: `if (cpu.spinTrylock(${LOCK})) { ${section} }`, length: 3 };
}

function bodyOf(random: RandomSource, cpu: number, operations: number): string {
  const lines: string[] = [];
  for (let left = operations; left > 0;) {
    const { text, length } = piece(random, left);
    lines.push(text);
    left -= length;
  }
  return `export function body${cpu}(cpu) {
  let acc = 0;
  ${lines.join('\n  ')}
  cpu.set(${SEEN + cpu}, acc);
}`;
}

/** The bodies of a program: two CPUs with up to `two` operations each, or three with up to `three`. */
export function weakProgram(random: RandomSource, two: number, three: number): string[] {
  const cpus = 2 + random.below(2);
  const most = cpus === 2 ? two : three;
  return Array.from({ length: cpus }, (_, cpu) => bodyOf(random, cpu, 1 + random.below(most)));
}

/** A program, whose ends are what its CPUs have seen and the last values of the words. */
export function preparedProgram(bodies: readonly string[]): Prepared {
  const map = new MemoryMap();
  const localBase = claimLocal(map, bodies.length);
  const code = functionsOf(
    bodies.join('\n'),
    bodies.map((_, cpu) => `body${cpu}`),
  );
  const scenario = {
    name: 'small',
    outcomes: {},
    observe: (end: { read: (addr: number) => number }) =>
      [...bodies.map((_, cpu) => end.read(SEEN + cpu)), ...WORDS.map((x) => end.read(x))].join(),
  } as unknown as Scenario;
  const machine = { map, localBase, ctx: {} as CpuContext, bodies: code };
  return { scenario, machine, image: new Int32Array(SIZE) };
}

/** Every end of a program, by executing every order of its operations with every answer of the memory; nothing if there are too many. */
export function weakEndsOf(prepared: Prepared, most: number): Set<string> | undefined {
  const cpus = prepared.machine.bodies.length;
  const memory = new ViewMachine({ cpus, words: SIZE });
  const options = { memory, fencesInteract: true, ablation: new Ablation(), steps: 1000 };
  const execution = new Execution(prepared, options);
  const judge = new Judge(prepared);
  const strategy = new DfsStrategy(cpus, { preemptions: Infinity });
  const ends = new Set<string>();
  for (let n = 0; strategy.begin(); n++) {
    if (n === most) return undefined;
    ends.add(judge.judge(execution, execution.run(strategy), undefined).key);
    strategy.end();
  }
  return ends;
}
