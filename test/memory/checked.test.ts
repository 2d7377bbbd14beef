import test from 'ava';
import { MEMORY_KINDS } from '../../src/memory/backend.js';
import type { NativeCpu } from '../../src/memory/native.js';
import { SITE_COUNT, type SiteId } from '../../src/memory/sites.js';
import type { Addr } from '../../src/memory/struct.js';
import { SCHEDULING } from '../../src/memory/vocabulary.js';
import { smallMachine } from './native-cpu.js';

const site = (n: unknown): SiteId => n as SiteId;

/** Arguments that no operation takes, and what is said about them. */
const MISTAKES: readonly [RegExp, (cpu: NativeCpu, data: Addr) => unknown][] = [
  [/^NaN is no address/, (cpu) => cpu.writeOnce(NaN, 1)],
  [/^undefined is no address/, (cpu) => cpu.spinTrylock(undefined as unknown as Addr)],
  [/is no address/, (cpu, data) => cpu.get(data + 0.5)],
  [/^1\.5 is no value/, (cpu, data) => cpu.write(data, 1.5)],
  [/^undefined is no value/, (cpu, data) => cpu.storeRelease(data, undefined as unknown as number)],
  [/^4294967296 is no value/, (cpu, data) => cpu.fetchAddRelaxed(data, 2 ** 32)],
  [/^NaN is no value/, (cpu, data) => cpu.cmpxchg(data, NaN, 1)],
  [/^true is no value/, (cpu, data) => cpu.cmpxchgRelaxed(data, 0, true as unknown as number)],
  [/^0\.5 is no value/, (cpu) => cpu.trace(1, 0, 0.5)],
  [/^32 is no bit/, (cpu, data) => cpu.testAndSetBit(data, 32)],
  [/^'O-04' is no ordering site/, (cpu) => cpu.smpWmb(site('O-04'))],
  [/^0 is no ordering site/, (cpu, data) => cpu.xchg(data, 1, site(0))],
  [/^39 is no ordering site/, (cpu, data) => cpu.cmpxchg(data, 0, 1, site(SITE_COUNT + 1))],
  [/^null is no ordering site/, (cpu, data) => cpu.spinLock(data, site(null))],
  [/^-1 is no ordering site/, (cpu) => cpu.ablates(site(-1))],
];

for (const kind of MEMORY_KINDS) {
  test(`${kind}: a CPU that executes code of users refuses arguments that are none`, (t) => {
    const { cpus, data } = smallMachine(kind, 1, { isChecked: true });
    const [cpu] = cpus as [NativeCpu];
    for (const [message, execute] of MISTAKES) {
      t.throws(() => execute(cpu, data), { code: 'ERR_USAGE', message });
    }
    t.is(cpu.peek(data), 0, 'nothing was written');
  });

  test(`${kind}: checked arguments change nothing else`, (t) => {
    const [plain, checked] = [false, true].map((isChecked) => {
      const { cpus, data } = smallMachine(kind, 1, { isChecked });
      const [cpu] = cpus as [NativeCpu];
      cpu.writeOnce(data, 0xffffffff);
      cpu.smpMb(site(SITE_COUNT));
      const seen = [cpu.readOnce(data), cpu.xchg(data, 5, site(1)), cpu.cmpxchg(data, 5, -7)];
      const bits = [cpu.testAndSetBit(data, 31), cpu.testBit(data, 3), cpu.spinTrylock(data + 1)];
      return [...seen, ...bits, cpu.fetchAdd(data, 2), cpu.loadAcquire(data, site(4))];
    });
    t.deepEqual(checked, plain);
  });
}

test('every operation with a scheduling point is checked', (t) => {
  const { cpus } = smallMachine('atomics', 1, { isChecked: true });
  const unchecked = [...SCHEDULING].filter((name) => !Object.hasOwn(cpus[0] as object, name));
  t.deepEqual(unchecked, []);
});
