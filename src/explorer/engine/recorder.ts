/** Writes down what an execution does, operation by operation, with the source lines; used when a finding is replayed. */

import type { SiteId } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import type { CpuState } from './cpu-state.js';
import { Observer } from './observer.js';
import { OPERATIONS } from './operations.js';

/** A choice of the memory within one operation: `value` of `n`, 0 being the sequentially consistent one. */
export interface ChoiceMade {
  readonly n: number;
  readonly kind: number;
  readonly value: number;
}

/** One line of a story. */
export interface StoryStep {
  readonly cpu: number;
  /** Position of the CPU, as in the schedule. */
  readonly step: number;
  /** Name of the operation, or `trace`. */
  readonly name: string;
  readonly addr: Addr;
  /** Value read or stored; what a read-modify-write found. */
  readonly value: number;
  /** Newest value of the word when the operation was over. */
  readonly newest: number;
  readonly choices: readonly ChoiceMade[];
  /** Ordering sites whose ablation took effect here. */
  readonly ablated: readonly SiteId[];
  /** Kernel code that was being executed, innermost first: function, file and line. */
  readonly stack: readonly string[];
  /** The first operation after another CPU. */
  readonly first: boolean;
}

/** Frames of the engine itself, and those that delegation between coroutines leaves. */
const ENGINE = /[/\\]src[/\\]explorer[/\\]/;
const DELEGATION = /\bnext \(<anonymous>\)|<anonymous>$/;

/** Collects a story while an execution runs; slow, so only for replays. */
export class Recorder extends Observer {
  readonly steps: StoryStep[] = [];
  #choices: ChoiceMade[] = [];
  #ablated: SiteId[] = [];
  #first = true;
  #cpu = -1;
  readonly #newest: (addr: Addr) => number;

  constructor(newest: (addr: Addr) => number) {
    super();
    this.#newest = newest;
  }

  override turn(cpu: CpuState): void {
    this.#first = cpu.id !== this.#cpu;
    this.#cpu = cpu.id;
  }

  override choice(n: number, kind: number, value: number): void {
    this.#choices.push({ n, kind, value });
  }

  override ablated(site: SiteId): void {
    this.#ablated.push(site);
  }

  override operation(cpu: CpuState, code: number, addr: Addr, value: number): void {
    const name = OPERATIONS[code]?.name ?? '';
    this.#add(cpu, name, addr, value, addr === 0 ? 0 : this.#newest(addr));
  }

  override event(cpu: CpuState, event: number, a: number, b: number, c: number): void {
    this.#add(cpu, `trace ${event} (${a}, ${b}, ${c})`, 0, 0, 0);
  }

  #add(cpu: CpuState, name: string, addr: Addr, value: number, newest: number): void {
    this.steps.push({
      cpu: cpu.id,
      step: cpu.position,
      name,
      addr,
      value,
      newest,
      choices: this.#choices,
      ablated: this.#ablated,
      stack: kernelStack(),
      first: this.#first,
    });
    this.#choices = [];
    this.#ablated = [];
    this.#first = false;
  }
}

/** Frames that are looked at. */
const DEEPEST = 60;

/**
 * The kernel code on the stack, innermost first, as `function file:line`; none while the engine itself completes a
 * wait.
 */
function kernelStack(): string[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = DEEPEST;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const lines = stack.split('\n').slice(1);
  const first = lines.findIndex((line) => !ENGINE.test(line));
  const rest = lines.slice(first);
  const last = rest.findIndex((line) => ENGINE.test(line));
  if (last < 0 && lines.length < DEEPEST) return [];
  return rest
    .slice(0, last < 0 ? undefined : last)
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at ') && !DELEGATION.test(line))
    .map(frameOf);
}

function frameOf(line: string): string {
  const match =
    /^at (?:(?:Object\.)?(\S+?)(?: \[as \S+\])? )?\(?(?:file:\/\/)?(.*?):(\d+):\d+\)?$/.exec(line);
  if (!match) return line;
  const [, name = '', file = '', at = ''] = match;
  return `${name.replace(/\.next$/, '').replace(/^Array\./, '')} ${shorten(file)}:${at}`.trim();
}

function shorten(file: string): string {
  const own = /(?:^|[/\\])((?:src|test)[/\\].*)$/.exec(file);
  return own?.[1] ?? file;
}
