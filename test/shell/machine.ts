/** A shell on a machine for tests: started once for a file, switched off at its end. */

import test from 'ava';
import type { KernelVersion } from '../../src/kernel/versions.js';
import { ShellMachine } from '../../src/shell/machine.js';
import { ShellSession } from '../../src/shell/session.js';
import { ThreadMachine } from '../../src/shell/threads.js';

/** Start a machine with a shell; the file's end switches it off. */
export async function startShell(
  version: KernelVersion = '6.5',
  isTogether = false,
): Promise<ShellSession> {
  const engine = await ThreadMachine.start({
    cpus: 2,
    version,
    memory: 'atomics',
    seed: 1,
    isLive: false,
  });
  test.after.always(async () => {
    await engine.close();
  });
  return new ShellSession(new ShellMachine(engine), isTogether);
}
