import test from 'ava';
import { sessionOf, written } from './programs.js';

const BASE = 'shared: () => new SharedArrayBuffer(8)';
const THREADS = 'threads: [(sab) => Atomics.load(new Int32Array(sab), 0)]';

for (const [fields, message] of [
  [`shared: 5, ${THREADS}`, '`shared` is a function'],
  [`${BASE}, threads: 5`, '`threads` is a list of 1 to 31 functions'],
  [`${BASE}, threads: [1]`, 'each of `threads` is a function'],
  [`${BASE}, ${THREADS}, outcome: 3`, '`outcome` is a function'],
  [`${BASE}, ${THREADS}, forbidden: ['x']`, '`forbidden` is an object that gives the reason'],
  [`${BASE}, ${THREADS}, acceptable: { x: 1 }`, '`acceptable` is an object that gives the reason'],
  [`${BASE}, ${THREADS}, steps: 'x'`, '`steps` is a number of operations, 1 or more'],
  [`${BASE}, ${THREADS}, name: 5`, '`name` is text of letters, digits and hyphens'],
  [`${BASE}, ${THREADS}, description: 5`, '`description` is text'],
  [`${BASE}, ${THREADS}, workers: -1`, '`workers` is a number'],
  [`${BASE}, ${THREADS}, outcomes: 1`, 'no field is called `outcomes`; there are name, '],
  ['main: 5', '`main` is the path of a module, or a URL'],
] as const) {
  test(`program({ ${fields.replace(BASE, '…').replace(THREADS, '…')} }) is refused with its line`, (t) => {
    const file = written(
      `import { program } from 'klp-smp/javascript';\nexport const it = program({ ${fields} });`,
    );
    const error = t.throws(() => sessionOf(file), { code: 'ERR_USAGE' });
    t.regex(error.message, /program\.js:2: throws while it is loaded: TypeError: program\(\): /);
    t.true(error.message.includes(message), error.message);
  });
}

test('program() takes an object only', (t) => {
  const file = written(
    `import { program } from 'klp-smp/javascript';\nexport const it = program(null);`,
  );
  t.throws(() => sessionOf(file), {
    code: 'ERR_USAGE',
    message: /program\.js:2: .*program\(\) takes an object/,
  });
});

test('a program may be declared from another', (t) => {
  const file = written(
    `import { program } from 'klp-smp/javascript';\nconst one = program({ ${BASE}, ${THREADS} });\nexport const two = program({ ...one, description: 'another' });`,
  );
  t.notThrows(() => sessionOf(file));
});
