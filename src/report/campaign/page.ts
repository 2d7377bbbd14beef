/** The page of a campaign: one HTML file that needs only a browser, made of a report. */

import { readFileSync } from 'node:fs';
import { escapeMarkup as text } from '../markup.js';
import { inReadingOrder, isFinding } from '../outcomes.js';
import {
  endedEarly,
  EVENTS,
  statusOf,
  type Coverage,
  type Report,
  type ReportOutcome,
  type ReportTable,
  type Sample,
} from '../report.js';
import { rateChart } from './rate-chart.js';

const asset = (name: string): string =>
  readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8');

const count = (n: number): string => n.toLocaleString('en-US');
/** Rows of a coverage table that are shown; the rest is counted. */
const MOST_ROWS = 200;

/** Addresses of the pages of findings, by token. */
export type Links = ReadonlyMap<string, string>;

function definitions(entries: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(entries).map(
    ([key, value]) => `<dt>${text(key)}</dt><dd>${text(String(value))}</dd>`,
  );
  return `<dl>${rows.join('')}</dl>`;
}

function findingItem(title: string, outcome: ReportOutcome, links: Links): string {
  const { name, reason, error, replay, token, count: times, trace = [] } = outcome;
  const link = token === undefined ? undefined : links.get(token);
  const label = `${text(name)} in ${text(title)}`;
  const head = link === undefined ? label : `<a href="${text(link)}">${label}</a>`;
  const lines =
    trace.length === 0
      ? ''
      : `<details><summary>what led to it</summary><pre>${text(trace.join('\n'))}</pre></details>`;
  const command = replay === undefined ? '' : `<p><code>${text(replay)}</code></p>`;
  return `<li><b class="${error === undefined ? 'forbidden' : 'interesting'}">${head}</b> ${error === undefined ? `× ${count(times)}: ${text(reason)}` : text(error)}${command}${lines}</li>`;
}

function findings({ tables }: Report, links: Links): string {
  const items = tables.flatMap(({ title, outcomes }) =>
    (inReadingOrder(outcomes) as ReportOutcome[])
      .filter((outcome) => statusOf(outcome) !== 'passed')
      .map((outcome) => findingItem(title, outcome, links)),
  );
  if (items.length === 0) return '<p>Nothing forbidden.</p>';
  const events = links.get(EVENTS);
  const led =
    events === undefined ? '' : `<p><a href="${text(events)}">What led to it, CPU by CPU</a></p>`;
  return `<ol class="findings">${items.join('')}</ol>${led}`;
}

function outcomeRow(outcome: ReportOutcome, links: Links): string {
  const { name, grade, count: times, reason, error, token } = outcome;
  const link = token === undefined ? undefined : links.get(token);
  const shown = link === undefined ? text(name) : `<a href="${text(link)}">${text(name)}</a>`;
  const kind = error === undefined ? grade : 'interesting';
  const word = error === undefined ? (isFinding(outcome) ? 'FORBIDDEN' : grade) : 'error';
  return `<tr><td>${shown}</td><td class="number">${count(times)}</td><td class="${kind}">${word}</td><td>${text(error ?? reason)}</td></tr>`;
}

function tableOf(table: ReportTable, links: Links): string {
  const { title, outcomes, settings = {}, place, seconds } = table;
  const rows = (inReadingOrder(outcomes) as ReportOutcome[]).map((it) => outcomeRow(it, links));
  const known = Object.entries(settings).map(([key, value]) => `${key} ${String(value)}`);
  const where = place === undefined ? [] : [`${place.file}:${place.line}`];
  const time = seconds === undefined ? [] : [`${seconds.toFixed(1)} s`];
  return `<section class="table"><h3>${text(title)}</h3><p class="settings">${text([...known, ...time, ...where].join(', '))}</p>
<table><thead><tr><th>outcome</th><th class="number">count</th><th>grade</th><th>why</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></section>`;
}

