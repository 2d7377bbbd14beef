import test from 'ava';
import { fileURLToPath } from 'node:url';
import { readGraph, transformGraph } from '../../src/explorer/build/modules.js';

const source = (name: string): string =>
  fileURLToPath(new URL(`../../src/${name}`, import.meta.url));

test('all kernel and livepatch code is made resumable', async (t) => {
  const graph = await readGraph(source('scenario/boot.js'));
  const outputs = transformGraph(graph);
  const names = [...outputs.keys()].map((path) => path.replace(/^.*\/src\//, ''));
  t.true(names.includes('livepatch/transition.js'));
  t.true(names.includes('kernel/sched.js'));
  t.false(
    names.some((name) => name.startsWith('memory/')),
    'the memory room is shared',
  );
  const all = [...outputs.values()].map(({ code }) => code).join('\n');
  t.regex(all, /function\* klpReverseTransition\(cpu\)/);
  t.regex(all, /\(yield\* cpu\.ctx\.hooks\.klpCopyProcess\(cpu, child\)\)/);
});

test('where local states are told apart, every function says that it begins, and every loop that it is over', async (t) => {
  const outputs = transformGraph(await readGraph(source('scenario/boot.js')), true);
  const all = [...outputs.values()].map(({ code }) => code).join('\n');
  // A loop of a function that does not say so would count as its caller's, whose variables it does not have.
  t.deepEqual(all.match(/\bfunction \w+\(cpu[,)].*/g), null);
  t.true((all.match(/\bfunction\* \w+\(cpu[,)]/g) ?? []).length > 300);
  t.regex(
    all,
    /function\* pickNextTask\(cpu\) \{ cpu\.tells\w+ && cpu\.called\(\d+\); cpu\.entered/,
  );
  t.true(all.includes('}; cpu.tellsLoops && cpu.looped('));
});

test('functions without a scheduling point stay plain, unless they are used as values', async (t) => {
  const outputs = transformGraph(await readGraph(source('scenario/boot.js')));
  const code = (name: string): string =>
    [...outputs].find(([path]) => path.endsWith(`/${name}.js`))?.[1].code ?? '';
  t.regex(code('kernel/stacktrace'), /function haveReliableStack\(cpu/);
  t.regex(code('livepatch/transition'), /!haveReliableStack\(cpu\)/);
  t.regex(
    code('livepatch/tables'),
    /function\* klpKobjReleaseRoot\(_?cpu|klpKobjReleaseRoot\(_cpu/,
  );
});

test('a file that is not there is the user’s mistake', async (t) => {
  await t.throwsAsync(readGraph('/no/such/file.js'), {
    code: 'ERR_USAGE',
    message: 'cannot read scenario module /no/such/file.js',
  });
});
