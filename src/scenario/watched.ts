/** A solo machine under watch: with every check, with the strict checks that one CPU allows, and with a record of the code that ran. */

import { claimCheck, type CheckLayout } from '../check/layout.js';
import { describeFinding, readFindings, recordFinding } from '../check/findings.js';
import { Monitor } from '../check/monitor.js';
import { StrictChecks } from '../check/strict.js';
import { CodeMap } from '../check/versions.js';
import { TRACE_MARK } from '../kernel/trace.js';
import { TRACE_KLP_COMPLETE, TRACE_KLP_COMPLETED, TRACE_KLP_STABLE } from '../livepatch/trace.js';
import { KernelFault } from '../memory/fault.js';
import type { TraceSink } from '../memory/native-boot.js';
import type { Ablation } from '../memory/sites.js';
import type { Addr, CpuId } from '../memory/struct.js';
import type { BootedMachine, MachineDeclaration } from './boot.js';
import type { HistoryFinding } from './history.js';
import { bootSolo, type SoloMachine } from './solo.js';

/** Code that a task ran: a version of a function. */
export interface Ran {
  readonly task: Addr;
  readonly version: number;
  readonly group: number;
}

/** A trace event as a script may want to see it. */
export interface SeenEvent {
  readonly event: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** A solo machine and what was seen on it. */
export interface WatchedMachine extends SoloMachine {
  /** Marks that tasks passed, in order. */
  readonly ran: readonly Ran[];
  readonly events: readonly SeenEvent[];
  /** Note something that the script's own check found. */
  readonly find: (key: string, detail: string) => void;
  readonly findings: () => readonly HistoryFinding[];
}

/** Everything that listens to the CPU of a watched machine. */
class Watch {
  readonly ran: Ran[] = [];
  readonly events: SeenEvent[] = [];
  readonly own: HistoryFinding[] = [];
  readonly layout: CheckLayout;
  readonly #booted: BootedMachine;
  #words: Int32Array = new Int32Array();

  constructor(booted: BootedMachine) {
    this.#booted = booted;
    this.layout = claimCheck(booted.map, booted.kernel, booted.klp, booted.localBase);
  }

  listen(words: Int32Array, admin: Addr): TraceSink {
    this.#words = words;
    const { kernel, layout: text } = this.#booted;
    const monitor = new Monitor(words, this.layout, 0 as CpuId, text.sources, admin, {
      patienceMs: 0,
    });
    const code = new CodeMap(words, kernel, text.sources);
    const strict = new StrictChecks(words, this.layout, code, () => false);
    return (event, a, b, c) => {
      this.events.push({ event, a, b, c });
      if (event === TRACE_MARK) this.ran.push({ task: a, version: b >> 16, group: b & 0xffff });
      if (event === TRACE_KLP_STABLE) this.#note(4, strict.stable());
      if (event === TRACE_KLP_COMPLETE) this.#note(5, strict.complete());
      if (event === TRACE_KLP_COMPLETED) this.#note(6, strict.completed(a, b));
      monitor.trace(event, a, b, c);
    };
  }

  #note(kind: 4 | 5 | 6, task: Addr): void {
    if (task === 0) return;
    recordFinding(this.#words, this.layout, {
      cpu: 0,
      kind,
      task,
      details: [0, 0, 0],
      seq: 0,
    });
  }

  findings(): HistoryFinding[] {
    const recorded = readFindings(this.#words, this.layout).map(describeFinding);
    const all = [...recorded, ...this.own];
    return all.filter((f, i) => all.findIndex(({ key }) => key === f.key) === i);
  }
}

/** Boot a machine on this thread, watched. */
export function bootWatched(declaration: MachineDeclaration, ablation?: Ablation): WatchedMachine {
  let watch: Watch | undefined;
  const machine = bootSolo(declaration, {
    ...(ablation === undefined ? {} : { ablation }),
    watch(booted) {
      const made = new Watch(booted);
      watch = made;
      return (words, admin) => made.listen(words, admin);
    },
  });
  const seen = watch as Watch;
  return {
    ...machine,
    ran: seen.ran,
    events: seen.events,
    find: (key, detail) => void seen.own.push({ key, detail }),
    findings: () => seen.findings(),
  };
}

/** Run a script on a watched machine; an oops of the simulated kernel ends it and is a finding. */
export function watchScript(
  machine: WatchedMachine,
  script: (machine: WatchedMachine) => void,
): readonly HistoryFinding[] {
  try {
    script(machine);
  } catch (error) {
    if (!(error instanceof KernelFault)) throw error;
    machine.find(error.finding.invariant, error.finding.detail);
  }
  return machine.findings();
}
