import test from 'ava';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.js';
import {
  kernelCoverage,
  portsOf,
  renderKernelCoverage,
  SEED_FUNCTIONS,
  testsOf,
} from '../../src/report/kernel-coverage.js';

const source = {
  path: 'src/livepatch/transition.ts',
  text: `/** Something else. */
const helper = 1;

/** Moves a task.
 * @kernel klp_update_patch_state, kernel/livepatch/transition.c:184 (v6.5)
 * @param task the task */
export function klpUpdatePatchState(cpu: Cpu, task: Addr): void {}

/** Empty. @kernel klp_sync, kernel/livepatch/transition.c:69 (v6.5) */
function klpSync(): void {}

function untagged(): void {}
`,
};

const tests = {
  path: 'test/livepatch/transition.test.ts',
  text: `import test from 'ava';

test('klp_sync: does nothing', (t) => {
  t.pass();
});

test.serial("a task's state follows", (t) => {
  klpUpdatePatchState(cpu, task);
});
`,
};

test('a tag belongs to the declaration behind it, and one without a tag is no port', (t) => {
  t.deepEqual(portsOf(source), [
    {
      kernelName: 'klp_update_patch_state',
      origin: 'kernel/livepatch/transition.c:184 (v6.5)',
      versions: KERNEL_VERSIONS,
      name: 'klpUpdatePatchState',
      path: 'src/livepatch/transition.ts',
      line: 7,
    },
    {
      kernelName: 'klp_sync',
      origin: 'kernel/livepatch/transition.c:69 (v6.5)',
      versions: KERNEL_VERSIONS,
      name: 'klpSync',
      path: 'src/livepatch/transition.ts',
      line: 10,
    },
  ]);
});

test('tests are found with their titles, whatever the quotes', (t) => {
  t.deepEqual(
    testsOf(tests).map((found) => found.title),
    ['klp_sync: does nothing', "a task's state follows"],
  );
});

test('a test speaks of a port by the kernel name in its title or by using it', (t) => {
  const { rows, missing } = kernelCoverage(
    [source],
    [tests],
    ['klp_sync', 'klp_update_patch_state'],
  );
  t.deepEqual(
    rows.map((row) => row.tests.map((found) => found.title)),
    [["a task's state follows"], ['klp_sync: does nothing']],
  );
  t.deepEqual(missing, []);
});

test('a name that is only part of another one does not count', (t) => {
  const longer = { ...tests, text: "test('klp_synchronize: waits', () => klpSyncAll());\n" };
  const { missing } = kernelCoverage([source], [longer], ['klp_sync']);
  t.is(missing[0], 'klp_sync has no test');
});

test('a port that is not required has to have a test all the same', (t) => {
  const { missing } = kernelCoverage([source], [tests], ['klp_sync']);
  t.deepEqual(missing, []);
  const fewer = { ...tests, text: "test('klp_sync: does nothing', (t) => t.pass());\n" };
  t.deepEqual(kernelCoverage([source], [fewer], ['klp_sync']).missing, [
    'klp_update_patch_state (src/livepatch/transition.ts:7) has no test',
  ]);
});

test('a required function without a port, and one without a test, are missing', (t) => {
  const coverage = kernelCoverage([source], [], ['klp_sync', 'klp_send_signals']);
  t.deepEqual(coverage.missing.slice(0, 2), [
    'klp_sync has no test',
    'klp_send_signals has no port',
  ]);
  t.true(renderKernelCoverage(coverage).includes('missing: klp_send_signals has no port\n'));
});

test('the required functions are the 18 of transition.c and the cond_resched pair', (t) => {
  t.is(SEED_FUNCTIONS.length, 20);
  t.is(new Set(SEED_FUNCTIONS).size, 20);
  t.deepEqual(
    kernelCoverage([], []).missing,
    SEED_FUNCTIONS.map((name) => `${name} has no port`),
  );
});
