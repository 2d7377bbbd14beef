/** Copies the files of pages that are no modules beside the compiled ones. */

import { copyFileSync } from 'node:fs';

const FILES = ['finding', 'campaign'].flatMap((page) => [
  `${page}.css`,
  `${page}.html`,
  `${page}.client.js`,
]);

for (const name of [...FILES, 'finding.recording.client.js']) {
  const source = new URL(`../../../../src/report/assets/${name}`, import.meta.url);
  copyFileSync(source, new URL(name, import.meta.url));
}
