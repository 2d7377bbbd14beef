/** Calling patchable JavaScript: each CPU's own view of the ftrace sites, and the way through the handler once patched. */

import { UsageError } from '../errors.js';
import { FREGS, FTRACE_FN_KLP, FTRACE_OPS } from '../kernel/ftrace.js';
import { ftraceCaller } from '../kernel/ftrace-list.js';
import { INSTRUCTION_WORDS } from '../kernel/text.js';
import { TRACE_MARK } from '../kernel/trace.js';
import {
  BAD_ADDRESS,
  createDecideWord,
  decideAgain,
  decideInPort,
  FIRST_WORD,
  klpHandlerWarned,
  type Decide,
  type DecideWord,
  type ReadOrder,
} from '../livepatch/wasm-handler.js';
import { KernelOops } from '../memory/fault.js';
import { percpu, PERCPU } from '../kernel/layout.js';
import type { NativeCpu } from '../memory/native.js';
import type { NativeBoot } from '../memory/native-boot.js';
import { NULL, type Addr } from '../memory/struct.js';
import { BODY_WORD, type Body, type CompiledProgram } from './bodies.js';
import { makeSiteCode } from './site-code.js';
import type { BootedMachine } from '../scenario/boot.js';

/** A patchable function as one CPU sees it: text that this CPU has fetched. Made by {@link Dispatcher.site}. */
export interface Site<A extends unknown[] = unknown[], R = unknown> {
  readonly name: string;
  /** Address of the original. */
  readonly entry: Addr;
  /** The function as it was before any patch. */
  readonly original: (...args: A) => R;
  /**
   * Calls the function: the version that the current task has to run. While the entry is a no-op it is the original itself.
   *
   * @throws {KernelOops} when the way leads into freed code; whatever the version throws
   */
  readonly invoke: (...args: A) => R;
  /** What the entry calls, 0 while it is a no-op. This and {@link invoke} change when this CPU acknowledges a change of text. */
  readonly ops: Addr;
}

/** How a {@link Dispatcher} works; a member left out has its default. */
export interface DispatchOptions {
  /**
   * Which handler: WebAssembly, ordering reads as named, or the TypeScript `port`. Default: `acquire` if `boot.memory` is
   * there and no site is ablated, else `port`. A function stands in for the handler: for tests of the checks.
   */
  readonly handler?: ReadOrder | 'port' | Decide;
  /** Note which versions run, for {@link Dispatcher.report}. Costs about a nanosecond a call. Default false. */
  readonly isJudged?: boolean;
  /** Where bodies note by themselves which of them ran, by number; then `isJudged` is not needed. */
  readonly ran?: Uint8Array;
}

type AnySite = { -readonly [K in keyof Site]: Site[K] } & {
  /** Bodies of the patches for it, by number. */
  readonly versions: readonly number[];
  /** The way through the handler, once the site has been patched. */
  patched: Site['invoke'] | undefined;
  /** The way through several users, once there were some. */
  shared: Site['invoke'] | undefined;
};

/** Note that a body ran; the arguments pass through. */
function noting(ran: Uint8Array, id: number, body: Body): Body {
  return (...args) => {
    ran[id] = 1;
    return body(...args);
  };
}

/** The TypeScript port as a {@link Decide}. */
export function portDecide(cpu: NativeCpu): Decide {
  const fregs = percpu(cpu.ctx.kernel, cpu.id) + PERCPU.fregs;
  return (fops) => decideInPort(cpu, fops, fregs);
}

function chooseHandler(
  boot: NativeBoot,
  choice: DispatchOptions['handler'],
): Required<DispatchOptions>['handler'] {
  const isIntact = (boot.ablation?.sites.length ?? 0) === 0;
  return choice ?? (boot.memory !== undefined && isIntact ? 'acquire' : 'port');
}

/** A handler that decides on addresses as one that decides on bodies' numbers. */
function wordOf(decide: Decide, cpu: NativeCpu, words: Int32Array): DecideWord {
  return (ops, current) => {
    let ip = decide(ops, current);
    if (ip < 0) ip = klpHandlerWarned(cpu, ip, ops);
    if (ip === NULL) return 0;
    const word = words[ip + BODY_WORD] ?? -1;
    return word < 0 ? BAD_ADDRESS : word + FIRST_WORD;
  };
}

/**
 * The functions of a program on one CPU. While a function is not patched, its site is a no-op and a call is a direct call.
 * That state is the CPU's own: it changes when the CPU acknowledges a text change, which registering and unregistering a
 * handler wait for. A CPU acknowledges between calls only, so no call is ever inside the handler then.
 */
export class Dispatcher {
  /** Which bodies ran since the last {@link report}, by number. */
  readonly ran: Uint8Array;
  readonly #cpu: NativeCpu;
  readonly #words: Int32Array;
  readonly #bodies: readonly Body[];
  readonly #marks: readonly number[];
  readonly #decide: DecideWord;
  readonly #sites = new Map<string, AnySite>();

