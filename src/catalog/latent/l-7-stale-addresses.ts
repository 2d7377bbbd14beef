/** L-7: what a failed klp_module_coming() leaves behind. */

import { ENODEV } from '../../kernel/errno.js';
import { KERNEL } from '../../kernel/layout.js';
import { LIST } from '../../kernel/list.js';
import { deleteModule, findModule, loadModule, MODULE } from '../../kernel/module.js';
import { asm } from '../../kernel/text.js';
import type { KernelVersion } from '../../kernel/versions.js';
import { ENABLED, klpSysfsWrite } from '../../livepatch/core-sysfs.js';
import { KLP_FUNC, KLP_OBJECT, KLP_PATCH } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import type { HistoryFinding } from '../../scenario/history.js';
import type { LatentIssue, LatentScriptResult } from '../../scenario/latent.js';
import { bootWatched, watchScript, type WatchedMachine } from '../../scenario/watched.js';
import { endless, livepatch, SOON, version } from '../history/machine.js';
import { inCore } from './kernel-lines.js';

const SEQUENCES = 40;
const OPERATIONS = 60;
const PATCHES = 3;
/** Images: the patches, the target module, and a version of it that lacks a function. */
const WHOLE = PATCHES;
const LACKING = PATCHES + 1;
const FAILS_SOMETIMES = 1;

/** pre_patch: fails every third time, by the jiffies. */
function failsSometimes(cpu: Cpu, _obj: Addr): number {
  return cpu.peek(cpu.ctx.kernel.globals + KERNEL.jiffies) % 3 === 0 ? -ENODEV : 0;
}

const versionOf = (name: string, n: number) => version(name, n, name.startsWith('tf') ? 1 : 2);

function boot(kernelVersion: KernelVersion): WatchedMachine {
  return bootWatched({
    version: kernelVersion,
    vmlinux: { functions: [endless('thread', asm.sleep(10))] },
    modules: [
      livepatch(1, [versionOf('tf_v1', 1), versionOf('tg_v1', 1)], { name: 'target' }),
      livepatch(2, [versionOf('tf_v2', 2)], {
        name: 'target',
        callbacks: { prePatch: FAILS_SOMETIMES },
      }),
      livepatch(3, [versionOf('tg_v3', 3)], { name: 'target', replace: true }),
      { name: 'target', functions: [versionOf('tf', 0), versionOf('tg', 0)] },
      { name: 'target', functions: [versionOf('tf', 0)] },
    ],
    callbacks: [undefined, failsSometimes],
    initialTasks: [{ comm: 'idler', thread: 'thread' }],
  });
}

/** Functions of the listed patches whose object is not loaded although they hold an address. */
function staleFuncs({ words, klp }: WatchedMachine): Addr[] {
  const at = (addr: Addr): number => words[addr] ?? 0;
  const each = (head: Addr): Addr[] => {
    const found: Addr[] = [];
    for (let node = at(head + LIST.next); node !== head; node = at(node + LIST.next)) {
      found.push(node);
    }
    return found;
  };
  return each(klp.patches)
    .flatMap((patch) => each(patch + KLP_PATCH.objList))
    .filter((obj) => at(obj + KLP_OBJECT.name) !== 0 && at(obj + KLP_OBJECT.mod) === 0)
    .flatMap((obj) => each(obj + KLP_OBJECT.funcList))
    .filter((func) => at(func + KLP_FUNC.oldFunc) !== 0);
}

/** Reads of an address that is stale when it is read. */
function watchReads(watched: WatchedMachine): { used: number } {
  const { base, stride, count } = watched.klp.funcCache;
  const read = watched.cpu.read.bind(watched.cpu);
  const seen = { used: 0 };
  watched.cpu.read = (addr) => {
    const offset = (addr - base) % stride;
    if (addr >= base && addr < base + count * stride && offset === KLP_FUNC.oldFunc) {
      if (staleFuncs(watched).includes(addr - offset)) seen.used++;
    }
    return read(addr);
  };
  return seen;
}

/** One operation of the administrator. */
function operate(watched: WatchedMachine, random: number): void {
  const what = random % 8;
  const which = (random >>> 8) % PATCHES;
  const name = watched.nameId(`livepatch_${which + 1}`);
  if (what < 2) loadModule(watched.cpu, what === 0 ? WHOLE : LACKING);
  else if (what === 2) deleteModule(watched.cpu, watched.nameId('target'));
  else if (what < 5) loadModule(watched.cpu, which);
  else if (what === 5) deleteModule(watched.cpu, name);
  else {
    const mod = findModule(watched.cpu, name);
    const patch = mod === 0 ? 0 : (watched.words[mod + MODULE.image] ?? 0);
    if (patch !== 0) klpSysfsWrite(watched.cpu, patch + KLP_PATCH.kobj, ENABLED, String(what & 1));
  }
  watched.letRun(1 + ((random >>> 16) % SOON));
}

/** Random sequences of operations; how many of them left a stale address behind, and whether one was used. */
function searchStale(seed: number, kernelVersion: KernelVersion): LatentScriptResult {
  const findings: HistoryFinding[] = [];
  let searched = 0;
  let random = Math.imul(seed, 0x9e3779b1) | 1;
  for (let i = 0; i < SEQUENCES; i++) {
    const machine = boot(kernelVersion);
    const state = { isStale: false };
    findings.push(
      ...watchScript(machine, (watched) => {
        const seen = watchReads(watched);
        for (let n = 0; n < OPERATIONS; n++) {
          random ^= random << 13;
          random ^= random >>> 17;
          random ^= random << 5;
          operate(watched, random >>> 0);
          state.isStale ||= staleFuncs(watched).length > 0;
        }
        if (seen.used > 0) watched.find('stale address', 'old_func of an unloaded object is used');
      }),
    );
    if (state.isStale) searched++;
  }
  return { findings, searched };
}

export const L_7: LatentIssue = {
  id: 'L-7',
  title: 'a failed klp_module_coming() leaves addresses of the refused module behind',
  claim:
    'When the last step of klp_module_coming() fails, the object of the failing patch forgets its module, but its functions ' +
    'keep old_func (and, since 6.3, its relocations are not cleared).',
  meaning:
    'The stale address is there, and nothing reads it: whoever looks at a function looks whether its object is loaded or ' +
    'patched first, and loading the module again overwrites it. Relocations are not modelled: on x86 loading the module ' +
    'again could be refused because of them.',
  expected: 'not found',
  attempts: [
    {
      kind: 'script',
      what: 'random sequences of loading, refusing and unloading the module and of enabling, disabling and replacing patches for it',
      unit: 'sequences that left a stale address behind',
      run: searchStale,
    },
  ],
  steps: [
    inCore(
      {
        who: 'loader',
        fn: 'klp_module_coming',
        does: 'patching fails for one patch: its object forgets the module, its functions keep old_func',
      },
      1261,
      1307,
    ),
  ],
  fix: 'Call klp_free_object_loaded() for the object that failed, and since 6.3 klp_clear_object_relocs().',
  likely:
    'A pre_patch callback that refuses a module; nothing that we found then uses the address.',
};
