import test from 'ava';
import { EACCES, EINVAL, ENODEV } from '../../src/kernel/errno.js';
import { kobjectGetActive, KOBJECT } from '../../src/kernel/kobject.js';
import {
  ENABLED,
  FORCE,
  kstrtobool,
  klpSysfsRead,
  klpSysfsWrite,
  PATCHED,
  STACK_ORDER,
  TRANSITION,
} from '../../src/livepatch/core-sysfs.js';
import { blocked, bootSmall, livepatch, settle } from './fixtures.js';

test('kstrtobool: looks at the first letter, at two for on and off, and at nothing else', (t) => {
  const accepted: readonly (readonly [string, boolean])[] = [
    ...['y', 'Y', 't', 'T', '1', 'on', 'ON', 'oN', '10', '1\n', 'yes', 'true'].map(
      (text) => [text, true] as const,
    ),
    ...['n', 'N', 'f', 'F', '0', 'of', 'off', 'OFF', '0xyz', '0\n'].map(
      (text) => [text, false] as const,
    ),
  ];
  for (const [text, value] of accepted) t.is(kstrtobool(text), value, text);
  for (const text of ['', ' 1', '2', '-1', 'o', 'ox', 'enable']) t.is(kstrtobool(text), undefined);
});

test('enabled_store and enabled_show: text that is no switch, and the value it has already, are -EINVAL', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  t.is(m.write('p', ENABLED, 'maybe'), -EINVAL);
  t.is(m.write('p', ENABLED, '1'), -EINVAL);
  t.is(m.read('p', ENABLED), 1);
  t.is(m.write('p', ENABLED, 'off\n'), 4);
});

test('enabled_store: during a transition the value it has already is -EINVAL too', (t) => {
  const m = blocked();
  t.is(m.write('p', ENABLED, '1'), -EINVAL);
  t.is(m.write('p', ENABLED, '0'), 1);
  t.is(m.write('p', ENABLED, '0'), -EINVAL);
});

test('transition_show: 1 exactly while the patch is in transition', (t) => {
  const m = blocked();
  t.is(m.read('p', TRANSITION), 1);
  m.write('p', FORCE, '1');
  settle(m);
  t.is(m.read('p', TRANSITION), 0);
});

test('force_store: a false value is accepted at any time and does nothing', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const from = m.logEnd;
  t.is(m.write('p', FORCE, '0'), 1);
  t.is(m.write('p', FORCE, '1'), -EINVAL);
  t.is(m.write('p', FORCE, 'x'), -EINVAL);
  t.deepEqual(m.log(from), []);
});

test('patched_show: an object is patched while its functions are on their stacks', (t) => {
  const m = blocked();
  const patched = (): number =>
    m.run((cpu) => klpSysfsRead(cpu, m.directory('p', 'vmlinux'), PATCHED));
  t.is(patched(), 1);
});

test('reading what is only written and writing what is only read is -EACCES', (t) => {
  const m = blocked();
  t.is(m.read('p', FORCE), -EACCES);
  t.is(m.write('p', TRANSITION, '1'), -EACCES);
  t.is(m.write('p', STACK_ORDER, '1'), -EACCES);
});

test('writing nothing is 0 and reaches nobody', (t) => {
  const m = blocked();
  t.is(m.write('p', ENABLED, ''), 0);
  t.is(m.read('p', ENABLED), 1);
});

test('once removal has begun reading and writing are -ENODEV', (t) => {
  const m = blocked();
  const kobj = m.directory('p');
  m.words[kobj + KOBJECT.active] = -0x40000000;
  t.is(
    m.run((cpu) => klpSysfsRead(cpu, kobj, ENABLED)),
    -ENODEV,
  );
  t.is(
    m.run((cpu) => klpSysfsWrite(cpu, kobj, ENABLED, '0')),
    -ENODEV,
  );
});

test('a file operation holds its directory while it runs and lets it go afterwards', (t) => {
  const m = blocked();
  const kobj = m.directory('p');
  const during: number[] = [];
  const show = { name: 'probe', show: () => during.push(m.words[kobj + KOBJECT.active]!) };
  m.run((cpu) => klpSysfsRead(cpu, kobj, show));
  t.deepEqual(during, [1]);
  t.is(m.words[kobj + KOBJECT.active], 0);
  t.true(m.run((cpu) => kobjectGetActive(cpu, kobj)));
});
