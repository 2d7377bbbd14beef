/** Numbers of classes of executions that are known from elsewhere: GenMC's, and what symmetry makes of them. */

import test from 'ava';
import { countClasses, type Symmetry } from '../../src/explorer/states/reads-from.js';
import { preparedText } from './resumable-text.js';

/** Each CPU writes its word and reads the next one's, round after round. */
function storeBuffering(cpus: number, rounds: number): number {
  const body = (cpu: number): string => {
    const round = `cpu.writeOnce(${128 + cpu}, v + 1); cpu.readOnce(${128 + ((cpu + 1) % cpus)});`;
    const text = Array.from({ length: rounds }, (_, i) => round.replace('v', String(i)));
    return `export function body${cpu}(cpu) { ${text.join(' ')} }`;
  };
  const bodies = Array.from({ length: cpus }, (_, cpu) => body(cpu));
  const names = bodies.map((_, cpu) => `body${cpu}`);
  return countClasses(preparedText(bodies.join('\n'), names));
}

test('store buffering has 3, 7, 15 classes with 2, 3, 4 CPUs', (t) => {
  t.deepEqual(
    [2, 3, 4].map((cpus) => storeBuffering(cpus, 1)),
    [3, 7, 15],
  );
});

test('store buffering has 19 and 141 classes with 2 CPUs and 2, 3 rounds, 151 with 3 CPUs and 2', (t) => {
  t.deepEqual([storeBuffering(2, 2), storeBuffering(2, 3), storeBuffering(3, 2)], [19, 141, 151]);
});

/** The disable protocol: word 128 is the target, 129 the transition; each task has its state and its flags. */
function protocol(tasks: number, symmetry?: Symmetry): number {
  const own = (i: number): [number, number] => [136 + 2 * i, 137 + 2 * i];
  const all = Array.from({ length: tasks }, (_, i) => own(i));
  const patcher = [
    'cpu.write(128, 0);',
    ...all.map(([state]) => `cpu.write(${state}, 1);`),
    'cpu.write(129, 1);',
    ...all.map(([, flags]) => `cpu.setBit(${flags}, 13);`),
  ];
  const task = ([state, flags]: [number, number], i: number): string => `
    export function body${i + 1}(cpu) {
      if (cpu.read(129) !== 0) cpu.read(${state});
      if (cpu.testAndClearBit(${flags}, 13)) cpu.write(${state}, cpu.readOnce(128));
      if (cpu.read(129) !== 0) cpu.read(${state});
    }`;
  const text = `export function body0(cpu) { ${patcher.join(' ')} }\n${all.map(task).join('\n')}`;
  const names = Array.from({ length: tasks + 1 }, (_, cpu) => `body${cpu}`);
  return countClasses(preparedText(text, names), symmetry);
}

function symmetryOf(tasks: number): Symmetry {
  const numbers = Array.from({ length: tasks }, (_, i) => i);
  return { cpus: numbers.map((i) => i + 1), words: numbers.map((i) => [136 + 2 * i, 137 + 2 * i]) };
}

test('the disable protocol has 5, 25, 125, 625 classes with 1, 2, 3, 4 tasks', (t) => {
  t.deepEqual(
    [1, 2, 3, 4].map((tasks) => protocol(tasks)),
    [5, 25, 125, 625],
  );
});

test('with interchangeable tasks they are 5, 15, 35, 70', (t) => {
  t.deepEqual(
    [1, 2, 3, 4].map((tasks) => protocol(tasks, symmetryOf(tasks))),
    [5, 15, 35, 70],
  );
});
