/** The life of a CPU's thread: boot the same machine as every other CPU, and run until it is switched off. */

import { availableParallelism } from 'node:os';
import { claimCheck } from '../check/layout.js';
import { Monitor } from '../check/monitor.js';
import { InvariantViolated } from '../errors.js';
import { cpuStartupEntry } from '../kernel/interp.js';
import { createDecide, withDecide } from '../livepatch/wasm-handler.js';
import { withTrySwitch } from '../livepatch/wasm-switch.js';
import { createNativeCpu } from '../memory/backend.js';
import { AtomicSleep, KernelOops, MachineStopped } from '../memory/fault.js';
import { MACHINE, MACHINE_BASE } from '../memory/local.js';
import type { NativeCpu } from '../memory/native.js';
import { Ablation, O_09, O_10, O_11, O_17 } from '../memory/sites.js';
import type { CpuId } from '../memory/struct.js';
import type { WorkloadModule } from '../scenario/workload.js';
import type { CpuBoot, CpuEnd } from './messages.js';
import { switchOff } from './power.js';
import { recordCpu, watchAtRest, type RecordedCpu } from './recorded-cpu.js';

/** A CPU, and what records it. */
interface BuiltCpu {
  readonly cpu: NativeCpu;
  readonly recorded: RecordedCpu | undefined;
}

/** Build the CPU that `boot` describes, its monitor attached. */
async function buildCpu(boot: CpuBoot): Promise<BuiltCpu> {
  const words = new Int32Array(boot.memory.buffer);
  const module = (await import(boot.workload)) as WorkloadModule<unknown>;
  const { booted, attach } = module.build(boot.options);
  const check = claimCheck(booted.map, booted.kernel, booted.klp, booted.localBase);
  const id = boot.cpu as CpuId;
  const idle = booted.kernel.tasks + id * booted.kernel.taskStride;
  const monitor: Monitor = new Monitor(words, check, id, booted.layout.sources, idle, {
    quiesce: () => cpu.quiesce(),
    onFinding: () => {
      if (boot.stopOnFinding) switchOff(words, booted.kernel);
    },
  });
  const native = {
    words,
    memory: boot.memory,
    localBase: booted.localBase,
    ablation: new Ablation(boot.ablation),
    isChecked: boot.replaced !== undefined,
    trace: boot.record === undefined ? monitor.trace : watchAtRest(words, check, booted, id),
    ...(boot.weak === undefined ? {} : { weak: boot.weak }),
    ...(booted.kernel.cpus > availableParallelism()
      ? { sharingClock: () => performance.now() }
      : {}),
    // A CPU that is not waited for must linger in the handler; otherwise the missing wait would not matter.
    ...(booted.klp.sabotage.noSync ? { lateAt: [O_09, O_10, O_11, O_17] } : {}),
  };
  // WebAssembly code can be neither ablated nor replaced nor recorded, so the port runs in these cases.
  const isIntact =
    boot.ablation.length === 0 && boot.replaced === undefined && boot.record === undefined;
  const isFast = boot.kind === 'wasm' && isIntact;
  const ctx = isFast
    ? withTrySwitch(id, withDecide(booted.ctx, createDecide(id, native)), native)
    : booted.ctx;
  const cpu: NativeCpu = createNativeCpu(boot.kind, id, ctx, native);
  cpu.current = idle;
  attach?.(cpu, native);
  return { cpu, recorded: boot.record && recordCpu(cpu, boot.record, words, booted) };
}

/** All threads meet here, so that no CPU waits for one that is still being built. */
function waitForOthers(words: Int32Array, cpus: number): void {
  const ready = MACHINE_BASE + MACHINE.ready;
  if (Atomics.add(words, ready, 1) + 1 === cpus) Atomics.notify(words, ready);
  let count = Atomics.load(words, ready);
  while (count < cpus && Atomics.load(words, MACHINE_BASE + MACHINE.stop) === 0) {
    Atomics.wait(words, ready, count, 20);
    count = Atomics.load(words, ready);
  }
}

/**
 * Be a CPU.
 *
 * @throws whatever is neither the regular end nor an oops of the simulated kernel
 */
export async function runCpu(boot: CpuBoot): Promise<CpuEnd> {
  const words = new Int32Array(boot.memory.buffer);
  const { cpu, recorded } = await buildCpu(boot);
  const { kernel } = cpu.ctx;
  try {
    waitForOthers(words, kernel.cpus);
    return recorded === undefined ? cpuStartupEntry(cpu) : recorded.run(() => cpuStartupEntry(cpu));
  } catch (error) {
    if (error instanceof MachineStopped) return end(boot, cpu, 'stopped', '');
    recorded?.end();
    switchOff(words, kernel);
    if (error instanceof KernelOops) return end(boot, cpu, 'oops', error.finding.detail);
    const isFinding = recorded !== undefined || error instanceof AtomicSleep;
    if (isFinding && error instanceof InvariantViolated) {
      const { invariant, detail } = error.finding;
      return { ...end(boot, cpu, 'finding', detail), key: invariant };
    }
    throw error;
  } finally {
    recorded?.leave();
  }
}

function end(boot: CpuBoot, cpu: NativeCpu, status: CpuEnd['status'], detail: string): CpuEnd {
  return { cpu: boot.cpu, status, detail, statistics: cpu.statistics };
}
