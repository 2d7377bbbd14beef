/** might_sleep() in kernel functions: with a lock held, or preemption off, each is a finding, whether it would sleep or not. */

import test from 'ava';
import {
  COMPLETION,
  complete,
  initCompletion,
  waitForCompletion,
} from '../../src/kernel/completion.js';
import { cpusReadLock, cpusReadUnlock } from '../../src/kernel/cpuhp.js';
import { mutexLock, mutexTrylock, mutexUnlock } from '../../src/kernel/mutex.js';
import { rcuReadLock, rcuReadUnlock, synchronizeRcu } from '../../src/kernel/rcu.js';
import { condResched, schedule } from '../../src/kernel/sched.js';
import type { Cpu } from '../../src/kernel/types.js';
import { KernelFault } from '../../src/memory/fault.js';
import { O_24 } from '../../src/memory/sites.js';
import { Ablation } from '../../src/memory/sites.js';
import { kernelMachine, type KernelMachine } from './machine.js';

type Call = (cpu: Cpu, m: KernelMachine) => void;

const CALLS: Readonly<Record<string, Call>> = {
  'mutex_lock()': (cpu, { data }) => mutexLock(cpu, data + 8),
  'wait_for_completion()': (cpu, { data }) => waitForCompletion(cpu, data + 32),
  'cpus_read_lock()': (cpu) => cpusReadLock(cpu),
  'synchronize_rcu()': (cpu) => synchronizeRcu(cpu),
  'cond_resched()': (cpu) => condResched(cpu),
  'schedule()': (cpu) => schedule(cpu),
};

const SECTIONS: Readonly<Record<string, readonly [begin: Call, end: Call, what: string]>> = {
  'a spin lock': [
    (cpu, { data }) => cpu.spinLock(data),
    (cpu, { data }) => cpu.spinUnlock(data),
    'a spin lock held',
  ],
  'a lock that was tried': [
    (cpu, { data }) => void cpu.spinTrylock(data),
    (cpu, { data }) => cpu.spinUnlock(data),
    'a spin lock held',
  ],
  'preempt_disable()': [
    (cpu) => cpu.preemptDisable(),
    (cpu) => cpu.preemptEnable(),
    'preemption disabled',
  ],
  'rcu_read_lock()': [
    (cpu) => rcuReadLock(cpu),
    (cpu) => rcuReadUnlock(cpu),
    'preemption disabled',
  ],
};

function prepared(options = {}): KernelMachine {
  const m = kernelMachine({}, options);
  initCompletion(m.cpu, m.data + 32);
  complete(m.cpu, m.data + 32);
  return m;
}

for (const [name, call] of Object.entries(CALLS)) {
  for (const [section, [begin, end, what]] of Object.entries(SECTIONS)) {
    test(`${name} after ${section} is reported, and after its end it is not`, (t) => {
      const m = prepared();
      const { cpu } = m;
      begin(cpu, m);
      const bug =
        name === 'schedule()'
          ? 'scheduling while atomic'
          : 'sleeping function called from invalid context';
      t.throws(() => call(cpu, m), {
        instanceOf: KernelFault,
        code: 'ERR_INVARIANT_VIOLATED',
        message: `atomic sleep: CPU 0: ${bug}: ${name} with ${what}`,
      });
      end(cpu, m);
      // The scheduler would run other tasks, and they never end.
      if (name !== 'schedule()') t.notThrows(() => call(cpu, m));
    });
  }
}

test('what does not sleep may be called with preemption off', (t) => {
  const m = prepared();
  const { cpu, data } = m;
  cpu.preemptDisable();
  t.true(mutexTrylock(cpu, data + 8));
  t.notThrows(() => mutexUnlock(cpu, data + 8));
  t.notThrows(() => complete(cpu, data + 32));
  t.is(m.words[data + 32 + COMPLETION.done], 1);
  cpu.preemptEnable();
  cpusReadLock(cpu);
  cpu.preemptDisable();
  t.notThrows(() => cpusReadUnlock(cpu));
});

test('a mutex whose site is ablated is not taken, so nothing can sleep', (t) => {
  const { cpu, data } = kernelMachine({}, { ablation: new Ablation([O_24]) });
  cpu.preemptDisable();
  t.notThrows(() => mutexLock(cpu, data, O_24));
});
