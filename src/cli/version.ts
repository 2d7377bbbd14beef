/** Version of the package that this file is part of. */

import { readFileSync } from 'node:fs';

/** As `package.json` has it. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
