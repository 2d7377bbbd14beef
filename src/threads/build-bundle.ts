/** Build step: put together what a CPU's thread loads; see bundle.ts. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { BUNDLE, BUNDLE_ENTRIES, BUNDLE_INPUTS } from './bundle.js';

const folder = fileURLToPath(BUNDLE);
const pathFromBundle = (file: string): string => relative(folder, file).replaceAll('\\', '/');

/** Lets a bundled module still find files beside its original place. */
const places: Plugin = {
  name: 'places',
  setup(bundler) {
    bundler.onLoad({ filter: /\.js$/ }, ({ path }) => {
      const place = `new URL(${JSON.stringify(pathFromBundle(path))}, import.meta.url).href`;
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', place) };
    });
  },
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const { metafile } = await build({
  entryPoints: Object.fromEntries(
    Object.entries(BUNDLE_ENTRIES).map(([name, url]) => [name, fileURLToPath(url)]),
  ),
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  chunkNames: 'part-[hash]',
  metafile: true,
  logLevel: 'warning',
  plugins: [places],
});
const inputs = Object.keys(metafile.inputs).map((path) => pathFromBundle(resolve(path)));
writeFileSync(new URL(BUNDLE_INPUTS, BUNDLE), `${JSON.stringify(inputs)}\n`);
