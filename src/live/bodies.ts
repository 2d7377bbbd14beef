/** Functions whose versions are plain JavaScript: a program and its patches, as text and modules that a machine can hold. */

import { UsageError } from '../errors.js';
import type { KernelContext } from '../kernel/context.js';
import { asm, INSTRUCTION_WORDS, type FunctionSource } from '../kernel/text.js';
import type { ModuleDeclaration } from '../scenario/boot.js';

/** A version of a function, with any parameters. It runs to its end: it neither sleeps nor gives up the CPU. */
export type Body = (...args: never[]) => unknown;

/** A livepatch: versions by the name of the function that each replaces. */
export interface JavaScriptPatch {
  /** Whether it replaces all patches before it. Default false. */
  readonly replace?: boolean;
  readonly functions: Readonly<Record<string, Body>>;
}

/** Functions that can be patched, by name, and the patches for them. */
export interface JavaScriptProgram {
  readonly functions: Readonly<Record<string, Body>>;
  readonly patches?: Readonly<Record<string, JavaScriptPatch>>;
}

/** A program as a machine holds it. The text of a version names its body by number. */
export interface CompiledProgram {
  /** Originals, for vmlinux. */
  readonly functions: readonly FunctionSource[];
  /** Patches; they must be the first modules of the machine, so that the oracle knows their numbers. */
  readonly modules: readonly ModuleDeclaration[];
  readonly bodies: readonly Body[];
  /** Numbers of the bodies of each function, that of the original first. */
  readonly versions: readonly (readonly number[])[];
  /** What the text of each body marks for the consistency oracle. */
  readonly marks: readonly number[];
}

/** Native by which text runs a body; its argument is the body's number. */
export const NATIVE_BODY = 32;

/** Words from the address of a version to the number of its body. */
export const BODY_WORD = 2 * INSTRUCTION_WORDS + 2;

/** Functions a program may have: the consistency oracle tells so many apart. */
const MAX_FUNCTIONS = 31;

/** The native behind {@link NATIVE_BODY}: simulated text that calls a function gets its body without arguments. */
export function bodyNative(bodies: readonly Body[]): KernelContext['natives'][number] {
  return (_cpu, id) => {
    bodies[id]?.();
  };
}

class Compiler {
  readonly bodies: Body[] = [];
  readonly marks: number[] = [];
  readonly versions: number[][];
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
    this.versions = names.map(() => []);
  }

  /** Text of a version of the function `name`; version 0 is the original. */
  version(name: string, version: number, body: Body): FunctionSource {
    const group = this.#names.indexOf(name) + 1;
    if (group === 0) throw new UsageError(`a patch replaces ${name}, which the program lacks`);
    const mark = asm.mark(version, group);
    const id = this.bodies.push(body) - 1;
    this.versions[group - 1]?.push(id);
    this.marks.push(mark.a as number);
    return {
      name: version === 0 ? name : `${name}_v${version}`,
      code: [mark, asm.kcall(NATIVE_BODY, id), asm.ret],
    };
  }

  patch(name: string, version: number, patch: JavaScriptPatch): ModuleDeclaration {
    const replaced = Object.keys(patch.functions);
    return {
      name,
      functions: Object.entries(patch.functions).map(([f, body]) => this.version(f, version, body)),
      patch: {
        replace: patch.replace ?? false,
        objects: [{ funcs: replaced.map((f) => ({ oldName: f, newName: `${f}_v${version}` })) }],
      },
    };
  }
}

/**
 * Turn a program into text and modules.
 *
 * @throws {UsageError} when a patch replaces a function that does not exist, or there are too many functions
 */
export function compileProgram(program: JavaScriptProgram): CompiledProgram {
  const names = Object.keys(program.functions);
  if (names.length > MAX_FUNCTIONS) {
    throw new UsageError(`${names.length} functions: a program has 1 to ${MAX_FUNCTIONS}`);
  }
  const compiler = new Compiler(names);
  const originals = Object.entries(program.functions);
  const functions = originals.map(([name, body]) => compiler.version(name, 0, body));
  const patches = Object.entries(program.patches ?? {});
  const modules = patches.map(([name, patch], i) => compiler.patch(name, i + 1, patch));
  const { bodies, marks, versions } = compiler;
  return { functions, modules, bodies, versions, marks };
}
