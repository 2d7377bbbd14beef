import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readRooms, ROOMS, ROOT } from './rooms.js';

const { files, imports } = readRooms();

test('every room is described, in the picture and on its page', (t) => {
  const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const picture = readFileSync(join(ROOT, 'docs/architecture.svg'), 'utf8').replaceAll(
    '&#45;',
    '-',
  );
  for (const room of files.keys()) {
    t.true(room in ROOMS, room);
    t.regex(page, new RegExp(`^\\| \`${room}/\``, 'm'));
    t.true(picture.includes(`>${room}</text>`), `${room}: npm run docs:architecture`);
  }
});

test('an import only points to a room above', (t) => {
  const order = Object.keys(ROOMS);
  t.true(imports.size > 40);
  for (const key of imports.keys()) {
    const [from = '', to = ''] = key.split(' ');
    t.true(order.indexOf(to) < order.indexOf(from), key);
  }
});
