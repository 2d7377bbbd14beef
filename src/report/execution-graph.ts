/** Draws an execution as a graph: one column a thread, reads-from, coherence and from-reads between them, a cycle in red. */
import { instance } from '@viz-js/viz';
import type { LitmusTest } from '../litmus/syntax/ast.js';
import type { Candidate } from '../litmus/axioms/candidate.js';
import type { Edge } from '../litmus/why/edge-reason.js';
import { EV } from '../litmus/axioms/event.js';
import { describeAccess } from '../litmus/syntax/format.js';

function quote(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

function node(test: LitmusTest, candidate: Candidate, event: number): string {
  const { at } = candidate.event(event);
  const what = describeAccess(test, candidate, event).replace(/ from .*$/, '');
  const label = `${at.text}\n${what === '' ? '' : `${what}, `}line ${at.line}`;
  return `    e${event} [label=${quote(label)}];`;
}

function cluster(
  test: LitmusTest,
  candidate: Candidate,
  thread: number,
  red: ReadonlySet<string>,
): string[] {
  const events = [...candidate.placed()].filter(
    (e) => candidate.threadOf[e] === thread && !candidate.is(e, EV.lockWrite),
  );
  // Where an edge of the cycle takes the same way there is no need for two.
  const order = events
    .slice(1)
    .map((e, i) => [events[i] ?? e, e] as const)
    .map(
      ([from, to]) =>
        `    e${from} -> e${to} [${red.has(`${from}>${to}`) ? 'style=invis' : 'color=gray'}];`,
    );
  return [
    `  subgraph cluster_${thread} {`,
    `    label="P${thread}"; color=lightgray; fontname="Helvetica";`,
    ...events.map((e) => node(test, candidate, e)),
    ...order,
    '  }',
  ];
}

/** Colours of the edges that are in no cycle. */
const COLORS: Readonly<Record<string, string>> = { rf: 'darkgreen', fr: 'darkorange', co: 'blue' };

/** Lock writes are drawn as one with their lock reads. */
function drawn(candidate: Candidate, event: number): number {
  return candidate.is(event, EV.lockWrite) ? event - 1 : event;
}

/** The write that follows in coherence order what a read saw; undefined: it saw the last one. */
function missedBy(candidate: Candidate, read: number, source: number): number | undefined {
  const order = candidate.co[candidate.location[read] ?? -1] ?? [];
  return source < 0 ? order[0] : order[order.indexOf(source) + 1];
}

function communication(candidate: Candidate): Edge[] {
  const edges: Edge[] = [];
  for (const event of candidate.placed()) {
    if (!candidate.is(event, EV.read)) continue;
    const source = candidate.sourceOf(event);
    if (source >= 0) edges.push({ from: source, to: event, name: 'rf', reason: '' });
    const missed = missedBy(candidate, event, source);
    if (missed !== undefined) edges.push({ from: event, to: missed, name: 'fr', reason: '' });
  }
  for (const order of candidate.co) {
    order
      .slice(1)
      .forEach((to, i) => edges.push({ from: order[i] ?? to, to, name: 'co', reason: '' }));
  }
  return edges;
}

/** The execution in Graphviz's language.
 * @param cycle edges to draw in red, of a forbidden execution */
export function executionDot(
  test: LitmusTest,
  candidate: Candidate,
  cycle: readonly Edge[] = [],
): string {
  const key = ({ from, to, name }: Edge): string =>
    `${drawn(candidate, from)}>${drawn(candidate, to)}:${name}`;
  const red = new Set(cycle.map(key));
  const ways = new Set(cycle.map((edge) => key(edge).replace(/:.*/, '')));
  const line = (edge: Edge, color: string): string[] => {
    const [from, to] = [drawn(candidate, edge.from), drawn(candidate, edge.to)];
    if (from === to) return [];
    const style = `label="  ${edge.name}  ", color=${color}, fontcolor=${color}`;
    return [
      `  e${from} -> e${to} [${style}, constraint=false, penwidth=${color === 'red' ? 2 : 1}];`,
    ];
  };
  const others = communication(candidate).filter((edge) => !red.has(key(edge)));
  return [
    `digraph ${quote(test.name)} {`,
    `  label=${quote(`${test.name}: ${test.condition.text}`)}; labelloc=t; fontname="Helvetica";`,
    '  ranksep=0.7; nodesep=0.4;',
    '  ranksep=0.7; nodesep=0.4;',
    '  node [shape=box, fontname="Courier", fontsize=11];',
    '  edge [fontname="Helvetica", fontsize=10];',
    ...candidate.threads.flatMap((_, thread) => cluster(test, candidate, thread, ways)),
    ...others.flatMap((edge) => line(edge, COLORS[edge.name] ?? 'blue')),
    ...[...new Map(cycle.map((edge) => [key(edge), edge])).values()].flatMap((edge) =>
      line(edge, 'red'),
    ),
    '}',
    '',
  ].join('\n');
}

/**
 * Lay out a graph in Graphviz's language; returns the text of an SVG file.
 *
 * The layout library knows how wide the letters of Courier and Helvetica are and of no other fonts: graphs must name
 * these for their labels to fit, and the file names what browsers have of the same widths.
 */
export async function renderSvg(dot: string): Promise<string> {
  const viz = await instance();
  return viz
    .renderString(dot, { format: 'svg', engine: 'dot' })
    .replace(/font-family="Courier[^"]*"/g, 'font-family="Courier New, Liberation Mono, monospace"')
    .replace(/font-family="Helvetica[^"]*"/g, 'font-family="Helvetica, Arial, sans-serif"');
}
