/** All checks of a whole machine whose CPUs take turns on one thread: every finding ends the execution at once. */

import { InvariantViolated } from '../errors.js';
import { KERNEL, percpu, PERCPU } from '../kernel/layout.js';
import { RWLOCK } from '../kernel/rwlock.js';
import { idleTask } from '../kernel/task.js';
import type { FunctionSource } from '../kernel/text.js';
import { TRACE_KLP_COMPLETE, TRACE_KLP_COMPLETED, TRACE_KLP_STABLE } from '../livepatch/trace.js';
import type { Addr, CpuId } from '../memory/struct.js';
import { describeFinding, readFindings } from './findings.js';
import { taskName } from './flight.js';
import type { CheckLayout } from './layout.js';
import { Monitor } from './monitor.js';
import { StrictChecks } from './strict.js';
import { isListStable } from './task-list.js';
import { CodeMap } from './versions.js';

/** The monitors of all CPUs, and the strict checks that looking at a machine at rest allows. */
export class MachineWatch {
  readonly #words: Int32Array;
  readonly #layout: CheckLayout;
  readonly #monitors: readonly Monitor[];
  readonly #strict: StrictChecks;
  /** CPU whose event is being judged. */
  #looking = 0;

  /**
   * @param words newest value of every word, at any time
   * @param sources functions of vmlinux
   */
  constructor(words: Int32Array, layout: CheckLayout, sources: readonly FunctionSource[]) {
    const { kernel } = layout;
    this.#words = words;
    this.#layout = layout;
    const onFinding = (): never => this.#fail();
    this.#monitors = Array.from(
      { length: kernel.cpus },
      (_, n) =>
        new Monitor(words, layout, n as CpuId, sources, idleTask(kernel, n), {
          patienceMs: 0,
          onFinding,
        }),
    );
    const code = new CodeMap(words, kernel, sources);
    this.#strict = new StrictChecks(words, layout, code, (task) => this.#isInFlux(task));
  }

  /** Take a trace event. @throws InvariantViolated with what was found */
  readonly trace = (id: CpuId, event: number, a: number, b: number, c: number): void => {
    this.#looking = id;
    const looks = event === TRACE_KLP_STABLE || event === TRACE_KLP_COMPLETE;
    // In the middle of a fork or an exit the list is not whole: look at the next event.
    if (looks && !isListStable(this.#words, this.#layout.kernel)) return;
    if (event === TRACE_KLP_STABLE) this.#judge('I-4', this.#strict.stable());
    if (event === TRACE_KLP_COMPLETE) this.#judge('I-5', this.#strict.complete());
    if (event === TRACE_KLP_COMPLETED && isListStable(this.#words, this.#layout.kernel)) {
      this.#judge('I-6', this.#strict.completed(a, b));
    }
    if (looks) this.#withoutWaiters(() => this.#monitors[id]?.trace(event, a, b, c));
    else this.#monitors[id]?.trace(event, a, b, c);
  };

  /** Readers stand back for writers that wait, and nobody else runs while a check looks. */
  #withoutWaiters(look: () => void): void {
    const waiting = this.#layout.kernel.globals + KERNEL.tasklistLock + RWLOCK.waiting;
    const writers = this.#words[waiting] ?? 0;
    this.#words[waiting] = 0;
    look();
    this.#words[waiting] = writers;
  }

  /** Whether another CPU runs a task: it may be in the middle of switching itself, and can be looked at later. */
  #isInFlux(task: Addr): boolean {
    const { kernel } = this.#layout;
    for (let n = 0; n < kernel.cpus; n++) {
      if (n !== this.#looking && this.#words[percpu(kernel, n) + PERCPU.curr] === task) return true;
    }
    return false;
  }

  #judge(kind: string, task: Addr): void {
    if (task === 0) return;
    const { detail } = describeFinding({ kind, a: 0 });
    throw new InvariantViolated({ invariant: kind, detail: `${detail}: ${this.#name(task)}` });
  }

  #fail(): never {
    const [found] = readFindings(this.#words, this.#layout);
    const { key, detail } = describeFinding(found ?? { kind: 'finding', a: 0 });
    const task = found?.task ?? 0;
    const who = task === 0 ? '' : `: ${this.#name(task)}`;
    throw new InvariantViolated({ invariant: key, detail: `${detail}${who}` });
  }

  #name(task: Addr): string {
    return taskName(this.#words, this.#layout, task);
  }
}
