/** The prompt's side of a machine in the explorer. */

import test from 'ava';
import { ExplorerMachine } from '../../src/shell/explorer-machine.js';
import { OP } from '../../src/shell/kernel/layout.js';
import { FILES } from '../../src/shell/kernel/task.js';
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

test.serial(
  'a CPU that gets no turn for long does not let time-outs of the script expire',
  async (t) => {
    const engine = await ExplorerMachine.open({ version: '6.12', memory: 'lkmm', seed: 1 });
    const machine = new ShellMachine(engine);
    // Under this schedule CPU 1 once got no turn for more than twenty seconds of the machine's time.
    engine.begin(66);
    await hammer(machine);
    await hammer(machine);
    t.is(await machine.insmod(indexOf(machine, 'test_klp_livepatch')), 0);
    const isInTransition = (): Promise<number> =>
      machine.ask(OP.read, machine.nameId('test_klp_livepatch'), FILES.indexOf('transition'));
    let tries = 0;
    while ((await isInTransition()) === 1 && tries < 100) {
      tries++;
      await machine.sleep(100);
    }
    t.true(tries > 0 && tries < 50, `${tries} looks`);
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
