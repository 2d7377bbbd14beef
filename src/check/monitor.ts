/** The monitor of one CPU: listens to its trace events, keeps the flight recorder, and runs the checks. */

import { MODULE } from '../kernel/module.js';
import type { FunctionSource } from '../kernel/text.js';
import {
  TRACE_MARK,
  TRACE_QUIESCE,
  TRACE_SCHED_SWITCH,
  TRACE_SCHED_WAKEUP,
  TRACE_TEXT_FREED,
  TRACE_USER,
  TRACE_WARN,
} from '../kernel/trace.js';
import { KLP_CALLBACKS, KLP_OBJECT, KLP_PATCH, KLP_PATCHED } from '../livepatch/layout.js';
import {
  CALLBACK_POST_UNPATCH,
  CALLBACK_PRE_PATCH,
  TRACE_KLP_CALLBACK,
  TRACE_KLP_COMPLETE,
  TRACE_KLP_COMPLETED,
  TRACE_KLP_FORCE,
  TRACE_KLP_FREE_START,
  TRACE_KLP_INIT,
  TRACE_KLP_MODULE_GET,
  TRACE_KLP_MODULE_PUT,
  TRACE_KLP_STABLE,
} from '../livepatch/trace.js';
import type { Addr, CpuId } from '../memory/struct.js';
import { ConsistencyOracle } from './consistency.js';
import { recordFinding, type FindingKind } from './findings.js';
import { FlightRecorder } from './flight.js';
import { checkComplete, checkFreedText, checkStable, type Violation } from './invariants.js';
import { CHECK, type CheckLayout } from './layout.js';
import { CodeMap } from './versions.js';

/** How a monitor behaves; a member left out has its default. */
export interface MonitorOptions {
  /** How long a check waits for a CPU in the middle of switching a task, in ms. Default 2000. */
  readonly patienceMs?: number;
  /** Called after a finding was recorded, on the CPU that saw it. */
  readonly onFinding?: () => void;
  /** Makes the CPU's own stores visible, for a memory that holds stores back. */
  readonly quiesce?: () => void;
}

/** Checks what one CPU does. */
export class Monitor {
  readonly #words: Int32Array;
  readonly #layout: CheckLayout;
  readonly #cpu: CpuId;
  readonly #flight: FlightRecorder;
  readonly #code: CodeMap;
  readonly #oracle: ConsistencyOracle;
  readonly #patienceMs: number;
  readonly #onFinding: () => void;
  readonly #quiesce: () => void;
  /** Task that is current on this CPU. */
  #current: Addr;
  #seq = 0;

  /**
   * @param sources functions of vmlinux
   * @param current task the CPU starts with
   */
  constructor(
    words: Int32Array,
    layout: CheckLayout,
    cpu: CpuId,
    sources: readonly FunctionSource[],
    current: Addr,
    options: MonitorOptions = {},
  ) {
    this.#words = words;
    this.#layout = layout;
    this.#cpu = cpu;
    this.#flight = new FlightRecorder(words, layout, cpu);
    this.#code = new CodeMap(words, layout.kernel, sources);
    this.#oracle = new ConsistencyOracle(words, layout, this.#code);
    this.#current = current;
    this.#patienceMs = options.patienceMs ?? 2000;
    this.#onFinding = options.onFinding ?? (() => undefined);
    this.#quiesce = options.quiesce ?? (() => undefined);
  }

  /** Take a trace event of this CPU. */
  readonly trace = (event: number, a: number, b: number, c: number): void => {
    if (event !== TRACE_SCHED_WAKEUP) {
      this.#seq = this.#flight.record(event, this.#current, a, b, c);
    }
    if (event < 64) this.#kernelEvent(event, a, b, c);
    else this.#klpEvent(event, a, b, c);
  };

