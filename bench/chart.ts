/** Draws a report: one bar per row, its ratio to the baseline, as an SVG file for the README. */

import type { Report, Result } from './results.js';
import { formatNumber } from '../src/report/table.js';

const WIDTH = 840;
const ROW = 22;
const HEAD = 64;
const GAP = 56;

/** The one benchmark of a report that is drawn: the first, which is the one whose rows are all on one scale. */
function chosen({ results }: Report): Result {
  const [first] = results;
  if (first === undefined) throw new RangeError('a report without results has no chart');
  return first;
}

function optionOf(result: Result, subtitle: string): Record<string, unknown> {
  const rows = [...result.rows].reverse();
  return {
    animation: false,
    backgroundColor: '#ffffff',
    title: {
      text: `${result.name}: ratio to ${result.rows[0]?.task ?? ''}`,
      subtext: subtitle,
      left: 12,
      top: 8,
      textStyle: { fontSize: 15 },
    },
    grid: { left: 250, right: 90, top: HEAD, bottom: 32 },
    xAxis: { type: 'value', splitLine: { lineStyle: { color: '#e6e6e6' } } },
    yAxis: {
      type: 'category',
      data: rows.map(({ task }) => task),
      axisTick: { show: false },
    },
    series: [
      {
        type: 'bar',
        itemStyle: { color: '#3b6ea5' },
        barWidth: 13,
        data: rows.map(({ ratio }) => ratio),
        label: {
          show: true,
          position: 'right',
          formatter: ({ dataIndex }: { dataIndex: number }) =>
            `${formatNumber(rows[dataIndex]?.ratio ?? NaN)} ×`,
        },
      },
    ],
  };
}

/**
 * Draw the first benchmark of a report.
 *
 * @returns the text of an SVG file
 * @throws {RangeError} when there is none
 */
export async function drawChart(report: Report): Promise<string> {
  const result = chosen(report);
  const { node, cpuCount, cpuModel, rounds } = report.environment;
  const subtitle = `medians of ${rounds} rounds, Node ${node}, ${cpuCount} × ${cpuModel}`;
  const { init } = await import('echarts'); // Only who draws pays for loading it.
  const height = HEAD + GAP + ROW * result.rows.length;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption(optionOf(result, subtitle));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
