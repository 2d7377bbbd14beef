import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { BUNDLE_ENTRIES, cpuModules } from '../../src/threads/bundle.js';

const STRESS = BUNDLE_ENTRIES['stress']!;
const plain = (workload: string) => ({ worker: BUNDLE_ENTRIES['cpu']!, workload });

test('the bundle stands in for the files while none of them is newer', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'klp-smp-bundle-'));
  try {
    const bundle = pathToFileURL(`${folder}/`);
    t.deepEqual(cpuModules(STRESS, false, bundle), plain(STRESS), 'there is none');
    const [input, list] = [join(folder, 'input.js'), join(folder, 'inputs.json')];
    writeFileSync(input, '');
    writeFileSync(list, '["input.js"]');
    utimesSync(input, 1000, 1000);
    utimesSync(list, 1000, 1000);
    t.deepEqual(cpuModules(STRESS, false, bundle), {
      worker: `${bundle.href}cpu.js`,
      workload: `${bundle.href}stress.js`,
    });
    t.deepEqual(cpuModules(STRESS, true, bundle), plain(STRESS), 'functions are replaced by file');
    const own = 'file:///own/workload.js';
    t.deepEqual(cpuModules(own, false, bundle), plain(own));
    utimesSync(input, 1001, 1001);
    t.deepEqual(cpuModules(STRESS, false, bundle), plain(STRESS), 'a file is newer');
    rmSync(input);
    t.deepEqual(cpuModules(STRESS, false, bundle), plain(STRESS), 'a file is gone');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
