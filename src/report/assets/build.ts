/** Copies the files of pages that are no modules beside the compiled ones. */

import { copyFileSync } from 'node:fs';

for (const page of ['finding', 'campaign']) {
  for (const name of [`${page}.css`, `${page}.html`, `${page}.client.js`]) {
    const source = new URL(`../../../../src/report/assets/${name}`, import.meta.url);
    copyFileSync(source, new URL(name, import.meta.url));
  }
}
