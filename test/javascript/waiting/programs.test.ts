import test from 'ava';
import { explored, keysOf, sessionOf, written } from '../programs.js';
import { answersOf, HEAD, WAITING_PROGRAMS } from './programs.js';

const OUTCOME = "([{ code, stdout }]) => code + ': ' + stdout.trimEnd().split('\\n').join(' | ')";

for (const program of WAITING_PROGRAMS) {
  const { title, code, isModule = false } = program;
  test(`as on Node: ${title}`, (t) => {
    const main = isModule ? 'main.mjs' : 'main.cjs';
    const file = written(
      `import { program } from 'klp-smp/javascript';
      export const it = program({ main: './${main}', outcome: ${OUTCOME} });`,
      'program.mjs',
      { [main]: isModule ? code : HEAD + code },
    );
    const { tally } = explored(sessionOf(file, 'js'), { kind: 'random', seed: 1 }, 25);
    const found = keysOf(tally.outcomes);
    const answers = answersOf(program, process.version);
    // What real engines show next to never is not looked for until it is found.
    t.deepEqual(
      found.filter((key) => !answers.includes(key)),
      [],
    );
    t.true(found.includes(answers[0]!), found.join('\n'));
  });
}
