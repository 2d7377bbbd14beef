/** A shell on a machine for tests: started once for a file, switched off at its end. */

import test from 'ava';
import type { KernelVersion } from '../../src/kernel/versions.js';
import { ShellMachine } from '../../src/shell/machine.js';
import { ShellSession } from '../../src/shell/session.js';
import { ThreadMachine } from '../../src/shell/threads.js';

/** Start machines with a shell each, before any test is declared; the file's end switches them off. */
export async function startShells(
  versions: readonly KernelVersion[],
  isTogether = false,
): Promise<(readonly [KernelVersion, ShellSession])[]> {
  const engines = await Promise.all(
    versions.map((version) =>
      ThreadMachine.start({ cpus: 2, version, memory: 'atomics', seed: 1, isLive: false }),
    ),
  );
  test.after.always(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
  });
  return engines.map((engine) => [
    engine.booted.kernel.version,
    new ShellSession(new ShellMachine(engine), { isTogether }),
  ]);
}

/** Start one machine with a shell. */
export async function startShell(
  version: KernelVersion = '6.5',
  isTogether = false,
): Promise<ShellSession> {
  const [started] = await startShells([version], isTogether);
  return started![1];
}
