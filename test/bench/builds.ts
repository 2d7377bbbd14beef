/** Folders that look like other builds of this project, for `--against`. */

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A folder that looks like a built checkout whose example benchmark is this program. */
export function otherBuild(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-against-'));
  const bench = join(folder, 'dist', 'bench');
  mkdirSync(bench, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(bench, 'example.bench.js'), program);
  return folder;
}

/** The build whose example benchmark is `entry`, as if it were another one. */
export const sameBuild = (entry: string): string =>
  otherBuild(`await import(${JSON.stringify(pathToFileURL(entry).href)});`);
