/** The module loader: text and symbols come and go, and livepatch is told in between. */

import { assemble, functionWords, type FunctionSource } from './text.js';
import { struct, POISON } from '../memory/struct.js';
import { EBUSY, ENOENT, ENOMEM, EWOULDBLOCK, EEXIST } from './errno.js';
import { addSymbol, kallsymsNthSymbol, removeSymbols } from './kallsyms.js';
import type { KernelContext } from './context.js';
import { KERNEL } from './layout.js';
import type { Message } from './message.js';
import {
  INIT_RETURNED_EEXIST,
  INIT_RETURNED_POSITIVE,
  LOADING_ANYWAY,
  TAINT_LIVEPATCH,
  TAINT_OUT_OF_TREE,
  TAINT_UNSIGNED,
} from './messages.js';
import { mutexLock, mutexUnlock } from './mutex.js';
import { printk } from './printk.js';
import { synchronizeRcu } from './rcu.js';
import { TRACE_MODULE, TRACE_MODULE_REF, TRACE_TEXT_FREED } from './trace.js';
import { NULL, type Addr, type Cpu, type ModuleRef } from './types.js';

/** `struct module`. A free table entry has no name. */
export const MODULE = struct('module', {
  /** Name id. */
  name: 1,
  state: 1,
  /** References besides the loader's own. */
  refcnt: 1,
  /** Marked as a livepatch module. */
  klp: 1,
  klpAlive: 1,
  /** klp_patch of a livepatch module. */
  image: 1,
  /** Index of the image the module was loaded from. */
  imageIndex: 1,
  text: 1,
  textWords: 1,
});

export const MODULE_STATE_LIVE = 0;
export const MODULE_STATE_COMING = 1;
export const MODULE_STATE_GOING = 2;
export const MODULE_STATE_UNFORMED = 3;

function moduleAt(kernel: KernelContext, i: number): ModuleRef {
  return kernel.modules + i * MODULE.size;
}

/** Find a module by name; `NULL` when there is none or it is still unformed.
 * @kernel find_module, kernel/module/main.c:340 (v6.1) */
export function findModule(cpu: Cpu, name: number): ModuleRef {
  const { kernel } = cpu.ctx;
  for (let i = 0; i < kernel.moduleCount; i++) {
    const mod = moduleAt(kernel, i);
    // Pairs with the release that publishes the module in loadModule().
    if (cpu.loadAcquire(mod + MODULE.name) !== name) continue;
    if (cpu.readOnce(mod + MODULE.state) !== MODULE_STATE_UNFORMED) return mod;
  }
  return NULL;
}

/** Take a reference; fails for a module that is going or not counted any more.
 * @kernel try_module_get, kernel/module/main.c:800 (v6.1) */
export function tryModuleGet(cpu: Cpu, mod: ModuleRef): boolean {
  if (cpu.readOnce(mod + MODULE.state) === MODULE_STATE_GOING) return false;
  for (;;) {
    const count = cpu.readOnce(mod + MODULE.refcnt);
    if (count <= 0) return false;
    if (cpu.cmpxchg(mod + MODULE.refcnt, count, count + 1) === count) {
      cpu.trace(TRACE_MODULE_REF, mod, count);
      return true;
    }
  }
}

/** Drop a reference.
 * @kernel module_put, kernel/module/main.c:820 (v6.1) */
export function modulePut(cpu: Cpu, mod: ModuleRef): void {
  const count = cpu.fetchAdd(mod + MODULE.refcnt, -1) - 1;
  cpu.trace(TRACE_MODULE_REF, mod, count - 1);
}

/** References of a module, the loader's own not counted. */
export function moduleRefcount(cpu: Cpu, mod: ModuleRef): number {
  return cpu.readOnce(mod + MODULE.refcnt) - 1;
}

function setState(cpu: Cpu, mod: ModuleRef, state: number): void {
  cpu.writeOnce(mod + MODULE.state, state);
  cpu.trace(TRACE_MODULE, mod, state);
}

