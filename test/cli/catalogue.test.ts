import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { rewriteSection } from '../../src/cli/readme.js';
import { readmeTable as historyTable } from '../../src/cli/history.js';
import { readmeTable as latentTable } from '../../src/cli/latent.js';
import { orderingRow, readmeTable as orderingsTable } from '../../src/cli/orderings.js';
import { ORDERINGS } from '../../src/catalog/orderings.js';

const PAGE = fileURLToPath(new URL('../../../docs/catalogue.md', import.meta.url));

/** Cells without the padding that the formatter adds. */
const cells = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => /^\| [ORL]-\d\d?/.test(line))
    .map((line) => line.replace(/\s+/g, ' '));

test("the catalogue page's tables are those of the catalogue", (t) => {
  const readme = cells(readFileSync(PAGE, 'utf8'));
  const tables = [
    orderingsTable(ORDERINGS.map((it) => orderingRow(it))),
    historyTable(),
    latentTable(),
  ];
  for (const row of tables.flatMap(cells)) t.true(readme.includes(row), row);
  t.is(readme.length, tables.flatMap(cells).length);
});

test('a section is rewritten between its markers only', (t) => {
  const copy = join(mkdtempSync(join(tmpdir(), 'klp-smp-')), 'catalogue.md');
  copyFileSync(PAGE, copy);
  const text = rewriteSection(readFileSync(copy, 'utf8'), 'latent', 'nothing');
  t.regex(text, /<!-- latent: begin -->\n\nnothing\n\n<!-- latent: end -->/);
  t.regex(text, /\| R-26/);
  t.throws(() => rewriteSection('no markers', 'latent', ''), {
    code: 'ERR_USAGE',
    message: /no section between <!-- latent: begin -->/,
  });
});
