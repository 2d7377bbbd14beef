/** Compiles the text form of WebAssembly; part of the build, not of the program. */

import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

/** What the `@names` of a text stand for. */
export type WatValues = Readonly<Record<string, string | number>>;

/**
 * Put values in for the `@names` of a text, except in comments.
 *
 * @throws {RangeError} for a name that has no value
 */
export function substitute(text: string, values: WatValues): string {
  return text.replace(/;;.*$|@([A-Za-z_.]+)/gm, (whole, name?: string) => {
    if (name === undefined) return whole;
    const value = values[name];
    if (value === undefined) throw new RangeError(`the WebAssembly source names @${name}`);
    return String(value);
  });
}

/**
 * Compile a module with threads.
 *
 * @param name name of the text, for messages
 * @throws if the text or the module is not valid
 */
export async function compileText(
  name: string,
  text: string,
  values: WatValues = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const compiler = await wabt();
  const module = compiler.parseWat(name, substitute(text, values), { threads: true });
  const binary = new Uint8Array(module.toBinary({}).buffer);
  module.destroy();
  new WebAssembly.Module(binary); // Throws if it is not valid.
  return binary;
}

/** Compile the text in one file to the module in another. */
export async function compileWat(source: URL, target: URL, values: WatValues = {}): Promise<void> {
  const binary = await compileText(source.pathname, readFileSync(source, 'utf8'), values);
  writeFileSync(target, binary);
}