/** Claim a free module entry and a text slot; under the module mutex. */
function layoutModule(cpu: Cpu, imageIndex: number): ModuleRef {
  const { kernel } = cpu.ctx;
  const globals = kernel.globals;
  let mod = NULL;
  for (let i = 0; i < kernel.moduleCount && mod === NULL; i++) {
    const candidate = moduleAt(kernel, i);
    if (cpu.readOnce(candidate + MODULE.name) === 0) mod = candidate;
  }
  if (mod === NULL) return NULL;
  // Slots are used in turn, so that freed text stays poisoned as long as possible.
  for (let i = 0; i < kernel.moduleSlots; i++) {
    const slot = (cpu.get(globals + KERNEL.nextSlot) + i) % kernel.moduleSlots;
    const text = kernel.moduleText + slot * kernel.slotWords;
    if (cpu.get(text) !== POISON) continue;
    cpu.set(globals + KERNEL.nextSlot, slot + 1);
    cpu.set(text, 0);
    cpu.set(mod + MODULE.text, text);
    cpu.set(mod + MODULE.imageIndex, imageIndex);
    return mod;
  }
  return NULL;
}

/** Symbol that a module's text refers to: its own functions first, then vmlinux; a table's name stands for itself. */
function resolveSymbol(cpu: Cpu, object: number, name: number): Addr {
  const own = kallsymsNthSymbol(cpu, object, name, 1);
  return own === NULL ? kallsymsNthSymbol(cpu, 0, name, 1) : own;
}

function nameId(names: readonly string[], name: string): number {
  return names.indexOf(name);
}

/** Give every function of an image its place and symbol; returns the words used, or a negative errno. */
function addSymbols(cpu: Cpu, mod: ModuleRef, functions: readonly FunctionSource[]): number {
  const { kernel } = cpu.ctx;
  const object = cpu.get(mod + MODULE.name);
  let at = cpu.get(mod + MODULE.text);
  for (const source of functions) {
    const words = functionWords(source);
    const name = nameId(kernel.names, source.name);
    if (!addSymbol(cpu, mod, object, name, at, words)) return -ENOMEM;
    at += words;
  }
  const used = at - cpu.get(mod + MODULE.text);
  return used > kernel.slotWords ? -ENOMEM : used;
}

/** Names of the symbols that a function's code refers to. */
function symbolsOf(source: FunctionSource): string[] {
  const found: string[] = [];
  for (const { a, b } of source.code) {
    for (const operand of [a, b]) {
      if (typeof operand === 'object' && 'symbol' in operand) found.push(operand.symbol);
    }
  }
  return found;
}

/** Write the text of a module, its references resolved. */
function relocate(cpu: Cpu, mod: ModuleRef, functions: readonly FunctionSource[]): number {
  const { kernel } = cpu.ctx;
  const object = cpu.get(mod + MODULE.name);
  let at = cpu.get(mod + MODULE.text);
  for (const source of functions) {
    const addresses = new Map<string, number>();
    for (const name of symbolsOf(source)) {
      const address = resolveSymbol(cpu, object, nameId(kernel.names, name));
      if (address === NULL) return -ENOENT;
      addresses.set(name, address);
    }
    const words = assemble(source, at, (name) => addresses.get(name) ?? 0);
    for (const word of words) cpu.set(at++, word);
  }
  return 0;
}

function freeModule(cpu: Cpu, mod: ModuleRef): void {
  const { kernel } = cpu.ctx;
  mutexLock(cpu, kernel.globals + KERNEL.moduleMutex);
  removeSymbols(cpu, mod);
  cpu.writeOnce(mod + MODULE.state, MODULE_STATE_UNFORMED);
  mutexUnlock(cpu, kernel.globals + KERNEL.moduleMutex);
  synchronizeRcu(cpu);
  if (cpu.get(mod + MODULE.klp) !== 0) cpu.ctx.hooks.klpFreePatch(cpu, mod);
  mutexLock(cpu, kernel.globals + KERNEL.moduleMutex);
  const text = cpu.get(mod + MODULE.text);
  for (let i = 0; i < kernel.slotWords; i++) cpu.set(text + i, POISON);
  cpu.trace(TRACE_TEXT_FREED, mod, text, kernel.slotWords);
  cpu.writeOnce(mod + MODULE.name, 0);
  mutexUnlock(cpu, kernel.globals + KERNEL.moduleMutex);
}

