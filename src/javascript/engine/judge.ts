/** What an execution of a program has shown. */

import { UsageError, SimulatorBug } from '../../errors.js';
import { unended, type Verdict } from '../../explorer/engine/verdict.js';
import { isRejected } from '../async/promise.js';
import { LIBRARY } from '../build/graph.js';
import { SCRIPT, type CompiledProgram } from '../build/compile.js';
import { defaultOutcome, gradeOfOutcome, type Program } from '../program.js';
import { HiddenAccess, UninstrumentedAccess } from '../runtime/uninstrumented.js';
import { EndlessLoop, UninstrumentedCall } from '../runtime/runtime.js';
import { IDLE, SLEEPING, type Agent } from './agent.js';
import { returnedBy } from './conclusion.js';
import { firstLine } from './first-line.js';
import type { Printed } from './printed.js';
import type { Execution } from './execution.js';
import type { StopReason } from './turns.js';

/** Begins the keys of outcomes that are errors. */
export const THROWS = 'throws ';

const forbidden = (key: string, detail: string): Verdict => ({ key, grade: 'forbidden', detail });

/** `file:line` where an error was thrown, as far as its stack tells: places in our library are of no use to people. */
export function placeOf(compiled: CompiledProgram, error: unknown): string {
  const { stack = '' } = (error ?? {}) as { stack?: string };
  let ours: string | undefined;
  for (const line of stack.split('\n')) {
    const match = /(klp-javascript:.*?):(\d+):(\d+)\)?$/.exec(line);
    if (match === null) continue;
    const [, script = '', row, column] = match;
    const place = compiled.original(script, Number(row), Number(column));
    if (place !== undefined && !script.includes(LIBRARY)) return place;
    ours ??= place;
  }
  return ours ?? compiled.modules.get(compiled.entry)?.source.shown ?? SCRIPT;
}

/** Places of the program on an error's stack, innermost first. */
function stackOf(compiled: CompiledProgram, { stack = '' }: Error): string[] {
  const places = stack.split('\n').flatMap((line) => {
    const match = /(klp-javascript:.*?):(\d+):(\d+)\)?$/.exec(line);
    const [, script = '', row, column] = match ?? [];
    if (match === null || script.includes(LIBRARY)) return [];
    return compiled.original(script, Number(row), Number(column)) ?? [];
  });
  return places.filter((place, i) => place !== places[i - 1]);
}

/** Judges executions; keeps one verdict for each outcome. */
export class Judge {
  readonly #compiled: CompiledProgram;
  readonly #program: Program;
  readonly #execution: Execution;
  readonly #printed: readonly Printed[];
  readonly #outcomes = new Map<string, Verdict>();

  constructor(
    compiled: CompiledProgram,
    program: Program,
    execution: Execution,
    printed: readonly Printed[],
  ) {
    this.#printed = printed;
    this.#compiled = compiled;
    this.#program = program;
    this.#execution = execution;
  }

  /** Judge the execution that has just ended. @throws UsageError for what is the program's mistake and no finding */
  judge(reason: StopReason, shared: unknown, racesAreErrors: boolean): Verdict {
    const { race } = this.#execution.memory;
    if (reason === 'threw') return this.#thrown();
    if (reason === 'deadlock') return this.#blocked();
    if (reason === 'unended') {
      const { stepLimit, spinsForEver: repeats } = this.#execution;
      return unended({ stepLimit, repeats });
    }
    const ended = this.#ended(shared);
    if (race === undefined || !racesAreErrors || ended.grade === 'forbidden') return ended;
    return forbidden('data race', this.describeRace());
  }

  /** The data race of the execution, in words. */
  describeRace(): string {
    const { race } = this.#execution.memory;
    if (race === undefined) return '';
    const { sites, regions } = this.#execution.runtime;
    const side = ({ agent, site, isStore }: typeof race.first): string =>
      `${isStore ? 'write' : 'read'} by thread ${agent} at ${sites.place(site)} (${sites.at(site).text})`;
    return `nothing orders the ${side(race.first)} and the ${side(race.second)} of ${regions.nameOf(race.address, race.size)}`;
  }