function countTable(title: string, rows: readonly (readonly [string, number])[]): string {
  const shown = rows.slice(0, MOST_ROWS);
  const more = rows.length - shown.length;
  const body = shown.map(
    ([name, times]) =>
      `<tr><td><code>${text(name)}</code></td><td class="number">${count(times)}</td></tr>`,
  );
  const rest = more === 0 ? '' : `<p>and ${count(more)} more</p>`;
  return `<details><summary>${text(title)}</summary><table><tbody>${body.join('')}</tbody></table>${rest}</details>`;
}

/** `3-5, 9` for `[3, 4, 5, 9]`. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const n of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([a, b]) => (a === b ? String(a) : `${a}-${b}`)).join(', ');
}

function coverageOf({ scenario, executions, readsFrom, sites, lines }: Coverage): string {
  const reached = lines.reduce((sum, it) => sum + it.reached.length, 0);
  const files = lines.map(
    ({ file, reached: all }) =>
      `<tr><td><code>${text(file)}</code></td><td class="number">${all.length}</td><td class="lines">${rangesOf(all)}</td></tr>`,
  );
  return `<section class="coverage"><h3>${text(scenario)}</h3><p>In its first ${count(executions)} executions.</p>
${countTable(
  `${count(readsFrom.length)} reads-from pairs across CPUs`,
  readsFrom.map(({ pair, count: n }) => [pair, n] as const),
)}
${countTable(
  `${count(sites.length)} ordering sites: ${sites
    .map(({ site }) => site)
    .sort()
    .join(', ')}`,
  sites.map(({ site, count: n }) => [site, n] as const),
)}
<details><summary>${count(reached)} lines of ${count(lines.length)} files</summary><table><tbody>${files.join('')}</tbody></table></details></section>`;
}

function coverage({ coverage: all }: Report): string {
  if (all.length === 0) return '';
  return `<section id="coverage"><h2>Coverage</h2>${all.map(coverageOf).join('\n')}</section>`;
}

function rates(samples: readonly Sample[], unit: string): string {
  const chart = rateChart(samples, unit);
  return chart === ''
    ? ''
    : `<section id="rates"><h2>${text(unit)} per second</h2>${chart}</section>`;
}

function totals({ tables, seconds }: Report): string {
  const outcomes = tables.flatMap((table) => table.outcomes);
  const seen = (grade: string): number =>
    outcomes.filter((it) => it.grade === grade).reduce((sum, it) => sum + it.count, 0);
  return `<p role="status">${(['forbidden', 'interesting', 'acceptable'] as const)
    .map((grade) => `<span class="${grade}">${count(seen(grade))} ${grade}</span>`)
    .join(' · ')} · ${seconds.toFixed(1)} s</p>`;
}

/**
 * Render the page of a campaign.
 *
 * @param links addresses of the pages of its findings, relative to the page
 * @returns a whole HTML document without scripts; nothing in it is loaded from elsewhere
 */
export function renderCampaignPage(report: Report, links: Links = new Map()): string {
  const { command, again, versions, tables } = report;
  const early = endedEarly(report);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${text(command)}: ${text(
    tables
      .map(({ title }) => title)
      .slice(0, 3)
      .join(', '),
  )}</title>
<link rel="icon" href="data:,">
<style>${asset('campaign.css')}</style>
</head>
<body>
<header><h1>${text(command)}</h1>${totals(report)}
${early === undefined ? '' : `<p class="early" role="alert">Ended early: ${text(early)}</p>`}</header>
<main>
<section id="findings"><h2>Findings</h2>${findings(report, links)}</section>
<section id="outcomes"><h2>Outcomes</h2>${tables.map((table) => tableOf(table, links)).join('\n')}</section>
${rates(report.samples, report.unit)}
${coverage(report)}
<section id="again"><h2>Run it again</h2><p><code>${text(again)}</code></p>${definitions(versions)}</section>
</main>
</body>
</html>
`;
}
