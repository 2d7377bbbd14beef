/** One CPU of a recorded machine, on its thread. */

import { MachineWatch } from '../check/machine-watch.js';
import type { CheckLayout } from '../check/layout.js';
import { percpu, PERCPU } from '../kernel/layout.js';
import { CPU_LOCAL } from '../memory/local.js';
import type { NativeCpu } from '../memory/native.js';
import type { TraceSink } from '../memory/native-boot.js';
import { Random } from '../memory/random.js';
import { recordOperations, Rewound, type Recorded } from '../memory/recorded/operations.js';
import { Seat } from '../memory/recorded/turn.js';
import type { CpuId } from '../memory/struct.js';
import type { BootedMachine } from '../scenario/boot.js';
import type { RecordBoot } from './recording.js';

/** All checks, including the strict ones: the thread that has the turn looks at a machine at rest. */
export function watchAtRest(
  words: Int32Array,
  check: CheckLayout,
  { layout }: BootedMachine,
  id: CpuId,
): TraceSink {
  const watch = new MachineWatch(words, check, layout.sources);
  return (event, a, b, c) => {
    watch.trace(id, event, a, b, c);
  };
}

/** What a recorded CPU's thread does besides the kernel's code. */
export class RecordedCpu {
  readonly #seat: Seat;
  readonly #recorded: Recorded;

  constructor(seat: Seat, recorded: Recorded) {
    this.#seat = seat;
    this.#recorded = recorded;
  }

  /** Run the CPU's code, from its beginning again after each snapshot. */
  run(code: () => never): never {
    for (;;) {
      try {
        this.#recorded.begin();
        code();
      } catch (error) {
        if (!(error instanceof Rewound)) throw error;
      }
    }
  }

  /** The CPU has found something: the recording ends here. */
  end(): void {
    if (this.#seat.hasTurn) this.#seat.end(this.#seat.id + 1);
  }

  /** Let others go on for good. */
  leave(): void {
    if (this.#seat.hasTurn) this.#seat.release();
  }
}

/** Record a CPU. */
export function recordCpu(
  cpu: NativeCpu,
  { control, ring, snapshots, codes, seed }: RecordBoot,
  words: Int32Array,
  { kernel, localBase }: BootedMachine,
): RecordedCpu {
  const views = snapshots.map((snapshot) => new Int32Array(snapshot));
  const random = new Random(seed, cpu.id);
  const seat = new Seat(new Int32Array(control), new Int32Array(ring), cpu.id, random);
  const pc = percpu(kernel, cpu.id);
  const depth = localBase + cpu.id * CPU_LOCAL.size + CPU_LOCAL.preemptCount;
  const recorded = recordOperations(cpu, {
    words,
    seat,
    codes,
    cpus: kernel.cpus,
    interrupts: pc + PERCPU.ipi,
    isAtRest: () =>
      words[pc + PERCPU.context] === 0 && words[pc + PERCPU.online] === 1 && words[depth] === 0,
    takeSnapshot: () => seat.snapshot(words, views),
  });
  return new RecordedCpu(seat, recorded);
}