/** Allocate, lay out and relocate a module; it is unformed, then coming. Returns it, or a negative errno. */
function formModule(cpu: Cpu, imageIndex: number): number {
  const { kernel } = cpu.ctx;
  const image = kernel.images[imageIndex];
  if (!image) return -ENOENT;
  const mutex = kernel.globals + KERNEL.moduleMutex;
  mutexLock(cpu, mutex);
  if (isNamed(cpu, image.name)) {
    mutexUnlock(cpu, mutex);
    return -EEXIST;
  }
  const mod = layoutModule(cpu, imageIndex);
  if (mod === NULL) {
    mutexUnlock(cpu, mutex);
    return -ENOMEM;
  }
  cpu.set(mod + MODULE.klp, image.patch === undefined ? 0 : 1);
  cpu.writeOnce(mod + MODULE.klpAlive, 0);
  cpu.writeOnce(mod + MODULE.refcnt, 1);
  cpu.set(mod + MODULE.image, NULL);
  setState(cpu, mod, MODULE_STATE_UNFORMED);
  // Pairs with the acquire in findModule().
  cpu.storeRelease(mod + MODULE.name, image.name);
  const words = addSymbols(cpu, mod, image.functions);
  const err = words < 0 ? words : relocate(cpu, mod, image.functions);
  cpu.set(mod + MODULE.textWords, words);
  mutexUnlock(cpu, mutex);
  if (err < 0) {
    freeModule(cpu, mod);
    return err;
  }
  return mod;
}

function isNamed(cpu: Cpu, name: number): boolean {
  const { kernel } = cpu.ctx;
  for (let i = 0; i < kernel.moduleCount; i++) {
    if (cpu.readOnce(moduleAt(kernel, i) + MODULE.name) === name) return true;
  }
  return false;
}

/** What a module can taint the kernel with: bits of its mask, with the letters that /proc/modules shows, in their order. */
export const TAINT = {
  outOfTree: { bit: 12, letter: 'O' },
  unsigned: { bit: 13, letter: 'E' },
  livepatch: { bit: 15, letter: 'K' },
} as const;

/** The first module of each kind says that it taints the kernel. */
function taintKernel(cpu: Cpu, mod: ModuleRef, bit: number, message: Message): void {
  const wasTainted = cpu.testAndSetBit(cpu.ctx.kernel.globals + KERNEL.tainted, bit);
  if (!wasTainted) printk(cpu, message, cpu.get(mod + MODULE.name));
}

/** A module that is a livepatch, or was built outside of the kernel's tree, taints the kernel.
 * @kernel check_modinfo_livepatch, kernel/module/main.c:1815 (v6.1) */
function augmentKernelTaints(cpu: Cpu, mod: ModuleRef): void {
  const { outsideModules } = cpu.ctx.kernel;
  if (outsideModules) taintKernel(cpu, mod, TAINT.outOfTree.bit, TAINT_OUT_OF_TREE);
  if (cpu.get(mod + MODULE.klp) !== 0) {
    taintKernel(cpu, mod, TAINT.livepatch.bit, TAINT_LIVEPATCH);
  }
  if (outsideModules) taintKernel(cpu, mod, TAINT.unsigned.bit, TAINT_UNSIGNED);
}

/** Run the init function of a module. 0 or a negative errno.
 * @kernel do_init_module, kernel/module/main.c:2440 (v6.1) */
