/** The symbol table: name, address, size and owner of every function. */

import { struct } from '../memory/struct.js';
import type { KernelContext } from './context.js';
import { NULL, type Addr, type Cpu, type ModuleRef } from './types.js';

/** One symbol. */
export const SYMBOL = struct('symbol', {
  /** Name id; 0 in a free entry. */
  name: 1,
  addr: 1,
  words: 1,
  /** Owning module, `NULL` for vmlinux. */
  module: 1,
  /** Name id of the owning module, 0 for vmlinux. */
  object: 1,
});

function entry(kernel: KernelContext, i: number): Addr {
  return kernel.symbols + i * SYMBOL.size;
}

/** Address of the n-th symbol of that name in an object (0 = vmlinux), counted from 1; 0 when there is none. */
export function kallsymsNthSymbol(cpu: Cpu, object: number, name: number, n: number): Addr {
  const { symbols, symbolCount } = cpu.ctx.kernel;
  let left = n;
  for (let i = 0; i < symbolCount; i++) {
    const at = symbols + i * SYMBOL.size;
    // The release in addSymbol() makes the rest of the entry visible.
    if (cpu.loadAcquire(at + SYMBOL.name) !== name) continue;
    if (cpu.read(at + SYMBOL.object) !== object || --left > 0) continue;
    return cpu.read(at + SYMBOL.addr);
  }
  return NULL;
}

/** Size in words of the function at `addr`; 0 when no symbol starts there.
 * @kernel kallsyms_lookup_size_offset, kernel/kallsyms.c:480 (v6.1) */
export function kallsymsLookupSize(cpu: Cpu, addr: Addr): number {
  const { symbols, symbolCount } = cpu.ctx.kernel;
  for (let i = 0; i < symbolCount; i++) {
    const at = symbols + i * SYMBOL.size;
    if (cpu.loadAcquire(at + SYMBOL.name) === 0) continue;
    if (cpu.read(at + SYMBOL.addr) === addr) return cpu.read(at + SYMBOL.words);
  }
  return 0;
}

/** Enter a symbol of a module; under the module mutex. False when the table is full. */
export function addSymbol(
  cpu: Cpu,
  module: ModuleRef,
  object: number,
  name: number,
  addr: Addr,
  words: number,
): boolean {
  for (let i = 0; i < cpu.ctx.kernel.symbolCount; i++) {
    const at = entry(cpu.ctx.kernel, i);
    if (cpu.readOnce(at + SYMBOL.name) !== 0) continue;
    cpu.write(at + SYMBOL.addr, addr);
    cpu.write(at + SYMBOL.words, words);
    cpu.write(at + SYMBOL.module, module);
    cpu.write(at + SYMBOL.object, object);
    // Pairs with the acquire of the look-ups.
    cpu.storeRelease(at + SYMBOL.name, name);
    return true;
  }
  return false;
}

/** Remove all symbols of a module; under the module mutex. */
export function removeSymbols(cpu: Cpu, module: ModuleRef): void {
  for (let i = 0; i < cpu.ctx.kernel.symbolCount; i++) {
    const at = entry(cpu.ctx.kernel, i);
    if (cpu.readOnce(at + SYMBOL.name) !== 0 && cpu.read(at + SYMBOL.module) === module) {
      cpu.writeOnce(at + SYMBOL.name, 0);
    }
  }
}
