/**
 * What a CPU's thread loads, bundled by the build: a few files instead of a hundred, so that 64 threads start in
 * a second. A workload of the user, or replaced kernel functions, need the original files.
 */

import { readFileSync, statSync } from 'node:fs';

/** The worker's entry, and the workload it loads. */
export interface CpuModules {
  readonly worker: string;
  readonly workload: string;
}

const here = (path: string): string => new URL(path, import.meta.url).href;

/** Folder of the bundle; it is as deep as the rooms, so that relative paths lead to the same files. */
export const BUNDLE = new URL('../bundle/', import.meta.url);
/** File in it: what it was made of, as paths from {@link BUNDLE} on. */
export const BUNDLE_INPUTS = 'inputs.json';
/** The entries that are in it, by name. */
export const BUNDLE_ENTRIES: Readonly<Record<string, string>> = {
  cpu: here('../../workers/cpu.js'),
  stress: here('../catalog/stress.js'),
  cycles: here('../catalog/cycles.js'),
  scale: here('../catalog/scale.js'),
};

/** Whether the bundle is there, and no file that it was made of has been written since. */
function isCurrent(bundle: URL): boolean {
  const list = new URL(BUNDLE_INPUTS, bundle);
  const written = statSync(list, { throwIfNoEntry: false });
  if (written === undefined) return false;
  const inputs = JSON.parse(readFileSync(list, 'utf8')) as readonly string[];
  return inputs.every((path) => {
    const input = statSync(new URL(path, bundle), { throwIfNoEntry: false });
    return input !== undefined && input.mtimeMs <= written.mtimeMs;
  });
}

/**
 * What threads load to run a workload.
 *
 * @param workload URL of its module
 * @param isReplaced whether kernel functions are replaced; then their original files have to be loaded
 * @param bundle default {@link BUNDLE}
 */
export function cpuModules(workload: string, isReplaced: boolean, bundle = BUNDLE): CpuModules {
  const plain = { worker: here('../../workers/cpu.js'), workload };
  if (isReplaced) return plain;
  const name = Object.keys(BUNDLE_ENTRIES).find((key) => BUNDLE_ENTRIES[key] === workload);
  if (name === undefined || !isCurrent(bundle)) return plain;
  return {
    worker: new URL('cpu.js', bundle).href,
    workload: new URL(`${name}.js`, bundle).href,
  };
}
