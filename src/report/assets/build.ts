/** Copies the files of pages that are no modules beside the compiled ones. */

import { copyFileSync } from 'node:fs';

for (const name of ['finding.css', 'finding.html', 'finding.client.js']) {
  const source = new URL(`../../../../src/report/assets/${name}`, import.meta.url);
  copyFileSync(source, new URL(name, import.meta.url));
}
