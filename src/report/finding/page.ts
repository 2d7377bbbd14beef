/** The page of a finding: one HTML file that needs only a browser, made of a recording. */

import { readFileSync } from 'node:fs';
import type { RecordedStep, Recording } from '../../explorer/findings/recording.js';
import { escapeMarkup } from '../markup.js';
import { bandsOf } from './bands.js';
import { eventText } from './event-text.js';

const asset = (name: string): string =>
  readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8');

/** Numbers strings as they come. */
class Names {
  readonly list: string[] = [];
  readonly #ids = new Map<string, number>();

  id(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.list.push(name) - 1;
      this.#ids.set(name, id);
    }
    return id;
  }
}

const siteName = (site: number): string => `O-${String(site).padStart(2, '0')}`;

/** Steps as columns: a hundred thousand of them are a few megabytes. */
function columnsOf(recording: Recording, names: Names): Record<string, unknown> {
  const { steps } = recording;
  const details: Record<number, string> = {};
  const column = (value: (step: RecordedStep) => number): number[] => steps.map(value);
  const notes: Record<number, string> = {};
  steps.forEach((step, i) => {
    const ablated = step.ablated.map((site) => `${siteName(site)} removed here`);
    const note = [...ablated, ...(step.weak === undefined ? [] : [step.weak])].join('; ');
    if (note !== '') notes[i] = note;
    if (step.event !== undefined) details[i] = eventText(recording, step.event).detail;
  });
  return {
    cpu: column((s) => s.cpu),
    kind: column((s) => names.id(s.kind)),
    name: column((s) =>
      names.id(s.event === undefined ? s.name : eventText(recording, s.event).name),
    ),
    addr: column((s) => s.addr),
    value: column((s) => s.value),
    newest: column((s) => s.newest),
    // -2: reads nothing.
    from: column((s) => s.from ?? -2),
    missed: column((s) => s.missed ?? -2),
    task: column((s) => s.task),
    stack: column((s) => s.stack),
    decisive: steps.flatMap((s, i) => (s.isDecisive ? [i] : [])),
    notes,
    details,
  };
}

/** JSON that may stand in a script element. */
const embed = (data: unknown): string => JSON.stringify(data).replace(/</g, '\\u003c');

/** What a page shows besides the recording. */
export interface PageOptions {
  /** The decisive part of the execution as an SVG drawing. */
  readonly graph?: string;
  /** Versions and settings, for the foot of the page. */
  readonly notes?: readonly string[];
}

/**
 * Render the page of a finding.
 *
 * @returns a whole HTML document; with scripts off it still names the finding, the missing order and the command
 */
export function renderFindingPage(recording: Recording, options: PageOptions = {}): string {
  const { scenario, verdict, steps, sources, missing } = recording;
  const names = new Names();
  const columns = columnsOf(recording, names);
  const data = {
    ...recording,
    steps: columns,
    names: names.list,
    count: steps.length,
    bands: bandsOf(recording),
    sources: Object.fromEntries(sources.map(({ file, lines }) => [file, lines])),
  };
  const title = `${verdict.key} in ${scenario}`;
  const orders = missing.map(
    ({ site, kernel, claim }) =>
      `<li>Would be forbidden with <b>${site}</b> in <code>${escapeMarkup(kernel)}()</code>: ${escapeMarkup(claim)}</li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeMarkup(title)}</title>
<link rel="icon" href="data:,">
<style>${asset('finding.css')}</style>
</head>
<body>
<header>
<h1><span class="grade ${verdict.grade}">${verdict.grade}</span> ${escapeMarkup(title)}</h1>
<p>${escapeMarkup(verdict.detail)}</p>
<ul class="missing">${orders.join('')}</ul>
<p class="command"><code>${escapeMarkup(recording.command)}</code></p>
</header>
${asset('finding.html').replace('<!--graph-->', () => options.graph ?? '')}
<footer>${(options.notes ?? []).map((note) => `<span>${escapeMarkup(note)}</span>`).join('')}</footer>
<script type="application/json" id="recording">${embed(data)}</script>
<script>${asset('finding.recording.client.js')}${asset('finding.client.js')}</script>
</body>
</html>
`;
}