  /**
   * @param cpu the calling thread's CPU
   * @param boot what it was made with
   * @param machine the machine, which holds `program`
   */
  constructor(
    cpu: NativeCpu,
    boot: NativeBoot,
    machine: BootedMachine,
    program: CompiledProgram,
    options: DispatchOptions = {},
  ) {
    const ran = options.ran ?? new Uint8Array(program.bodies.length);
    const noted = program.bodies.map((body, id) => noting(ran, id, body));
    this.ran = ran;
    this.#cpu = cpu;
    this.#words = boot.words;
    this.#bodies = options.isJudged === true ? noted : program.bodies;
    this.#marks = program.marks;
    const handler = chooseHandler(boot, options.handler);
    if (handler === 'acquire' || handler === 'fence') {
      this.#decide = createDecideWord(cpu.id, boot, BODY_WORD, handler);
    } else {
      this.#decide = wordOf(handler === 'port' ? portDecide(cpu) : handler, cpu, boot.words);
    }
    program.functions.forEach(({ name }, id) => {
      const original = this.#bodies[id] as (...args: unknown[]) => unknown;
      this.#sites.set(name, {
        name,
        entry: machine.symbol(name),
        original,
        versions: program.versions[id]?.slice(1) ?? [],
        invoke: original,
        ops: NULL,
        patched: undefined,
        shared: undefined,
      });
    });
    this.#refresh();
    cpu.onSyncCore(() => this.#refresh());
  }

  /** Fetch the entries of all functions anew. */
  #refresh(): void {
    for (const site of this.#sites.values()) {
      const ops = this.#cpu.fetch(site.entry + 1);
      site.ops = ops;
      if (ops === NULL) site.invoke = site.original;
      else if (this.#cpu.fetch(ops + FTRACE_OPS.func) !== FTRACE_FN_KLP) {
        site.invoke = site.shared ??= this.#sharedCodeOf(site);
      } else site.invoke = site.patched ??= this.#codeOf(site);
    }
  }

  /** The way through all users of a site: what its entry calls is not livepatch's handler alone. */
  #sharedCodeOf(site: AnySite): Site['invoke'] {
    const original = site.original as Body;
    const fregs = percpu(this.#cpu.ctx.kernel, this.#cpu.id) + PERCPU.fregs;
    const cpu = this.#cpu;
    const behind = site.entry + INSTRUCTION_WORDS;
    return (...args) => {
      ftraceCaller(cpu, site.entry, NULL, site.ops, fregs);
      const ip = cpu.get(fregs + FREGS.ip);
      const body = ip === behind ? original : (this.#bodyAt(ip) ?? this.#noCode(ip));
      const direct = cpu.get(fregs + FREGS.direct);
      if (direct !== NULL) (this.#bodyAt(direct) ?? this.#noCode(direct))(...(args as never[]));
      return body(...(args as never[]));
    };
  }

  #bodyAt(ip: Addr): Body | undefined {
    return this.#bodies[this.#words[ip + BODY_WORD] ?? -1];
  }

  #codeOf(site: AnySite): Site['invoke'] {
    const original = site.original as Body;
    const patches = site.versions.map((id) => ({
      decision: id + FIRST_WORD,
      body: this.#bodies[id] as Body,
    }));
    return makeSiteCode({
      site,
      decide: this.#decide,
      cpu: this.#cpu,
      versions: [{ decision: 0, body: original }, ...patches],
      other: (decision) => this.#other(original, decision, site.ops),
    }) as Site['invoke'];
  }

  /** What to run after a decision that is a WARN, or that names no body. */
  #other(original: Body, decision: number, ops: Addr): Body {
    const remains = decision < 0 ? klpHandlerWarned(this.#cpu, decision, ops) : decision;
    if (remains === 0) return original;
    if (decision !== BAD_ADDRESS) {
      const body = this.#bodies[remains - FIRST_WORD];
      if (body !== undefined) return body;
    }
    const ip = decision === BAD_ADDRESS ? remains : decideAgain(this.#cpu, ops);
    return this.#bodyAt(ip) ?? this.#noCode(ip);
  }

  /** A site of its own for a function whose entry calls `ops` for ever: for tests and measurements of states of a stack. */
  siteCalling<A extends unknown[], R>(name: string, ops: Addr): Site<A, R> {
    const { entry, original, versions } = this.site<unknown[], unknown>(name) as AnySite;
    const site: AnySite = {
      name,
      entry,
      original,
      versions,
      invoke: original,
      ops,
      patched: undefined,
      shared: undefined,
    };
    site.invoke = this.#codeOf(site);
    return site as unknown as Site<A, R>;
  }

  /**
   * The function of that name.
   *
   * @throws {UsageError} when the program has none
   */
  site<A extends unknown[], R>(name: string): Site<A, R> {
    const site = this.#sites.get(name);
    if (site !== undefined) return site as unknown as Site<A, R>;
    const known = [...this.#sites.keys()].join(', ');
    throw new UsageError(`no function is called '${name}': expected one of ${known}`);
  }

  /**
   * Call a function: the version that the current task has to run.
   *
   * @returns what that version returns
   * @throws {KernelOops} when the way leads into freed code; whatever the body throws
   */
  call<A extends unknown[], R>(site: Site<A, R>, ...args: A): R {
    const { invoke } = site; // Not as a method: a version's `this` is undefined.
    return invoke(...args);
  }

  #noCode(ip: Addr): never {
    throw new KernelOops(this.#cpu.id, ip, 'call of code that is not there any more');
  }

  /**
   * Tell the checks which versions the current task has run since the last time: at the latest before the task could be
   * switched. Needs {@link DispatchOptions.isJudged} or {@link DispatchOptions.ran}.
   */
  report(): void {
    const { ran } = this;
    for (let id = 0; id < ran.length; id++) {
      if (ran[id] === 0) continue;
      ran[id] = 0;
      this.#cpu.trace(TRACE_MARK, this.#cpu.current, this.#marks[id]);
    }
  }
}
