/** The prompt's side of a machine in the explorer. */

import test from 'ava';
import { ExplorerMachine } from '../../src/shell/explorer-machine.js';
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

test.serial('one schedule gives one log, whatever was executed before it', async (t) => {
  const engine = await ExplorerMachine.open({ version: '6.12', memory: 'lkmm', seed: 1 });
  const logs: string[] = [];
  for (const schedule of [3, 0, 1, 3]) {
    engine.begin(schedule);
    const machine = new ShellMachine(engine);
    const index = machine.booted.kernel.images.findIndex(
      ({ name }) => machine.name(name) === 'test_klp_livepatch',
    );
    t.is(await machine.insmod(index, []), 0);
    await machine.sleep(1500);
    logs.push(JSON.stringify(machine.dmesg()));
    engine.end();
  }
  t.is(logs[0], logs[3]);
  t.not(logs[0], logs[1]);
});
