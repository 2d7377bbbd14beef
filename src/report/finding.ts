/** The whole page of a finding, with its execution graph. */

import { readFileSync } from 'node:fs';
import type { Recording } from '../explorer/findings/recording.js';
import { renderSvg } from './execution-graph.js';
import { recordingDot } from './finding/graph.js';
import { renderFindingPage } from './finding/page.js';

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** Render the page of a finding; see {@link renderFindingPage}. */
export async function findingPage(recording: Recording): Promise<string> {
  const svg = await renderSvg(recordingDot(recording));
  return renderFindingPage(recording, {
    graph: svg.slice(svg.indexOf('<svg')),
    notes: [`klp-smp ${version}`, `Node ${process.version}`, `memory ${recording.memory}`],
  });
}
