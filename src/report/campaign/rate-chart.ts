/** Rates over time as a drawing: an SVG that takes its colours from the page. */

import type { Sample } from '../report.js';

const WIDTH = 720;
const HEIGHT = 160;
/** Room for the labels of the axes. */
const LEFT = 64;
const BOTTOM = 22;
/** Points at most: more than that cannot be told apart. */
const MOST_POINTS = 240;

interface Rate {
  readonly seconds: number;
  readonly rate: number;
}

/** Rates between samples, which are thinned out first. */
export function ratesOf(samples: readonly Sample[]): Rate[] {
  const step = Math.max(1, Math.ceil(samples.length / MOST_POINTS));
  const kept = samples.filter((_, i) => i % step === 0 || i === samples.length - 1);
  return kept.slice(1).flatMap(({ seconds, done }, i) => {
    const before = kept[i];
    const elapsed = seconds - (before?.seconds ?? 0);
    return elapsed <= 0
      ? []
      : [{ seconds, rate: Math.max(0, done - (before?.done ?? 0)) / elapsed }];
  });
}

const short = (n: number): string =>
  n.toLocaleString('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** The drawing; empty for fewer than two rates, of which nothing can be drawn. */
export function rateChart(samples: readonly Sample[], unit: string): string {
  const rates = ratesOf(samples);
  const last = rates.at(-1)?.seconds ?? 0;
  const most = Math.max(...rates.map(({ rate }) => rate));
  if (rates.length < 2 || most <= 0) return '';
  const points = rates.map(({ seconds, rate }) => {
    const x = LEFT + (seconds / last) * (WIDTH - LEFT);
    const y = HEIGHT - BOTTOM - (rate / most) * (HEIGHT - BOTTOM - 8);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const base = HEIGHT - BOTTOM;
  return `<svg class="rates" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="up to ${short(most)} ${unit} per second in ${last.toFixed(1)} seconds">
<line x1="${LEFT}" y1="${base}" x2="${WIDTH}" y2="${base}"/><line x1="${LEFT}" y1="8" x2="${LEFT}" y2="${base}"/>
<text x="${LEFT - 6}" y="16" text-anchor="end">${short(most)}/s</text><text x="${LEFT - 6}" y="${base}" text-anchor="end">0</text>
<text x="${WIDTH}" y="${HEIGHT - 4}" text-anchor="end">${last.toFixed(1)} s</text>
<polyline points="${points.join(' ')}"/></svg>`;
}
