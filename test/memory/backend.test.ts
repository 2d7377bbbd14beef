import test from 'ava';
import { MEMORY_KINDS } from '../../src/memory/backend.js';
import { KernelOops, MachineStopped } from '../../src/memory/fault.js';
import { CPU_LOCAL, MACHINE, MACHINE_BASE } from '../../src/memory/local.js';
import { O_04, O_10 } from '../../src/memory/sites.js';
import { Ablation } from '../../src/memory/sites.js';
import { POISON } from '../../src/memory/struct.js';
import { createSharedMemory } from '../../src/memory/map.js';
import { EAGAIN, ETIMEDOUT } from '../../src/memory/wait-queue.js';
import type { NativeCpu } from '../../src/memory/native.js';
import { smallMachine } from './native-cpu.js';

/** What the compiler does not know yet of `Atomics`. */
const { waitAsync } = Atomics as unknown as {
  waitAsync: (words: Int32Array, at: number, seen: number) => { value: Promise<string> };
};

for (const kind of MEMORY_KINDS) {
  test(`${kind}: a CPU reads what it wrote, whatever the kind of access`, (t) => {
    const { cpus, data } = smallMachine(kind, 1);
    const cpu = cpus[0]!;
    const stores = [
      (v: number) => cpu.write(data, v),
      (v: number) => cpu.writeOnce(data, v),
      (v: number) => cpu.storeRelease(data, v),
      (v: number) => cpu.rcuAssignPointer(data, v),
      (v: number) => cpu.set(data, v),
    ];
    const loads = [
      () => cpu.read(data),
      () => cpu.readOnce(data),
      () => cpu.loadAcquire(data),
      () => cpu.rcuDereference(data),
      () => cpu.readIndependent(data),
      () => cpu.get(data),
      () => cpu.peek(data),
      () => cpu.fetch(data),
    ];
    let value = -3;
    for (const store of stores) {
      for (const load of loads) {
        store(++value);
        t.is(load(), value);
      }
    }
  });

  test(`${kind}: a read-modify-write returns the old value and stores the new one`, (t) => {
    const { cpus, data } = smallMachine(kind, 1);
    const cpu = cpus[0]!;
    for (const name of ['xchg', 'xchgRelaxed', 'xchgAcquire', 'xchgRelease'] as const) {
      cpu.writeOnce(data, 5);
      t.is(cpu[name](data, 7), 5, name);
      t.is(cpu.readOnce(data), 7, name);
    }
    for (const name of [
      'fetchAdd',
      'fetchAddRelaxed',
      'fetchAddAcquire',
      'fetchAddRelease',
    ] as const) {
      cpu.writeOnce(data, 5);
      t.is(cpu[name](data, -2), 5, name);
      t.is(cpu.readOnce(data), 3, name);
    }
    for (const name of ['cmpxchg', 'cmpxchgRelaxed', 'cmpxchgAcquire', 'cmpxchgRelease'] as const) {
      cpu.writeOnce(data, 5);
      t.is(cpu[name](data, 4, 9), 5, name);
      t.is(cpu.readOnce(data), 5, name);
      t.is(cpu[name](data, 5, 9), 5, name);
      t.is(cpu.readOnce(data), 9, name);
    }
    cpu.atomicAdd(data, 3);
    t.is(cpu.readOnce(data), 12);
  });

  test(`${kind}: bit operations change one bit and tell the old one`, (t) => {
    const { cpus, data } = smallMachine(kind, 1);
    const cpu = cpus[0]!;
    cpu.setBit(data, 31);
    cpu.setBit(data, 3);
    t.true(cpu.testBit(data, 3));
    t.true(cpu.testBit(data, 31));
    cpu.clearBit(data, 3);
    t.false(cpu.testBit(data, 3));
    t.is(cpu.readOnce(data), 1 << 31);
    t.false(cpu.testAndSetBit(data, 3));
    t.true(cpu.testAndSetBitRelaxed(data, 3));
    t.true(cpu.testAndClearBit(data, 3));
    t.false(cpu.testAndClearBitRelaxed(data, 3));
    t.is(cpu.readOnce(data), 1 << 31);
  });

  test(`${kind}: a lock is free, then held, then free again`, (t) => {
    const { cpus, data } = smallMachine(kind, 2);
    const [a, b] = [cpus[0]!, cpus[1]!];
    a.spinLock(data);
    t.false(b.spinTrylock(data));
    a.spinUnlock(data);
    a.quiesce();
    t.true(b.spinTrylock(data));
    t.false(a.spinTrylock(data));
    b.spinUnlock(data);
    b.quiesce();
    t.is(a.peek(data), 0);
  });

  test(`${kind}: preemption nests, and others see the depth`, (t) => {
    const { cpus, words } = smallMachine(kind, 1);
    const depth = (): number => words[MACHINE_BASE + 16 + CPU_LOCAL.preemptCount]!;
    cpus[0]!.preemptDisable();
    cpus[0]!.preemptDisable();
    t.is(depth(), 2);
    cpus[0]!.preemptEnable();
    cpus[0]!.preemptEnable();
    t.is(depth(), 0);
  });

  test(`${kind}: null, poison and addresses outside memory are an oops`, (t) => {
    const { cpus, words } = smallMachine(kind, 1);
    const cpu = cpus[0]!;
    const accesses: ((addr: number) => unknown)[] = [
      (a) => cpu.read(a),
      (a) => cpu.write(a, 1),
      (a) => cpu.readOnce(a),
      (a) => cpu.writeOnce(a, 1),
      (a) => cpu.loadAcquire(a),
      (a) => cpu.storeRelease(a, 1),
      (a) => cpu.xchg(a, 1),
      (a) => cpu.xchgRelaxed(a, 1),
      (a) => cpu.cmpxchg(a, 0, 1),
      (a) => cpu.fetchAdd(a, 1),
      (a) => cpu.atomicAdd(a, 1),
      (a) => cpu.setBit(a, 1),
      (a) => cpu.testBit(a, 1),
      (a) => cpu.testAndSetBit(a, 1),
      (a) => cpu.testAndClearBitRelaxed(a, 1),
      (a) => cpu.rcuDereference(a),
      (a) => cpu.rcuAssignPointer(a, 1),
      (a) => cpu.readIndependent(a),
      (a) => cpu.spinLock(a),
      (a) => cpu.spinTrylock(a),
      (a) => cpu.spinUnlock(a),
      (a) => cpu.relax(a, 0),
      (a) => cpu.mwait(a, 0),
      (a) => cpu.kick(a),
      (a) => cpu.halt(a, 0),
      (a) => cpu.wait(a, 0),
      (a) => cpu.wake(a),
      (a) => cpu.wakeAll(a),
      (a) => cpu.get(a),
      (a) => cpu.set(a, 1),
      (a) => cpu.peek(a),
    ];
    for (const access of accesses) {
      for (const [addr, message] of [
        [3, /null pointer access at address 0x3/],
        [POISON + 2, /use after free/],
        [words.length, /access outside memory/],
        [-1, /access outside memory/],
      ] as const) {
        const error = t.throws(() => access(addr), { instanceOf: KernelOops, message });
        t.is(error.code, 'ERR_INVARIANT_VIOLATED');
      }
    }
  });

  test(`${kind}: a wait returns when the word has changed, and throws when the machine stops`, (t) => {
    const { cpus, data, words } = smallMachine(kind, 1);
    t.is(cpus[0]!.halt(data, 1), -EAGAIN);
    t.is(cpus[0]!.wait(data, 1), -EAGAIN);
    cpus[0]!.mwait(data, 1);
    cpus[0]!.relax(data, 1);
    words[MACHINE_BASE + MACHINE.stop] = 1;
    const stopped = { instanceOf: MachineStopped, code: 'ERR_MACHINE_STOPPED', message: '' };
    t.throws(() => cpus[0]!.halt(data, 0), stopped);
    t.throws(() => cpus[0]!.mwait(data, 0), stopped);
    t.throws(() => cpus[0]!.relax(data, 0), stopped);
    words[data] = 1;
    t.throws(() => cpus[0]!.spinLock(data), stopped);
  });

  test(`${kind}: nobody sleeps with a lock held or preemption off, whatever the word holds`, (t) => {
    const { cpus, data } = smallMachine(kind, 2);
    const [cpu, other] = cpus as [NativeCpu, NativeCpu];
    const sleeps = {
      'halt()': () => cpu.halt(data, 0, 1),
      'wait()': () => cpu.wait(data, 7, 1),
      'refill()': () => cpu.mightSleep('refill()'),
    };
    for (const [name, sleep] of Object.entries(sleeps)) {
      const refused = (what: string): void => {
        const message = `atomic sleep: CPU 0: sleeping function called from invalid context: ${name} with ${what}`;
        t.throws(sleep, { code: 'ERR_INVARIANT_VIOLATED', message });
      };
      cpu.spinLock(data + 8);
      refused('a spin lock held');
      t.false(cpu.spinTrylock(data + 8));
      t.true(cpu.spinTrylock(data + 9));
      cpu.preemptDisable();
      refused('2 spin locks held and preemption disabled');
      cpu.spinUnlock(data + 9);
      cpu.spinUnlock(data + 8);
      cpu.preemptDisable();
      cpu.preemptEnable();
      refused('preemption disabled');
      cpu.preemptEnable();
      cpu.quiesce();
      other.spinLock(data + 8);
      other.preemptDisable();
      t.notThrows(sleep);
      other.preemptEnable();
      other.spinUnlock(data + 8);
      other.quiesce();
    }
  });

  test(`${kind}: a sleep ends by its time-out, and nobody else's wake-up is used up by it`, (t) => {
    const { cpus, data } = smallMachine(kind, 2);
    t.is(cpus[0]!.wait(data, 0, 30), -ETIMEDOUT);
    t.is(cpus[0]!.halt(data, 0, 0), -ETIMEDOUT);
    t.is(cpus[1]!.wake(data), 0);
    t.is(cpus[1]!.wakeAll(data), 0);
  });

  test(`${kind}: a spin lock in freed memory is an oops, not a lock that is held for ever`, (t) => {
    const { cpus, data, words } = smallMachine(kind, 1);
    const cpu = cpus[0]!;
    const freed = {
      instanceOf: KernelOops,
      code: 'ERR_INVARIANT_VIOLATED',
      message: /spin lock in freed memory/,
    };
    words[data] = POISON;
    t.throws(() => cpu.spinLock(data), freed);
    t.throws(() => cpu.spinTrylock(data), freed);
    t.is(words[data], POISON, 'freed memory is left alone');
    if (kind !== 'weak') {
      // With the store buffer a release is carried out later, when its caller can no longer be blamed.
      const unheld = { ...freed, message: /release of a spin lock that is not held/ };
      t.throws(() => cpu.spinUnlock(data), unheld);
      t.throws(() => cpu.spinUnlock(data), unheld);
    }
    words[data] = 0;
    t.true(cpu.spinTrylock(data), 'a lock of memory in use is taken');
  });

  test(`${kind}: who is woken under a lock finds it free, or the waker asleep`, async (t) => {
    const { cpus, data, words } = smallMachine(kind, 1);
    const cpu = cpus[0]!;
    const woken: string[] = [];
    const sleepOn = (word: number): void => {
      const { value } = waitAsync(words, word, 0);
      void value.then((how) => woken.push(`${word - data} ${how}, lock ${words[data]}`));
    };
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
    sleepOn(data + 1);
    cpu.spinLock(data);
    cpu.spinLock(data + 2);
    cpu.kick(data + 1);
    cpu.spinUnlock(data + 2);
    await turn();
    t.deepEqual(woken, []);
    cpu.spinUnlock(data);
    cpu.quiesce();
    await turn();
    t.deepEqual(woken, ['1 ok, lock 0']);

    sleepOn(data + 3);
    t.true(cpu.spinTrylock(data));
    cpu.kick(data + 3);
    cpu.mwait(data, 77);
    await turn();
    t.deepEqual(woken.slice(1), ['3 ok, lock 1'], 'a CPU that waits lets go of nobody later');
    cpu.spinUnlock(data);
    cpu.quiesce();
    sleepOn(data + 4);
    cpu.kick(data + 4);
    await turn();
    t.is(woken.length, 3, 'without a lock it is told at once');
  });

  test(`${kind}: trace events reach the sink, ablated sites are known`, (t) => {
    const events: number[][] = [];
    const { cpus } = smallMachine(kind, 1, {
      trace: (...event) => events.push(event),
      ablation: new Ablation([O_04]),
    });
    cpus[0]!.trace(9, 1);
    t.deepEqual(events, [[9, 1, 0, 0]]);
    t.true(cpus[0]!.ablates(O_04));
    t.false(cpus[0]!.ablates(O_10));
  });

  test(`${kind}: an ablated lock is not taken, an ablated section not entered`, (t) => {
    const { cpus, data, words } = smallMachine(kind, 1, { ablation: new Ablation([O_04]) });
    const cpu = cpus[0]!;
    cpu.spinLock(data);
    cpu.spinLock(data + 1, O_04);
    cpu.spinLock(data, O_04);
    t.is(words[data + 1], 0);
    cpu.spinUnlock(data);
    cpu.quiesce();
    t.not(words[data], 0, 'the release of an ablated lock released one that is held');
    cpu.spinUnlock(data);
    cpu.quiesce();
    t.is(words[data], 0);
    cpu.preemptDisable(O_04);
    t.is(words[MACHINE_BASE + 16 + CPU_LOCAL.preemptCount], 0);
    cpu.preemptDisable();
    cpu.preemptEnable();
    cpu.preemptEnable(O_04);
    t.is(words[MACHINE_BASE + 16 + CPU_LOCAL.preemptCount], 0);
  });
}

test('an ablated fence does nothing, another one still fences', (t) => {
  const { cpus, words } = smallMachine('atomics', 1, { ablation: new Ablation([O_04]) });
  const fences = (): number => words[MACHINE_BASE + 16 + CPU_LOCAL.fence]!;
  cpus[0]!.smpWmb(O_04);
  t.is(fences(), 0);
  cpus[0]!.smpWmb(O_10);
  cpus[0]!.smpWmb();
  t.is(fences(), 2);
});

test('without ablation a CPU has no method of its own', (t) => {
  for (const kind of MEMORY_KINDS) {
    const { cpus } = smallMachine(kind, 1, { ablation: new Ablation() });
    t.deepEqual(
      Object.keys(cpus[0]!).filter((key) => typeof Reflect.get(cpus[0]!, key) === 'function'),
      [],
    );
  }
});

test('the wasm backend refuses words that lie in another memory', (t) => {
  const { memory } = createSharedMemory(64);
  t.throws(() => smallMachine('wasm', 1, { memory }), {
    code: 'ERR_SIMULATOR_BUG',
    message: /needs the WebAssembly.Memory that its words lie in/,
  });
});