function doInitModule(cpu: Cpu, mod: ModuleRef, imageIndex: number): number {
  const { kernel, hooks } = cpu.ctx;
  const fn = kernel.moduleFns[kernel.images[imageIndex]?.init ?? 0];
  let ret = fn === undefined ? 0 : fn(cpu, mod);
  if (ret === 0 && cpu.get(mod + MODULE.klp) !== 0) ret = hooks.klpModuleInit(cpu, mod);
  if (ret > 0) {
    printk(cpu, INIT_RETURNED_POSITIVE, cpu.get(mod + MODULE.name), ret);
    printk(cpu, LOADING_ANYWAY);
    hooks.dumpStack?.(cpu, 'do_init_module');
  }
  if (ret !== -EEXIST || kernel.facts.initExists === 'EEXIST') return ret;
  // -EEXIST from the loader means that the module is loaded already, which tools treat as success.
  printk(cpu, INIT_RETURNED_EEXIST, cpu.get(mod + MODULE.name));
  return -EBUSY;
}

/** Run the exit function of a module that is being unloaded. */
function runExit(cpu: Cpu, mod: ModuleRef): void {
  const { kernel } = cpu.ctx;
  const fn = kernel.moduleFns[kernel.images[cpu.get(mod + MODULE.imageIndex)]?.exit ?? 0];
  if (fn !== undefined) fn(cpu, mod);
}

/**
 * Load a module: form it, tell livepatch that it is coming, run its init function.
 *
 * @param imageIndex which of the machine's module images
 * @returns the module (positive), -EEXIST when one of that name is there, or the errno that made the load fail
 * @kernel load_module, kernel/module/main.c:2720 (v6.1)
 */
export function loadModule(cpu: Cpu, imageIndex: number): number {
  const mod = formModule(cpu, imageIndex);
  if (mod < 0) return mod;
  augmentKernelTaints(cpu, mod);
  if (cpu.get(mod + MODULE.klp) !== 0) {
    const built = cpu.ctx.hooks.klpBuildPatch(cpu, mod, imageIndex);
    if (built < 0) {
      freeModule(cpu, mod);
      return built;
    }
  }
  setState(cpu, mod, MODULE_STATE_COMING);
  const coming = cpu.ctx.hooks.klpModuleComing(cpu, mod);
  if (coming < 0) {
    // When livepatch itself refused, it is not told that the module goes.
    setState(cpu, mod, MODULE_STATE_GOING);
    freeModule(cpu, mod);
    return coming;
  }
  const parsed = cpu.ctx.hooks.parseArgs?.(cpu, mod) ?? 0;
  const init = parsed < 0 ? parsed : doInitModule(cpu, mod, imageIndex);
  if (init < 0) {
    setState(cpu, mod, MODULE_STATE_GOING);
    synchronizeRcu(cpu);
    cpu.ctx.hooks.klpModuleGoing(cpu, mod);
    freeModule(cpu, mod);
    return init;
  }
  setState(cpu, mod, MODULE_STATE_LIVE);
  return mod;
}

/**
 * Unload a module.
 *
 * @returns 0; -ENOENT; -EBUSY when it is not live; -EWOULDBLOCK when it is in use
 * @kernel delete_module, kernel/module/main.c:690 (v6.1)
 */
export function deleteModule(cpu: Cpu, name: number): number {
  const mutex = cpu.ctx.kernel.globals + KERNEL.moduleMutex;
  mutexLock(cpu, mutex);
  const mod = findModule(cpu, name);
  let ret = 0;
  if (mod === NULL) ret = -ENOENT;
  else if (cpu.readOnce(mod + MODULE.state) !== MODULE_STATE_LIVE) ret = -EBUSY;
  else if (cpu.cmpxchg(mod + MODULE.refcnt, 1, 0) !== 1) ret = -EWOULDBLOCK;
  else setState(cpu, mod, MODULE_STATE_GOING);
  mutexUnlock(cpu, mutex);
  if (ret !== 0) return ret;
  runExit(cpu, mod);
  cpu.ctx.hooks.klpModuleGoing(cpu, mod);
  freeModule(cpu, mod);
  return 0;
}
