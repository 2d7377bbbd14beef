/** A machine in the explorer behind a prompt: one schedule after the other, in virtual time. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SimulatorBug } from '../errors.js';
import type { Verdict } from '../explorer/engine/verdict.js';
import { loadScenario, Session } from '../explorer/engine/session.js';
import type { Strategy } from '../explorer/engine/strategy.js';
import { BoundedWait } from '../explorer/strategies/bounded-wait.js';
import { RandomStrategy } from '../explorer/strategies/random.js';
import type { KernelVersion } from '../kernel/versions.js';
import type { BootedMachine } from '../scenario/boot.js';
import type { Scenario } from '../scenario/declare.js';
import {
  OPERATIONS_OF_A_JIFFY,
  OVER_SYMBOL,
  SHELL,
  SHELL_SYMBOL,
  shellScenario,
} from './kernel/layout.js';
import { bootShellMachine } from './kernel/machine.js';
import type { Engine } from './machine.js';
import { Requests } from './requests.js';
import { MachineGone } from './threads.js';

/** Operations without a turn after which a CPU gets one: a second of the machine's time. Scripts give up after minutes. */
const LONGEST_WAIT = 100 * OPERATIONS_OF_A_JIFFY;

const SCENARIO = fileURLToPath(new URL('./kernel/scenario.js', import.meta.url));

/** Which machine, and which schedules. */
export interface ExplorerMachineOptions {
  readonly version: KernelVersion;
  readonly memory: 'sc' | 'lkmm';
  readonly seed: number;
  /** Decides as long as no CPU waits too long for its turn; default: at random, by the seed. */
  readonly strategy?: Strategy;
}

/** A machine in the explorer. */
export class ExplorerMachine implements Engine {
  readonly booted: BootedMachine;
  readonly #session: Session;
  readonly #requests: Requests;
  readonly #strategy: BoundedWait;
  readonly #result: number;
  #execution: Generator<undefined, Verdict | undefined> | undefined;
  #verdict: Verdict | undefined;

  private constructor(
    booted: BootedMachine,
    [session, requests]: readonly [Session, Requests],
    strategy: Strategy,
  ) {
    this.booted = booted;
    this.#session = session;
    this.#requests = requests;
    this.#strategy = new BoundedWait(strategy, LONGEST_WAIT);
    this.#result = booted.symbol(SHELL_SYMBOL) + SHELL.result;
  }

  /** Load a machine's code as the explorer executes it. */
  static async open(options: ExplorerMachineOptions): Promise<ExplorerMachine> {
    const { version, memory, seed, strategy = new RandomStrategy(seed) } = options;
    const booted = bootShellMachine({ cpus: 2, version });
    const requests = new Requests({
      shell: booted.symbol(SHELL_SYMBOL),
      over: booted.symbol(OVER_SYMBOL),
    });
    const loaded = await loadScenario({ file: SCENARIO, name: shellScenario(version) });
    const { scenario } = loaded;
    const equipped: Scenario = { ...scenario, build: () => requests.equip(scenario.build()) };
    const session = new Session(
      { ...loaded, scenario: equipped },
      { memory, ablated: [] },
      { racesAtOnce: true },
    );
    return new ExplorerMachine(booted, [session, requests], strategy);
  }

  words(): Int32Array {
    return this.#requests.words;
  }

  /** Begin a schedule; the machine is up then, and waits for a request. */
  begin(run: number): void {
    this.#verdict = undefined;
    this.#requests.clear();
    this.#strategy.begin(run);
    this.#execution = this.#session.executing(this.#strategy);
    this.#goOn();
  }

  async ask(op: number, args: readonly number[]): Promise<number> {
    if (this.#verdict === undefined) {
      this.#requests.give({ op, args });
      this.#goOn();
    }
    // What else the shell does gets its turn while the kernel is at work.
    await nextTurn();
    if (this.#verdict !== undefined) throw gone(this.#verdict);
    return this.words()[this.#result] ?? 0;
  }

  /** End the script. @returns the explorer's verdict */
  end(): Verdict {
    this.#requests.give('over');
    while (this.#verdict === undefined) this.#goOn();
    return this.#verdict;
  }

  /** Execute until the machine waits for a request, or comes to its end. */
  #goOn(): void {
    const step = this.#execution?.next();
    if (step?.done !== true) return;
    if (step.value === undefined) throw new SimulatorBug('the explorer abandoned an execution');
    this.#verdict = step.value;
  }
}

const gone = ({ key, detail }: Verdict): MachineGone =>
  new MachineGone(`the machine is no more: ${key}: ${detail}`);
