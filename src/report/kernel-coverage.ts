/** Which kernel functions are ported, where, and which tests speak of each port: read off the `@kernel` tags. */

import { renderTable } from './table.js';

/** The functions of transition.c, and the pair that hooks cond_resched(): each must have a port and a test. */
export const SEED_FUNCTIONS: readonly string[] = [
  'klp_transition_work_fn',
  'klp_sync',
  'klp_synchronize_transition',
  'klp_complete_transition',
  'klp_cancel_transition',
  'klp_update_patch_state',
  'klp_check_stack_func',
  'klp_check_stack',
  'klp_check_and_switch_task',
  'klp_try_switch_task',
  '__klp_sched_try_switch',
  'klp_send_signals',
  'klp_try_complete_transition',
  'klp_start_transition',
  'klp_init_transition',
  'klp_reverse_transition',
  'klp_copy_process',
  'klp_force_transition',
  'klp_cond_resched_enable',
  'klp_cond_resched_disable',
];

/** A source or test file. */
export interface SourceText {
  /** Path relative to the project. */
  readonly path: string;
  readonly text: string;
}

/** One tagged function. */
export interface Port {
  readonly kernelName: string;
  /** Where the original is: `path:line (version)`. */
  readonly origin: string;
  /** Name of the port. */
  readonly name: string;
  readonly path: string;
  /** Line of the port's declaration, from 1. */
  readonly line: number;
}

/** One test: its claim, and the words it is made of. */
export interface TestCase {
  readonly title: string;
  readonly path: string;
  readonly body: string;
}

/** A port and the tests that speak of it. */
export interface CoverageRow extends Port {
  readonly tests: readonly { readonly path: string; readonly title: string }[];
}

/** The table, and what is missing from it. */
export interface KernelCoverage {
  readonly rows: readonly CoverageRow[];
  /** One sentence for each required function without port or without test, then for each other port without test. */
  readonly missing: readonly string[];
}

const TAG = /@kernel\s+(\w+)[^,\n]*,\s*(\S+)\s+\((v[^)\s]+)\)/;
const DECLARATION = /^(?:export\s+)?(?:function|const)\s+(\w+)/;
const TEST = /^test(?:\.\w+)*\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gms;

/** The tagged functions of one source file. */
export function portsOf({ path, text }: SourceText): Port[] {
  const ports: Port[] = [];
  let tag: RegExpExecArray | null = null;
  text.split('\n').forEach((content, i) => {
    tag = TAG.exec(content) ?? tag;
    const declared = DECLARATION.exec(content);
    if (declared === null) return;
    const [, kernelName, where, version] = tag ?? [];
    const [, name] = declared;
    tag = null;
    if (kernelName === undefined || name === undefined) return;
    ports.push({ kernelName, origin: `${where} (${version})`, name, path, line: i + 1 });
  });
  return ports;
}

/** The tests of one test file. */
export function testsOf({ path, text }: SourceText): TestCase[] {
  const starts = [...text.matchAll(TEST)];
  return starts.map((match, i) => ({
    title: (match[2] ?? '').replace(/\\(.)/g, '$1'),
    path,
    body: text.slice(match.index + match[0].length, starts[i + 1]?.index),
  }));
}

const hasWord = (text: string, word: string): boolean =>
  new RegExp(`(?<!\\w)${word}(?!\\w)`).test(text);

/** Whether a test names the kernel function in its title, or uses the port in its body. */
function speaksOf(test: TestCase, port: Port): boolean {
  return hasWord(test.title, port.kernelName) || hasWord(test.body, port.name);
}

function complaintAbout(rows: readonly CoverageRow[], kernelName: string): string | undefined {
  const found = rows.filter((row) => row.kernelName === kernelName);
  if (found.length === 0) return `${kernelName} has no port`;
  if (found.every((row) => row.tests.length === 0)) return `${kernelName} has no test`;
  return undefined;
}

/**
 * Put ports and tests together.
 * @param sources the files that may hold ports
 * @param tests the test files
 * @param required kernel names that must have both, {@link SEED_FUNCTIONS} by default; any other port needs a test
 */
export function kernelCoverage(
  sources: readonly SourceText[],
  tests: readonly SourceText[],
  required: readonly string[] = SEED_FUNCTIONS,
): KernelCoverage {
  const cases = tests.flatMap(testsOf);
  const rows = sources.flatMap(portsOf).map((port) => ({
    ...port,
    tests: cases.filter((test) => speaksOf(test, port)).map(({ path, title }) => ({ path, title })),
  }));
  const known = new Set(required);
  const others = rows.filter((row) => row.tests.length === 0 && !known.has(row.kernelName));
  const missing = [
    ...required.flatMap((name) => complaintAbout(rows, name) ?? []),
    ...others.map((row) => `${row.kernelName} (${row.path}:${row.line}) has no test`),
  ];
  return { rows, missing };
}

/** Longest piece of a test title that the table shows, in characters. */
const TITLE_WIDTH = 70;

function firstTitle(row: CoverageRow): string {
  const title = row.tests[0]?.title ?? '';
  return title.length <= TITLE_WIDTH ? title : `${title.slice(0, TITLE_WIDTH - 1)}…`;
}

/** The table for people: function, port, number of tests, and the first of them. */
export function renderKernelCoverage({ rows, missing }: KernelCoverage): string {
  const table = renderTable(
    [
      { title: 'kernel function' },
      { title: 'original' },
      { title: 'port' },
      { title: 'tests', align: 'right' },
      { title: 'first test' },
    ],
    rows.map((row) => [
      row.kernelName,
      row.origin,
      `${row.path}:${row.line}`,
      String(row.tests.length),
      firstTitle(row),
    ]),
  );
  const untested = rows.filter((row) => row.tests.length === 0).length;
  const summary = `${rows.length} ports, ${untested} of them named by no test`;
  return [table, '', summary, ...missing.map((line) => `missing: ${line}`)].join('\n');
}
