/** The decisive part of a recording as an execution graph: events, program order, reads-from, coherence, from-reads. */

import type { RecordedStep, Recording } from '../../explorer/findings/recording.js';
import { eventText } from './event-text.js';

/** Events that a drawing holds at the most, the last ones. */
const MOST_EVENTS = 60;

const quote = (text: string): string =>
  `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

const WRITES: ReadonlySet<string> = new Set(['write', 'update', 'lock', 'unlock']);

/** Steps that are drawn: the decisive ones, and the stores that they read or missed. */
function drawnSteps({ steps }: Recording): number[] {
  const decisive = steps.flatMap((step, i) => (step.isDecisive ? [i] : [])).slice(-MOST_EVENTS);
  const drawn = new Set(decisive);
  for (const i of decisive) {
    const { from = -1, missed = -1 } = steps[i] ?? {};
    if (from >= 0) drawn.add(from);
    if (missed >= 0) drawn.add(missed);
  }
  return [...drawn].sort((a, b) => a - b);
}

function label(recording: Recording, step: RecordedStep, i: number): string {
  const word = recording.words[step.addr]?.name;
  const what =
    step.event === undefined
      ? `${step.name}${word === undefined ? '' : ` ${word} ${WRITES.has(step.kind) ? '=' : '→'} ${step.value}`}`
      : Object.values(eventText(recording, step.event)).join(' ');
  const removed = step.ablated.map((site) => `O-${String(site).padStart(2, '0')} removed`);
  const where = recording.stacks[step.stack]?.[0] ?? '';
  return [`${i + 1}: ${what}`, ...removed, where].filter((line) => line !== '').join('\n');
}

interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly color: string;
}

function communication({ steps }: Recording, drawn: readonly number[]): Arrow[] {
  const newest = new Map<number, number>();
  return drawn.flatMap((to): Arrow[] => {
    const { addr, kind, from = -1, missed = -1 } = steps[to] as RecordedStep;
    const arrows: Arrow[] = [];
    const stale = missed >= 0;
    if (from >= 0) arrows.push({ from, to, name: 'rf', color: stale ? 'darkorange' : 'darkgreen' });
    if (stale) arrows.push({ from: to, to: missed, name: 'fr', color: 'darkorange' });
    if (addr !== 0 && WRITES.has(kind)) {
      const before = newest.get(addr);
      if (before !== undefined) arrows.push({ from: before, to, name: 'co', color: 'blue' });
      newest.set(addr, to);
    }
    return arrows;
  });
}

/** The graph in Graphviz's language. */
export function recordingDot(recording: Recording): string {
  const { steps, cpus, scenario, verdict } = recording;
  const drawn = drawnSteps(recording);
  const shown = new Set(drawn);
  const clusters = Array.from({ length: cpus }, (_, cpu) => {
    const own = drawn.filter((i) => steps[i]?.cpu === cpu);
    return [
      `  subgraph cluster_${cpu} {`,
      `    label="CPU ${cpu}"; color=lightgray; fontname="Helvetica";`,
      ...own.map(
        (i) => `    e${i} [label=${quote(label(recording, steps[i] as RecordedStep, i))}];`,
      ),
      ...own.slice(1).map((i, k) => `    e${own[k] ?? i} -> e${i} [label="po", color=gray];`),
      '  }',
    ];
  });
  const arrows = communication(recording, drawn)
    .filter(({ from, to }) => shown.has(from) && shown.has(to))
    .map(
      ({ from, to, name, color }) =>
        `  e${from} -> e${to} [label="${name}", color=${color}, fontcolor=${color}, constraint=false];`,
    );
  return [
    `digraph ${quote(scenario)} {`,
    `  label=${quote(`${verdict.key} in ${scenario}`)}; labelloc=t; fontname="Helvetica";`,
    '  node [shape=box, fontname="Courier", fontsize=10, margin="0.15,0.08"];',
    '  edge [fontname="Helvetica", fontsize=9];',
    ...clusters.flat(),
    ...arrows,
    '}',
    '',
  ].join('\n');
}