  #kernelEvent(event: number, a: number, b: number, c: number): void {
    switch (event) {
      case TRACE_MARK: {
        const mixed = this.#oracle.mark(a, b);
        if (mixed >= 0) this.#find(8, a, [b, mixed, 0]);
        break;
      }
      case TRACE_SCHED_SWITCH:
        this.#oracle.quiesce(a);
        this.#current = b;
        break;
      case TRACE_QUIESCE:
      case TRACE_USER:
        this.#oracle.quiesce(a);
        break;
      case TRACE_WARN:
        this.#find(20, b, [a, 0, 0]);
        break;
      case TRACE_TEXT_FREED:
        this.#judge(checkFreedText(this.#words, this.#layout, b, c));
        break;
    }
  }

  #klpEvent(event: number, a: number, b: number, c: number): void {
    switch (event) {
      case TRACE_KLP_INIT:
        if (b === KLP_PATCHED) this.#patchComes(a);
        break;
      case TRACE_KLP_FORCE:
        Atomics.add(this.#words, this.#layout.notes + CHECK.forces, 1);
        break;
      case TRACE_KLP_COMPLETE:
        this.#quiesce();
        this.#judge(checkComplete(this.#words, this.#layout, this.#patienceMs));
        break;
      case TRACE_KLP_COMPLETED:
        if (b === KLP_PATCHED) this.#setNote(CHECK.nopGroups, this.#imageOf(a), 0);
        else this.#patchGoes(a);
        break;
      case TRACE_KLP_FREE_START:
        this.#patchGoes(a);
        break;
      case TRACE_KLP_STABLE:
        this.#quiesce();
        this.#judge(checkStable(this.#words, this.#layout, this.#patienceMs));
        break;
      case TRACE_KLP_CALLBACK:
        this.#callback(a, c);
        break;
      case TRACE_KLP_MODULE_GET:
        this.#reference(a, 1);
        break;
      case TRACE_KLP_MODULE_PUT:
        this.#reference(a, -1);
        break;
    }
  }

  #find(kind: FindingKind, task: Addr, details: readonly [number, number, number]): void {
    recordFinding(this.#words, this.#layout, {
      cpu: this.#cpu,
      kind,
      task,
      details,
      seq: this.#seq,
    });
    this.#onFinding();
  }

  #judge(found: Violation | undefined): void {
    if (found) this.#find(found.kind, found.task, found.details);
  }

  #imageOf(patch: Addr): number {
    const mod = this.#words[patch + KLP_PATCH.mod] ?? 0;
    return this.#words[mod + MODULE.imageIndex] ?? 0;
  }

  #note(field: number, index: number): number {
    return Atomics.load(this.#words, this.#layout.notes + field + index);
  }

  #setNote(field: number, index: number, value: number): void {
    Atomics.store(this.#words, this.#layout.notes + field + index, value);
  }

  /** From here on code of the patch may run; what it replaces was there before. */
  #patchComes(patch: Addr): void {
    const image = this.#imageOf(patch);
    const sequence = Atomics.add(this.#words, this.#layout.notes + CHECK.sequence, 1) + 1;
    const live = this.#note(CHECK.live, 0);
    let nops = 0;
    if ((this.#words[patch + KLP_PATCH.replace] ?? 0) !== 0) {
      this.#code.groupsOfImage.forEach((groups, i) => {
        if (live & (1 << i)) nops |= groups;
      });
      nops &= ~(this.#code.groupsOfImage[image] ?? 0);
    }
    this.#setNote(CHECK.nopGroups, image, nops);
    this.#setNote(CHECK.enabledAt, image, sequence);
    Atomics.or(this.#words, this.#layout.notes + CHECK.live, 1 << image);
  }

  #patchGoes(patch: Addr): void {
    const image = this.#imageOf(patch);
    Atomics.and(this.#words, this.#layout.notes + CHECK.live, ~(1 << image));
    this.#setNote(CHECK.nopGroups, image, 0);
  }

  /** I-11: post_unpatch is owed by a pre_patch that succeeded, once. */
  #callback(obj: Addr, kind: number): void {
    const { klp, owed } = this.#layout;
    const index = (obj - klp.objectCache.base) / klp.objectCache.stride;
    if (kind === CALLBACK_PRE_PATCH) Atomics.store(this.#words, owed + index, 1);
    if (kind !== CALLBACK_POST_UNPATCH) return;
    const flag = obj + KLP_OBJECT.callbacks + KLP_CALLBACKS.postUnpatchEnabled;
    const wasOwed = Atomics.exchange(this.#words, owed + index, 0) === 1;
    if (!wasOwed || this.#words[flag] === 0) this.#find(11, 0, [obj, index, 0]);
  }

  /** I-12: each patch holds one reference on its module at a time. */
  #reference(patch: Addr, delta: number): void {
    const at = this.#layout.notes + CHECK.references + this.#imageOf(patch);
    const held = Atomics.add(this.#words, at, delta) + delta;
    if (held < 0 || held > 1) this.#find(12, 0, [patch, held, 0]);
  }
}
