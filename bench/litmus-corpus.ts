/** One cold pass over a folder of litmus tests, in a process of its own: ms of each test, parsing included, as JSON. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What is used of a build; where its modules lie has changed once. */
interface Checker {
  readonly checkLitmus: (test: unknown, options: { timeLimitMs: number }) => unknown;
}
interface Parser {
  readonly parseLitmus: (source: string, file: string) => unknown;
}

const LIMIT_MS = 60_000;

const [build = '', folder = ''] = process.argv.slice(2);

async function load(room: string, module: string): Promise<unknown> {
  const litmus = join(build, 'dist', 'src', 'litmus');
  const path = [join(litmus, room, module), join(litmus, module)].find((p) => existsSync(p));
  if (path === undefined) throw new Error(`${build} has no ${module}: is it built?`);
  return import(pathToFileURL(path).href);
}

const { checkLitmus } = (await load('axioms', 'checker.js')) as Checker;
const { parseLitmus } = (await load('syntax', 'parse.js')) as Parser;
const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.litmus'))
  .sort()
  .map((name) => ({ name, source: readFileSync(join(folder, name), 'utf8') }));
const times = tests.map(({ name, source }) => {
  const start = performance.now();
  try {
    checkLitmus(parseLitmus(source, name), { timeLimitMs: LIMIT_MS });
  } catch (error) {
    // A test that this build refuses takes as long as it takes to say so.
    if ((error as { readonly code?: unknown }).code !== 'ERR_USAGE') throw error;
  }
  return { name, ms: performance.now() - start };
});
console.log(JSON.stringify(times));
