/** The handler of the wasm backend: the decision of klpFtraceHandler() as one WebAssembly call, its WARNs in TypeScript. */

import { readFileSync } from 'node:fs';
import { SimulatorBug } from '../errors.js';
import type { FtraceFn } from '../kernel/context.js';
import { FREGS, FTRACE_FN_KLP, ftraceRegsSetInstructionPointer } from '../kernel/ftrace.js';
import { percpu, PERCPU } from '../kernel/layout.js';
import { warnOnOnce } from '../kernel/warn.js';
import type { Cpu, CpuContext } from '../memory/cpu.js';
import { CPU_LOCAL } from '../memory/local.js';
import type { NativeBoot } from '../memory/native-boot.js';
import { FIRST_VALID_ADDR, type Addr, type CpuId } from '../memory/struct.js';
import { withConstants } from '../memory/wasm/constants.js';
import { KLP_FUNC } from './layout.js';
import { klpFtraceHandler } from './patch.js';
import {
  WARN_HANDLER_EMPTY_STACK,
  WARN_HANDLER_RECURSION,
  WARN_HANDLER_UNDEFINED,
} from './warn-sites.js';

/** How the WebAssembly handler orders a load before later loads; see `wasm/variants.ts`. */
export type ReadOrder = 'acquire' | 'fence';

/**
 * Decides which version runs: `decide(fops, current)` is the address of its code, 0 for the original, or negative when
 * {@link klpHandlerWarned} has to look at it first.
 */
export type Decide = (fops: Addr, current: Addr) => number;

/**
 * As {@link Decide}, but with a word of the code in place of its address: 0 for the original, else the word and
 * {@link FIRST_WORD}, or negative when {@link klpHandlerWarned} has to look at it first.
 */
export type DecideWord = (fops: Addr, current: Addr) => number;

const RECURSION = -1;
const EMPTY_STACK = -2;
const UNDEFINED_ORIGINAL = -3;
/** The handler met an invalid address or word: {@link klpHandlerWarned} then returns an address. */
export const BAD_ADDRESS = -4;
/** What a {@link DecideWord} adds to the word, so that its negative is told apart from the others. */
export const FIRST_WORD = 5;

/**
 * Instantiate a handler for one CPU.
 *
 * @param code the compiled `klp-ftrace-handler.wat`
 * @param word offset of the word that a {@link DecideWord} takes
 * @param more further constants that the code was compiled for
 * @throws {SimulatorBug} when `boot.memory` is not the memory of `boot.words`
 */
export function instantiateDecide(
  code: Uint8Array,
  id: CpuId,
  { memory, words, localBase }: NativeBoot,
  word?: number,
  ...more: readonly number[]
): Decide {
  if (memory?.buffer !== words.buffer) {
    throw new SimulatorBug('the wasm handler needs the WebAssembly.Memory that its words lie in');
  }
  const preempt = (localBase + id * CPU_LOCAL.size + CPU_LOCAL.preemptCount) * 4;
  const limit = words.length - FIRST_VALID_ADDR - Math.max(KLP_FUNC.size, word ?? 0);
  const constants = [preempt, limit, ...(word === undefined ? [] : [word * 4]), ...more];
  const module = new WebAssembly.Module(withConstants(code, constants));
  const instance = new WebAssembly.Instance(module, { klp: { memory } });
  return instance.exports['klpFtraceHandler'] as unknown as Decide;
}

const codeOf = (variant: string): Uint8Array =>
  readFileSync(new URL(`./wasm/klp-ftrace-handler.${variant}.wasm`, import.meta.url));

/**
 * Load the handler for one CPU.
 *
 * @param order default `acquire`
 * @throws {SimulatorBug} when `boot.memory` is not the memory of `boot.words`
 */
export const createDecide = (id: CpuId, boot: NativeBoot, order: ReadOrder = 'acquire'): Decide =>
  instantiateDecide(codeOf(order), id, boot);

/**
 * Load the handler for one CPU that decides on a word of the code.
 *
 * @param word its offset, in words from the address of the code
 * @param order default `acquire`
 * @throws {SimulatorBug} when `boot.memory` is not the memory of `boot.words`
 */
export const createDecideWord = (
  id: CpuId,
  boot: NativeBoot,
  word: number,
  order: ReadOrder = 'acquire',
): DecideWord => instantiateDecide(codeOf(`${order}-word`), id, boot, word);

/**
 * The port's decision; it does its WARNs itself.
 *
 * @param fregs registers that it may use
 * @throws {KernelOops} when it meets an invalid address
 */
export function decideInPort(cpu: Cpu, fops: Addr, fregs: Addr): Addr {
  cpu.set(fregs + FREGS.ip, 0);
  klpFtraceHandler(cpu, 0, 0, fops, fregs);
  return cpu.get(fregs + FREGS.ip);
}

/** The port's decision during a call by kernel text, for cases that the WebAssembly handler leaves to it; it keeps the
 * registers unchanged. */
export function decideAgain(cpu: Cpu, fops: Addr): Addr {
  const fregs = percpu(cpu.ctx.kernel, cpu.id) + PERCPU.fregs;
  const before = cpu.get(fregs);
  const ip = decideInPort(cpu, fops, fregs);
  cpu.set(fregs, before);
  return ip;
}

/**
 * Carry out the WARN that a negative decision stands for.
 *
 * @differs the warning is recorded right after the handler's preemption-disabled section, not inside it
 * @returns the decision that remains: as a positive one, or 0 for the original; always an address after {@link BAD_ADDRESS}
 * @throws {KernelOops} when the handler met an invalid address
 */
export function klpHandlerWarned(cpu: Cpu, decision: number, fops: Addr): Addr {
  switch (decision) {
    case RECURSION:
      warnOnOnce(cpu, true, WARN_HANDLER_RECURSION);
      return 0;
    case EMPTY_STACK:
      warnOnOnce(cpu, true, WARN_HANDLER_EMPTY_STACK);
      return 0;
    case BAD_ADDRESS:
      return decideAgain(cpu, fops);
    default:
      warnOnOnce(cpu, true, WARN_HANDLER_UNDEFINED);
      return decision === UNDEFINED_ORIGINAL ? 0 : -decision;
  }
}

/** An ftrace handler over a WebAssembly decision, for kernel text. */
export function ftraceFnOf(decide: Decide): FtraceFn {
  return (cpu, _ip, _parentIp, fops, fregs) => {
    let ip = decide(fops, cpu.current);
    if (ip < 0) ip = klpHandlerWarned(cpu, ip, fops);
    if (ip !== 0) ftraceRegsSetInstructionPointer(cpu, fregs, ip);
  };
}

/** The context of a CPU whose kernel text uses a WebAssembly handler in place of the port. */
export function withDecide(ctx: CpuContext, decide: Decide): CpuContext {
  const ftraceFns = [...ctx.kernel.ftraceFns];
  ftraceFns[FTRACE_FN_KLP] = ftraceFnOf(decide);
  return { ...ctx, kernel: { ...ctx.kernel, ftraceFns } };
}