  #thrown(): Verdict {
    const { thrown, thrower } = this.#execution;
    return this.#throws(thrown, thrower);
  }

  #throws(thrown: unknown, thrower: number): Verdict {
    if (thrown instanceof SimulatorBug || thrown instanceof UsageError) throw thrown;
    const isOurs =
      thrown instanceof UninstrumentedAccess ||
      thrown instanceof UninstrumentedCall ||
      thrown instanceof EndlessLoop;
    if (thrown instanceof HiddenAccess) {
      throw new UsageError(`${placeOf(this.#compiled, thrown)}: ${thrown.message}`);
    }
    if (isOurs) throw new UsageError(thrown.message);
    const what = firstLine(thrown);
    return forbidden(
      THROWS + what,
      `thread ${thrower} throws at ${placeOf(this.#compiled, thrown)}: ${what}`,
    );
  }

  /** A thread's promise was rejected, and the program takes unhandled rejections itself. */
  #rejected(error: unknown): Verdict {
    const { cpus } = this.#execution;
    return this.#throws(
      error,
      cpus.findIndex(({ returned }) => isRejected(returned)),
    );
  }

  /** What the threads have returned, or the main program has come to. */
  #returned(): unknown[] {
    const { cpus, isMain } = this.#execution;
    const { threads } = this.#program;
    if (!isMain) return cpus.slice(0, threads.length).map(returnedBy);
    const text = (stream: string): string =>
      this.#printed
        .filter((line) => line.stream === stream)
        .map((line) => line.text)
        .join('');
    return [{ code: cpus[0]?.returned, stdout: text('stdout'), stderr: text('stderr') }];
  }

  #ended(shared: unknown): Verdict {
    const { runtime } = this.#execution;
    let returned: unknown[];
    try {
      returned = this.#returned();
    } catch (error) {
      return this.#rejected(error);
    }
    const { outcome } = this.#program;
    let text: string;
    runtime.isObserving = true;
    try {
      text =
        outcome === undefined
          ? defaultOutcome(returned)
          : String(runtime.drive(runtime.invoke(outcome, undefined, [returned, shared])));
    } catch (error) {
      throw new UsageError(`${placeOf(this.#compiled, error)}: outcome() throws: ${String(error)}`);
    } finally {
      runtime.isObserving = false;
    }
    let known = this.#outcomes.get(text);
    if (known === undefined) {
      const { grade, reason } = gradeOfOutcome(this.#program, text);
      known = { key: text, grade, detail: reason };
      this.#outcomes.set(text, known);
    }
    return known;
  }

  /** Says which agents sleep, and where. A sleeper whose word has changed since then has missed a wake-up. */
  #blocked(): Verdict {
    const { cpus } = this.#execution;
    const sleepers = cpus.filter((agent) => agent.body !== undefined && agent.state === SLEEPING);
    const idle = cpus.filter((agent) => agent.body !== undefined && agent.state === IDLE);
    const missed = sleepers.filter((agent) => agent.hasMissed(this.#execution.memory));
    const lines = [
      ...sleepers.map((agent) => this.#asleep(agent, missed.includes(agent))),
      ...idle.map((agent) => this.#waiting(agent)),
    ];
    if (missed.length > 0) return forbidden('lost wake-up', lines.join('; '));
    if (sleepers.length > 0) return forbidden('deadlock', lines.join('; '));
    return this.#unsettled(lines.join('; '));
  }

  #asleep({ site, address, size, id, slept }: Agent, hasMissed: boolean): string {
    const { sites, regions } = this.#execution.runtime;
    const { text } = sites.at(site);
    const note = hasMissed ? ', whose value has changed since' : '';
    const place = sites.place(site);
    const callers = slept === undefined ? [] : stackOf(this.#compiled, slept);
    const shown = callers.filter((caller, i) => i > 0 || caller !== place);
    const calls = shown.map((caller) => `, called at ${caller}`).join('');
    return `thread ${id} sleeps in ${text} at ${place}${sites.within(site)}${calls} on ${regions.nameOf(address, size)}${note}`;
  }

  /** An agent whose event loop has nothing to do. */
  #waiting({ id, realm }: Agent): string {
    const { sites } = this.#execution.runtime;
    const places = [...(realm?.awaiting.values() ?? [])].map(
      (site) => `${sites.at(site).text} at ${sites.place(site)}`,
    );
    return places.length === 0
      ? `thread ${id} waits for events that do not come`
      : `thread ${id} waits in ${places.slice(0, 3).join(', ')}`;
  }

  /**
   * A deadlock: all agents wait for something that no agent will do. Forbidden, unless the program says that it may
   * happen.
   */
  #unsettled(detail: string): Verdict {
    const key = 'unsettled';
    const { forbidden: no = {}, interesting = {}, acceptable = {} } = this.#program;
    const isListed = [no, interesting, acceptable].some((list) => Object.hasOwn(list, key));
    if (!isListed) return forbidden(key, detail);
    const { grade, reason } = gradeOfOutcome(this.#program, key);
    return { key, grade, detail: reason };
  }
}
