/** The prompt's side of a machine in the explorer. */

import test from 'ava';
import { ExplorerMachine } from '../../src/shell/explorer-machine.js';
import { ShellMachine } from '../../src/shell/machine.js';

/** Let every notification of this thread come a second time, when the other side may wait for something else. */
function notifyTwice(): () => void {
  const notify = Atomics.notify.bind(Atomics);
  const twice = (words: Int32Array, at: number): number => {
    for (const ms of [0, 1, 2, 4]) setTimeout(() => notify(words, at), ms);
    return notify(words, at);
  };
  Atomics.notify = twice as typeof notify;
  return () => (Atomics.notify = notify);
}

test.serial('a notification that comes late is not taken for another request', async (t) => {
  const engine = new ExplorerMachine({ version: '6.12', memory: 'lkmm', seed: 1 });
  t.teardown(() => engine.close());
  await engine.begin(0);
  const machine = new ShellMachine(engine);
  const restore = notifyTwice();
  t.teardown(restore);
  for (let n = 0; n < 40; n++) {
    await machine.log(`line ${n % 2}`);
    // The machine has answered and waits: what comes now is late.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const lines = machine.dmesg().filter(({ text }) => text.startsWith('line'));
  t.deepEqual(
    lines.map(({ text }) => text),
    Array.from({ length: 40 }, (_, n) => `line ${n % 2}`),
  );
  restore();
  t.is((await engine.end()).grade, 'acceptable');
});

test.serial('one schedule gives one log, whatever was executed before it', async (t) => {
  const engine = new ExplorerMachine({ version: '6.12', memory: 'lkmm', seed: 1 });
  t.teardown(() => engine.close());
  const logs: string[] = [];
  for (const schedule of [3, 0, 1, 3]) {
    await engine.begin(schedule);
    const machine = new ShellMachine(engine);
    const index = machine.booted.kernel.images.findIndex(
      ({ name }) => machine.name(name) === 'test_klp_livepatch',
    );
    t.is(await machine.insmod(index, []), 0);
    await machine.sleep(1500);
    logs.push(JSON.stringify(machine.dmesg()));
    await engine.end();
  }
  t.is(logs[0], logs[3]);
  t.not(logs[0], logs[1]);
});
