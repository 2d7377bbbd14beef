/** A timeline as one HTML file: a column per CPU, a row per event, nothing loaded from elsewhere. */

import { cpusOf, inOrder, type Timeline, type TimelineEvent } from './events.js';
import { escapeMarkup } from './markup.js';

const STYLE = `
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; }
body { margin: 1rem; }
pre { white-space: pre-wrap; }
table { border-collapse: collapse; }
th { position: sticky; top: 0; background: Canvas; text-align: left; }
th, td { padding: 1px 8px; border-left: 1px solid color-mix(in srgb, CanvasText 20%, Canvas); }
td { vertical-align: top; font-family: ui-monospace, monospace; font-size: 12px; }
td.seq { text-align: right; opacity: 0.6; border-left: 0; }
td.event { border-left: 4px solid hsl(var(--hue) 70% 50%);
  background: color-mix(in srgb, hsl(var(--hue) 70% 50%) 14%, Canvas); }
tr.finding td.event { outline: 2px solid #d00; font-weight: bold; }
.task { opacity: 0.75; }
.detail { opacity: 0.75; }
tr[hidden] { display: none; }
`;

/** Hides the rows whose text lacks any of the words in the search field. */
const SCRIPT = `
const rows = [...document.querySelectorAll('tbody tr')];
const texts = rows.map((row) => row.textContent.toLowerCase());
const shown = document.querySelector('output');
document.querySelector('input').addEventListener('input', (event) => {
  const words = event.target.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  rows.forEach((row, i) => {
    row.hidden = !words.every((word) => texts[i].includes(word));
    if (!row.hidden) count++;
  });
  shown.textContent = count + ' of ' + rows.length + ' events';
});
document.querySelector('tr.finding')?.scrollIntoView({ block: 'center' });
`;

/** A colour for a task: the same name has the same hue in every file. */
function hueOf(task: string): number {
  let hash = 0;
  for (const c of task) hash = (Math.imul(hash, 31) + (c.codePointAt(0) ?? 0)) >>> 0;
  // The golden angle keeps names that differ in one digit apart.
  return Math.round(hash * 137.508) % 360;
}

function cellOf({ task, name, detail }: TimelineEvent): string {
  const parts = [
    `<b>${escapeMarkup(name)}</b>`,
    task === '' ? '' : `<span class="task">${escapeMarkup(task)}</span>`,
    detail === '' ? '' : `<span class="detail">${escapeMarkup(detail)}</span>`,
  ];
  const written = parts.filter((part) => part !== '').join(' ');
  return `<td class="event" style="--hue:${hueOf(task)}">${written}</td>`;
}

function rowOf(event: TimelineEvent, cpus: readonly number[]): string {
  const cells = cpus.map((cpu) => (cpu === event.cpu ? cellOf(event) : '<td></td>')).join('');
  const mark = event.isFinding === true ? ' class="finding"' : '';
  return `<tr${mark}><td class="seq">${event.seq}</td>${cells}</tr>`;
}

/**
 * Render a timeline.
 * @param timeline its events in any order
 * @returns a whole HTML document; it can be read with scripts off, which only filter
 */
export function renderTimeline({ title, notes, events }: Timeline): string {
  const cpus = cpusOf(events);
  const heads = cpus.map((cpu) => `<th>CPU ${cpu}</th>`).join('');
  const name = escapeMarkup(title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${name}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${name}</h1>
<pre>${escapeMarkup(notes.join('\n'))}</pre>
<p><input type="search" placeholder="task, event or detail" aria-label="Filter"> <output>${events.length} events</output></p>
<table>
<thead><tr><th>#</th>${heads}</tr></thead>
<tbody>
${inOrder(events)
  .map((event) => rowOf(event, cpus))
  .join('\n')}
</tbody>
</table>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
