/** A machine in the explorer whose requests come from another thread: the execution waits for each, and time stands still. */

import { parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { loadScenario, Session } from '../explorer/engine/session.js';
import { RandomStrategy } from '../explorer/strategies/random.js';
import type { Machine, Scenario, StateAccess } from '../scenario/declare.js';
import { CONTROL, NOTHING, OVER, type ExplorerBoot, type FromWorker } from './explorer-messages.js';
import { OVER_SYMBOL, SHELL, SHELL_SYMBOL, shellScenario } from './kernel/layout.js';
import { bootShellMachine } from './kernel/machine.js';

const SCENARIO = fileURLToPath(new URL('./kernel/scenario.js', import.meta.url));

interface Request {
  readonly op: number;
  readonly args: readonly number[];
}

const say = (message: FromWorker): void => {
  parentPort?.postMessage(message);
};

/** Hands the requests of one execution to its machine: as they arrive, or in a repetition, as they arrived before. */
class Requests {
  readonly #boot: ExplorerBoot;
  readonly #control: Int32Array;
  readonly #snapshot: Int32Array;
  readonly #shell: number;
  readonly #over: number;
  readonly #recorded: (Request | undefined)[] = [];
  #next = 0;
  #words: Int32Array | undefined;

  constructor(boot: ExplorerBoot) {
    this.#boot = boot;
    this.#control = new Int32Array(boot.control);
    this.#snapshot = new Int32Array(boot.words);
    const booted = bootShellMachine({ cpus: 2, version: boot.version });
    this.#shell = booted.symbol(SHELL_SYMBOL);
    this.#over = booted.symbol(OVER_SYMBOL);
  }

  /** Another schedule. */
  clear(): void {
    this.#recorded.length = 0;
  }

  /** The machine with requests for its shell. */
  equip(machine: Machine): Machine {
    const { advanceTime, busyTime, listen } = machine;
    return {
      ...machine,
      advanceTime: (state) => {
        this.#poll(state);
        return advanceTime?.(state) ?? false;
      },
      ...(busyTime && {
        busyTime: {
          ...busyTime,
          pass: (state) => {
            this.#poll(state);
            return busyTime.pass(state);
          },
        },
      }),
      listen: (words) => {
        this.#words = words;
        this.#next = 0;
        return listen?.(words) ?? (() => undefined);
      },
    };
  }

  #poll(state: StateAccess): void {
    const shell = this.#shell;
    const request = state.read(shell + SHELL.request);
    if (state.read(this.#over) !== 0 || state.read(shell + SHELL.done) !== request) return;
    if (this.#next >= this.#recorded.length) this.#recorded.push(this.#wait(state));
    const next = this.#recorded[this.#next++];
    if (next === undefined) {
      state.write(this.#over, 1);
      return;
    }
    next.args.forEach((arg, i) => {
      state.write(shell + SHELL.args + i, arg);
    });
    state.write(shell + SHELL.op, next.op);
    state.write(shell + SHELL.request, request + 1);
  }

  /** The next request from outside; undefined: the script is over. */
  #wait(state: StateAccess): Request | undefined {
    const control = this.#control;
    if (this.#words !== undefined)
      this.#snapshot.set(this.#words.subarray(0, this.#snapshot.length));
    say({ kind: 'answer', result: state.read(this.#shell + SHELL.result) });
    // The sender stores the request before it notifies: a late notification is for a request that was already seen.
    while (Atomics.load(control, CONTROL.state) === NOTHING) {
      Atomics.wait(control, CONTROL.state, NOTHING);
    }
    const isOver = Atomics.load(control, CONTROL.state) === OVER;
    const count = control[CONTROL.count] ?? 0;
    const args = Array.from(control.subarray(CONTROL.args, CONTROL.args + count));
    const op = control[CONTROL.op] ?? 0;
    Atomics.store(control, CONTROL.state, NOTHING);
    return isOver ? undefined : { op, args };
  }

  get boot(): ExplorerBoot {
    return this.#boot;
  }
}

async function open(requests: Requests): Promise<Session> {
  const { version, memory } = requests.boot;
  const loaded = await loadScenario({ file: SCENARIO, name: shellScenario(version) });
  const { scenario } = loaded;
  const equipped: Scenario = { ...scenario, build: () => requests.equip(scenario.build()) };
  return new Session({ ...loaded, scenario: equipped }, { memory, ablated: [] });
}

const requests = new Requests(workerData as ExplorerBoot);
try {
  const session = await open(requests);
  const strategy = new RandomStrategy(requests.boot.seed);
  parentPort?.on('message', (run: number) => {
    try {
      requests.clear();
      strategy.begin(run);
      const found = session.execute(strategy);
      if (found === undefined) say({ kind: 'failed', why: 'the execution was abandoned' });
      else say({ kind: 'verdict', ...found });
    } catch (error) {
      say({
        kind: 'failed',
        why: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  });
} catch (error) {
  say({
    kind: 'failed',
    why: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
}
