/** Writes docs/architecture.svg from the imports of the code: `npm run docs:architecture`. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderSvg } from '../../src/report/execution-graph.js';
import { readRooms, ROOT, roomsDot } from './rooms.js';

writeFileSync(join(ROOT, 'docs/architecture.svg'), await renderSvg(roomsDot(readRooms())));
