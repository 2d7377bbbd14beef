/** Draws a report: for each benchmark that was measured a bar per row, its ratio to the baseline with its spread, as one SVG file. */

import { UsageError } from '../src/errors.js';
import { formatNumber } from '../src/report/table.js';
import type { Report, Result, Row } from './results.js';

const WIDTH = 840;
const ROW = 22;
/** Width of a letter of a row's name, with what the widest fonts need more. */
const LETTER = 7;
/** Title of the whole, title of one benchmark, and the axis below it. */
const HEAD = 56;
const TITLE = 30;
const AXIS = 34;

/** Where one benchmark is drawn. */
interface Panel {
  readonly result: Result;
  readonly top: number;
  readonly height: number;
}

function panelsOf({ results }: Report): Panel[] {
  let top = HEAD;
  return results.map((result) => {
    const height = ROW * result.rows.length;
    const panel = { result, top: top + TITLE, height };
    top += TITLE + height + AXIS;
    return panel;
  });
}

/** Smallest and largest ratio of a round; the ratio itself where a round has none, for instance one that took no time. */
const rangeOf = ({ ratio, ratioRange = [ratio, ratio] }: Row): readonly [number, number] =>
  ratioRange.every(Number.isFinite) ? ratioRange : [ratio, ratio];

const GRAY = '#555555';

/** A line from the smallest to the largest ratio of a row, with its two ends. */
function whisker(_: unknown, api: Whiskers): object {
  const [low, high] = [
    api.coord([api.value(1), api.value(0)]),
    api.coord([api.value(2), api.value(0)]),
  ];
  const [[x1 = 0, y = 0], [x2 = 0]] = [low, high];
  const line = (from: number, top: number, to: number, bottom: number): object => ({
    type: 'line',
    shape: { x1: from, y1: top, x2: to, y2: bottom },
    style: { stroke: GRAY, lineWidth: 1.5 },
  });
  return {
    type: 'group',
    children: [line(x1, y, x2, y), line(x1, y - 4, x1, y + 4), line(x2, y - 4, x2, y + 4)],
  };
}

/** What the drawing library hands to a custom drawing. */
interface Whiskers {
  value(index: number): number;
  coord(point: readonly number[]): number[];
}

function seriesOf({ result }: Panel, i: number): object[] {
  const rows = [...result.rows].reverse();
  const place = { xAxisIndex: i, yAxisIndex: i };
  return [
    {
      ...place,
      type: 'bar',
      itemStyle: { color: '#3b6ea5' },
      barWidth: 13,
      data: rows.map(({ ratio }) => ratio),
    },
    {
      ...place,
      type: 'custom',
      renderItem: whisker,
      encode: { x: [1, 2], y: 0 },
      data: rows.map((row, at) => [at, ...rangeOf(row)]),
    },
    {
      ...place,
      type: 'scatter',
      symbolSize: 0,
      data: rows.map((row, at) => [rangeOf(row)[1], at]),
      label: {
        show: true,
        position: 'right',
        color: '#222222',
        formatter: ({ dataIndex }: { dataIndex: number }) =>
          `${formatNumber(rows[dataIndex]?.ratio ?? NaN)} ×`,
      },
    },
  ];
}

/** Where the bars begin: no name of a row is cut off. */
function leftOf(panels: readonly Panel[]): number {
  const names = panels.flatMap(({ result }) => result.rows.map(({ task }) => task.length));
  return Math.max(...names) * LETTER + 24;
}

function optionOf(panels: readonly Panel[], subtitle: string): Record<string, unknown> {
  const titles = panels.map(({ result, top }) => ({
    text: `${result.name}: ratio to ${result.rows[0]?.task ?? ''} (${result.better} is better)`,
    left: 12,
    top: top - TITLE + 6,
    textStyle: { fontSize: 13 },
  }));
  return {
    animation: false,
    backgroundColor: '#ffffff',
    title: [
      { text: 'bench', subtext: subtitle, left: 12, top: 6, textStyle: { fontSize: 15 } },
      ...titles,
    ],
    grid: panels.map(({ top, height }) => ({ left: leftOf(panels), right: 90, top, height })),
    xAxis: panels.map((_, gridIndex) => ({
      ...{ type: 'value', gridIndex, min: 0 },
      splitLine: { lineStyle: { color: '#e6e6e6' } },
    })),
    yAxis: panels.map(({ result }, gridIndex) => ({
      ...{ type: 'category', gridIndex },
      data: result.rows.map(({ task }) => task).reverse(),
      axisTick: { show: false },
      axisLabel: { interval: 0 },
    })),
    series: panels.flatMap(seriesOf),
  };
}

/**
 * Draw every benchmark of a report.
 *
 * @returns the text of an SVG file
 * @throws UsageError when nothing was measured
 */
export async function drawChart(report: Report): Promise<string> {
  const panels = panelsOf(report);
  const last = panels.at(-1);
  if (last === undefined) throw new UsageError('nothing was measured, so there is nothing to draw');
  const { node, cpuCount, cpuModel, rounds } = report.environment;
  const subtitle = `medians of ${rounds} rounds, lines from the least to the most; Node ${node}, ${cpuCount} × ${cpuModel}`;
  const { init } = await import('echarts'); // Loaded only when something is drawn.
  const height = last.top + last.height + AXIS;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption(optionOf(panels, subtitle));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
