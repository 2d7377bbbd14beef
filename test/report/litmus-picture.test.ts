import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runMain } from '../cli/child.js';

const shape = (name: string): string =>
  fileURLToPath(new URL(`../../../test/litmus/shapes/${name}.litmus`, import.meta.url));

async function picture(name: string): Promise<{ dot: string; svg: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'klp-picture-'));
  const [dot, svg] = ['a.dot', 'a.svg'].map((file) => join(folder, file));
  const ended = await runMain('litmus', shape(name), '--dot', dot!, '--svg', svg!);
  if (ended.exitCode !== 0) throw new Error(ended.stderr);
  return { dot: readFileSync(dot!, 'utf8'), svg: readFileSync(svg!, 'utf8') };
}

const edges = (dot: string, name: string): number => dot.split(`label="  ${name}  "`).length - 1;

test('an allowed execution is drawn with what each read missed', async (t) => {
  const { dot } = await picture('SB+onces');
  t.is(edges(dot, 'fr'), 2);
  t.is(edges(dot, 'rf'), 0);
});

test('a forbidden cycle is red, and holds its reads-from and from-reads', async (t) => {
  const { dot } = await picture('MP+wmb+rmb');
  t.regex(dot, /label=" +rf +", color=red/);
  t.regex(dot, /label=" +fr +", color=red/);
});

test('labels fit their boxes', async (t) => {
  const { svg } = await picture('MP+wmb+rmb');
  const nodes = [...svg.matchAll(/class="node">.*?<polygon[^>]* points="([^"]*)"\/>(.*?)<\/g>/gs)];
  t.true(nodes.length >= 4);
  for (const [, points = '', texts = ''] of nodes) {
    const xs = points.split(' ').map((point) => Number(point.split(',')[0]));
    const width = Math.max(...xs) - Math.min(...xs);
    for (const [, size = '', text = ''] of texts.matchAll(/font-size="([\d.]+)"[^>]*>([^<]*)</g)) {
      const letters = text.replace(/&[^;]*;/g, '_').length;
      // The fonts that the picture names are 0.6 of their size wide.
      t.true(letters * Number(size) * 0.6 <= width, text);
    }
  }
});
