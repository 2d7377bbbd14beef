/** Writes docs/schema from the types of the documents: `npm run docs:schemas`. */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSchemas, SCHEMAS } from './schemas.js';

mkdirSync(SCHEMAS, { recursive: true });
for (const file of readdirSync(SCHEMAS)) rmSync(join(SCHEMAS, file));
for (const [file, text] of makeSchemas()) writeFileSync(join(SCHEMAS, file), text);
