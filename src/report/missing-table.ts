/** The Markdown file of `klp-smp conformance --missing`: tests of which an engine lacks states that it could show. */
import type { MissingState } from '../litmus/missing.js';

/** What the table needs of an engine's comparison. */
export interface Lacking {
  readonly engine: string;
  readonly run: number;
  readonly states: number;
  readonly differences: readonly {
    readonly test: string;
    /** States recorded. */
    readonly states: number;
    readonly missing: readonly MissingState[];
    readonly runs: number;
  }[];
}

/** How the engines were run. */
export interface LackingOptions {
  readonly runs: number;
  readonly seek: number;
  readonly seed: number;
}

/** A section for each engine; states that need a cycle of po and rf, or of po, rf, pb and rb, are not counted as missing. */
export function missingTable(engines: readonly Lacking[], options: LackingOptions): string {
  return engines.map((engine) => section(engine, options)).join('\n');
}

function section(engine: Lacking, { runs, seek, seed }: LackingOptions): string {
  const rows = engine.differences.flatMap(({ test, states, missing, runs: made }) => {
    const others = missing.filter(({ reach }) => reach === 'none').length;
    const reachable = states - (missing.length - others);
    return others === 0
      ? []
      : [[`\`${test}\``, `${reachable - others} / ${reachable}`, String(made)]];
  });
  const lines = [
    `# States that \`${engine.engine}\` did not show`,
    '',
    `${engine.run} tests with ${engine.states} states, ${runs} random runs of each, and up to ${seek} directed runs for each`,
    `state still missing; seed ${seed}. States that need a cycle of po and rf, or of po, rf, pb and rb, are left out.`,
    '',
    ...(rows.length === 0
      ? ['Nothing is missing.']
      : markdownTable(['test', 'states shown', 'runs'], rows)),
  ];
  return `${lines.join('\n')}\n`;
}

/** A table with its columns aligned, as Prettier leaves it. */
function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}
