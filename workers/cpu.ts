/** Entry of a CPU's thread. */

import type { CpuBoot, CpuEnd } from '../src/threads/messages.js';
import { markOwnWorker } from '../src/threads/own-worker.js';
import { loadReplaced } from '../src/threads/replaced-modules.js';

markOwnWorker();

/** Be a CPU; modules with replaced kernel functions are known before any kernel code is loaded. */
export default async function run(boot: CpuBoot): Promise<CpuEnd> {
  if (boot.replaced !== undefined) loadReplaced(boot.replaced);
  const { runCpu } = await import('../src/threads/cpu-main.js');
  return runCpu(boot);
}
