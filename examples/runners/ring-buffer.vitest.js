import { test } from 'vitest';
import { raceTest } from 'klp-smp/vitest';

const file = new URL('../ring-buffer.js', import.meta.url);
test('messages arrive in order', raceTest(file, { scenario: 'ring-buffer' }));
test(
  'not so without the release',
  raceTest(file, { scenario: 'ring-buffer-broken', finds: '1,0,3' }),
);
