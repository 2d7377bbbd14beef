/** Compiles the text form of WebAssembly; part of the build, not of the program. */

import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

/**
 * Put values in for the `@names` of a text.
 *
 * @throws {RangeError} for a name that has no value
 */
export function substitute(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/^(\s*;;.*)|@([A-Za-z_.]+)/gm, (whole, comment?: string, name?: string) => {
    if (comment !== undefined || name === undefined) return whole;
    const value = values[name];
    if (value === undefined) throw new RangeError(`the WebAssembly source names @${name}`);
    return String(value);
  });
}

/**
 * Compile a module with threads.
 *
 * @param values what the `@names` of the source stand for
 * @throws if the source or the module is not valid
 */
export async function compileWat(
  source: URL,
  target: URL,
  values: Readonly<Record<string, string | number>> = {},
): Promise<void> {
  const compiler = await wabt();
  const text = substitute(readFileSync(source, 'utf8'), values);
  const module = compiler.parseWat(source.pathname, text, { threads: true });
  const binary = module.toBinary({}).buffer;
  module.destroy();
  new WebAssembly.Module(binary); // Throws if it is not valid.
  writeFileSync(target, binary);
}
