/** Which kernel functions are ported, where, and which tests speak of each port: read off the `@kernel` tags. */

import { KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.js';
import { renderTable } from './table.js';

/** The functions of transition.c of 6.5, and the pair that hooks cond_resched(): each must have a port and a test. */
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

/** Functions that a release lacks, and those that it has besides. */
const CHANGED: Readonly<
  Record<KernelVersion, { without: readonly string[]; with: readonly string[] }>
> = {
  '6.1': {
    without: ['__klp_sched_try_switch', 'klp_cond_resched_enable', 'klp_cond_resched_disable'],
    with: [],
  },
  '6.5': { without: [], with: ['klp_clear_object_relocs'] },
  '6.12': { without: [], with: ['klp_clear_object_relocs', 'replace_show'] },
  '7.3': {
    without: ['klp_cond_resched_enable', 'klp_cond_resched_disable'],
    with: [
      'klp_resched_enable',
      'klp_resched_disable',
      'klp_sched_try_switch',
      'klp_check_patch',
      'klp_clear_object_relocs',
      'replace_show',
      'stack_order_show',
    ],
  },
};

/** The functions that must have a port and a test in a release. */
export function requiredFunctions(version: KernelVersion): string[] {
  const { without, with: more } = CHANGED[version];
  return [...SEED_FUNCTIONS.filter((name) => !without.includes(name)), ...more];
}

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
  /** Releases that have the function under this name. */
  readonly versions: readonly KernelVersion[];
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
  /** The release that the table is about; left out: all. */
  readonly version?: KernelVersion;
}

const TAG = /@kernel\s+(\w+)[^,\n]*,\s*(\S+)\s+\((v[^)\s]+)\)/;
const VERSIONS = /@versions\s+([\d., ]+)/;
const DECLARATION = /^(?:export\s+)?(?:function|const)\s+(\w+)/;
const TEST = /^ *(?:test|each)(?:\.\w+)*\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gms;

interface Tag {
  readonly kernelName: string;
  readonly origin: string;
  versions: readonly KernelVersion[];
}

function versionsIn(text: string): KernelVersion[] {
  const named = text.split(/[\s,]+/);
  return KERNEL_VERSIONS.filter((version) => named.includes(version));
}

/** The tagged functions of one source file; a port of a function that was renamed has a tag for each name. */
export function portsOf({ path, text }: SourceText): Port[] {
  const ports: Port[] = [];
  let tags: Tag[] = [];
  text.split('\n').forEach((content, i) => {
    const [, kernelName, where = '', version = ''] = TAG.exec(content) ?? [];
    if (kernelName !== undefined) {
      tags.push({ kernelName, origin: `${where} (${version})`, versions: KERNEL_VERSIONS });
    }
    const [, listed] = VERSIONS.exec(content) ?? [];
    const last = tags[tags.length - 1];
    if (listed !== undefined && last !== undefined) last.versions = versionsIn(listed);
    const [, name] = DECLARATION.exec(content) ?? [];
    if (name === undefined) return;
    for (const tag of tags) ports.push({ ...tag, name, path, line: i + 1 });
    tags = [];
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
 * @param version only the ports of that release; default all
 */
export function kernelCoverage(
  sources: readonly SourceText[],
  tests: readonly SourceText[],
  required: readonly string[] = SEED_FUNCTIONS,
  version?: KernelVersion,
): KernelCoverage {
  const cases = tests.flatMap(testsOf);
  const ports = sources.flatMap(portsOf);
  const wanted = ports.filter(
    ({ versions }) => version === undefined || versions.includes(version),
  );
  const rows = wanted.map((port) => ({
    ...port,
    tests: cases.filter((test) => speaksOf(test, port)).map(({ path, title }) => ({ path, title })),
  }));
  const known = new Set(required);
  const others = rows.filter((row) => row.tests.length === 0 && !known.has(row.kernelName));
  const missing = [
    ...required.flatMap((name) => complaintAbout(rows, name) ?? []),
    ...others.map((row) => `${row.kernelName} (${row.path}:${row.line}) has no test`),
  ];
  return { rows, missing, ...(version === undefined ? {} : { version }) };
}

/** Longest piece of a test title that the table shows, in characters. */
const TITLE_WIDTH = 70;

function firstTitle(row: CoverageRow): string {
  const title = row.tests[0]?.title ?? '';
  return title.length <= TITLE_WIDTH ? title : `${title.slice(0, TITLE_WIDTH - 1)}…`;
}

/** The table for people: function, port, number of tests, and the first of them. */
export function renderKernelCoverage({ rows, missing, version: only }: KernelCoverage): string {
  const table = renderTable(
    [
      { title: 'kernel function' },
      { title: 'original' },
      { title: 'kernels' },
      { title: 'port' },
      { title: 'tests', align: 'right' },
      { title: 'first test' },
    ],
    rows.map((row) => [
      row.kernelName,
      row.origin,
      row.versions.length === KERNEL_VERSIONS.length ? 'all' : row.versions.join(' '),
      `${row.path}:${row.line}`,
      String(row.tests.length),
      firstTitle(row),
    ]),
  );
  const untested = rows.filter((row) => row.tests.length === 0).length;
  const summary = `${rows.length} ports, ${untested} of them named by no test`;
  const perVersion = KERNEL_VERSIONS.map(
    (version) => `${version}: ${rows.filter(({ versions }) => versions.includes(version)).length}`,
  );
  return [
    table,
    '',
    `${summary}${only === undefined ? `; ${perVersion.join(', ')}` : ''}`,
    ...missing.map((line) => `missing: ${line}`),
  ].join('\n');
}
