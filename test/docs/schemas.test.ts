import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import test, { type ExecutionContext } from 'ava';
import { runMain } from '../cli/child.js';
import { ROOT } from './rooms.js';
import { DOCUMENTS, makeSchemas, schemaFile, SCHEMAS, type DocumentName } from './schemas.js';

const parsed = (text: string): unknown => JSON.parse(text) as unknown;
const names = Object.keys(DOCUMENTS) as DocumentName[];
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });

function validatorOf(name: DocumentName): ValidateFunction {
  const schema = parsed(readFileSync(join(SCHEMAS, schemaFile(name)), 'utf8')) as object;
  return ajv.getSchema(`klp-smp:${schemaFile(name)}`) ?? ajv.compile(schema);
}

function fits(t: ExecutionContext, name: DocumentName, document: unknown): void {
  const validate = validatorOf(name);
  t.true(validate(document), `${name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
}

test('the schemas in docs are those of the types, one file each', (t) => {
  const made = makeSchemas();
  t.deepEqual(readdirSync(SCHEMAS).sort(), [...made.keys()].sort(), 'npm run docs:schemas');
  for (const [file, text] of made) {
    t.deepEqual(
      parsed(readFileSync(join(SCHEMAS, file), 'utf8')),
      parsed(text),
      `${file}: npm run docs:schemas`,
    );
  }
});

test('every schema compiles, and refuses what is no such document', (t) => {
  for (const name of names) {
    const validate = validatorOf(name);
    for (const wrong of [7, 'text', null, { foo: 1 }]) t.false(validate(wrong), name);
  }
});

test('a member that is missing, of another type or unknown is refused', (t) => {
  const validate = validatorOf('corpus');
  const text = {
    scenario: 's',
    token: 't',
    outcome: 'o',
    detail: 'd',
    memory: 'lkmm',
    replay: 'r',
  };
  const entry = { version: 1, ...text, ablated: [], story: ['a'], status: 'open' };
  t.true(validate(entry));
  const without = { ...entry, token: undefined };
  const wrong = [
    without,
    { ...entry, status: 'new' },
    { ...entry, story: 'a' },
    { ...entry, x: 1 },
  ];
  for (const document of wrong) t.false(validate(document));
});

const SHORT = ['--runs', '200', '--budget', '60s'];
/** A command line for each document that a child prints in a second or two. */
const PRINTED: readonly (readonly [DocumentName, readonly string[]])[] = [
  ['explore', ['explore', 'disable-switch', '--ablate', 'O-04', ...SHORT]],
  ['explore', ['explore', 'shadow-get', '--strategy', 'pct', ...SHORT]],
  ['verify', ['verify', 'shadow-get', '--runs', '20', '--twice']],
  ['stress', ['stress', '--cpus', '2', '--tasks', '8', '--duration', '1s']],
  ['ablate', ['ablate', 'O-04', '--scenario', 'disable-switch', '--seeds', '1']],
  ['history', ['history', 'R-26']],
  ['latent', ['latent', 'L-5']],
  ['compare', ['compare', 'disable-switch', '--runs', '50', '--budget', '1s']],
  ['weaken', ['weaken', 'examples/javascript/ring.js', '--runs', '50']],
  ['litmus-shapes', ['litmus', '--on', 'threads', '--shapes', 'SB', '--trials', '1000']],
];

for (const [name, args] of PRINTED) {
  test(`what is printed fits its schema: ${args.slice(0, 2).join(' ')} ${args[2] ?? ''}`, async (t) => {
    const { exitCode, stdout, stderr } = await runMain(...args, '--json');
    t.true(exitCode <= 1, stderr);
    fits(t, name, parsed(stdout));
  });
}

test('events, traces, replays, campaigns and their findings fit their schemas', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'klp-schema-'));
  const plan = {
    ...{ name: 'small', scenarios: ['disable-switch'], ablations: ['O-04'] },
    ...{ executions: 200, range: 100, corpus: 'found' },
  };
  fits(t, 'plan', plan);
  const file = join(folder, 'plan.json');
  writeFileSync(file, JSON.stringify(plan));
  const trace = join(folder, 'trace.json');
  const { stdout } = await runMain('campaign', 'run', file, '--jsonl', '--trace', trace);
  const events = stdout.trimEnd().split('\n').map(parsed);
  for (const event of events) fits(t, 'event', event);
  fits(t, 'campaign', (events.at(-1) as { result: unknown }).result);
  fits(t, 'trace', parsed(readFileSync(trace, 'utf8')));
  const [entry = ''] = readdirSync(join(folder, 'found'));
  const finding = parsed(readFileSync(join(folder, 'found', entry), 'utf8'));
  fits(t, 'corpus', finding);
  const { token } = finding as { token: string };
  fits(t, 'replay', parsed((await runMain('replay', token, '--json')).stdout));
});

test('a litmus test and a folder of them print what their schemas say', async (t) => {
  const folder = join(ROOT, 'examples/litmus');
  const [first = ''] = readdirSync(folder).filter((it) => it.endsWith('.litmus'));
  fits(t, 'litmus', parsed((await runMain('litmus', join(folder, first), '--json')).stdout));
  fits(t, 'litmus-folder', parsed((await runMain('litmus', folder, '--json')).stdout));
});
