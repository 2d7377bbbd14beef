/** The prompt's side of a machine in the explorer. */

import test from 'ava';
import { KERNEL } from '../../src/kernel/layout.js';
import { lowest, type Position, type Strategy } from '../../src/explorer/engine/strategy.js';
import { ExplorerMachine } from '../../src/shell/explorer-machine.js';
import { OP } from '../../src/shell/kernel/layout.js';
import { ShellMachine } from '../../src/shell/machine.js';

test.serial(
  'requests are answered in their order, and the script ends where it says so',
  async (t) => {
    const engine = await ExplorerMachine.open({ version: '6.12', memory: 'lkmm', seed: 1 });
    engine.begin(0);
    const machine = new ShellMachine(engine);
    await Promise.all(Array.from({ length: 40 }, (_, n) => machine.log(`line ${n % 2}`)));
    const lines = machine.dmesg().filter(({ text }) => text.startsWith('line'));
    t.deepEqual(
      lines.map(({ text }) => text),
      Array.from({ length: 40 }, (_, n) => `line ${n % 2}`),
    );
    t.is(engine.end().grade, 'acceptable');
    await t.throwsAsync(machine.log('too late'), { name: 'MachineGone', message: /no more: over/ });
  },
);

const indexOf = (machine: ShellMachine, module: string): number =>
  machine.booted.kernel.images.findIndex(({ name }) => machine.name(name) === module);

/** Start the program that calls getpid() again and again, and never sleeps. */
async function hammer(machine: ShellMachine): Promise<void> {
  const name = Math.max(0, machine.nameId('test_klp-call_getpid'));
  await machine.ask(OP.spawn, machine.booted.symbol('getpid_loop'), name);
}

/** Takes turns, but once it is told to, leaves a CPU out while others can go on, until something else gives it a turn. */
class LeavingOut implements Strategy {
  readonly observes = false;
  readonly restsAlone = false;
  fuel = 1;
  left = -1;
  /** What the CPU left out had executed when this was asked last; undefined: it was let go on. */
  #executed: number | undefined;

  begin(): boolean {
    this.left = -1;
    this.#executed = undefined;
    return true;
  }
  next(runnable: number, last: number, cpus: readonly Position[]): number {
    const executed = cpus[this.left]?.count;
    if (this.#executed !== undefined && executed !== this.#executed) this.left = -1;
    const others = runnable & ~(this.left < 0 ? 0 : 1 << this.left);
    this.#executed = others === 0 ? undefined : executed;
    this.fuel = others === 0 ? 1 : 20;
    const may = others === 0 ? runnable : others;
    const after = may & ~((2 << last) - 1);
    return lowest(after === 0 ? may : after);
  }
  choose(): number {
    return 0;
  }
  observe(): void {
    // It knows from the positions what was executed.
  }
  end(): void {
    // Nothing is carried over.
  }
}

test.serial(
  'a CPU that the schedule leaves out gets its turn within a second of the time of the machine',
  async (t) => {
    const strategy = new LeavingOut();
    const engine = await ExplorerMachine.open({
      version: '6.12',
      memory: 'lkmm',
      seed: 1,
      strategy,
    });
    const machine = new ShellMachine(engine);
    engine.begin(0);
    await hammer(machine);
    await hammer(machine);
    const { globals } = machine.booted.kernel;
    const begun = engine.words()[globals + KERNEL.jiffies] ?? 0;
    strategy.left = 1;
    t.is(await machine.insmod(indexOf(machine, 'test_klp_livepatch')), 0);
    const jiffies = (engine.words()[globals + KERNEL.jiffies] ?? 0) - begun;
    t.true(jiffies > 90 && jiffies < 200, `${jiffies} jiffies: about a second`);
    t.is(strategy.left, -1, 'CPU 1 got its turn');
    t.is(engine.end().grade, 'acceptable');
  },
);

test.serial('what the script leaves behind does not keep the execution from its end', async (t) => {
  const engine = await ExplorerMachine.open({ version: '6.12', memory: 'lkmm', seed: 1 });
  const machine = new ShellMachine(engine);
  for (const schedule of [0, 1, 0]) {
    engine.begin(schedule);
    await hammer(machine);
    await hammer(machine);
    const { key } = engine.end();
    t.is(key, 'over');
  }
});

test.serial('one schedule gives one log, whatever was executed before it', async (t) => {
  const engine = await ExplorerMachine.open({ version: '6.12', memory: 'lkmm', seed: 1 });
  const logs: string[] = [];
  for (const schedule of [3, 0, 1, 3]) {
    engine.begin(schedule);
    const machine = new ShellMachine(engine);
    t.is(await machine.insmod(indexOf(machine, 'test_klp_livepatch')), 0);
    await machine.sleep(1500);
    logs.push(JSON.stringify(machine.dmesg()));
    engine.end();
  }
  t.is(logs[0], logs[3]);
  t.not(logs[0], logs[1]);
});
