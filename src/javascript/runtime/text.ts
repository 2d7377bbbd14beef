/** `TextEncoder`, `TextDecoder` and `StringDecoder` over shared memory: the accesses of its bytes, one after the other. */

import { StringDecoder } from 'node:string_decoder';
import { UNORDERED } from '../memory/memory.js';
import { form, type Current } from './builtins.js';
import { factsOf, type Coroutine, type Marked } from './keys.js';
import { isShared, UINT8, type ViewFacts } from './views.js';

/** Install the resumable forms of their methods. */
export function installText(current: Current): void {
  const encoder = TextEncoder.prototype as unknown as { readonly encodeInto: Marked };
  const encodeInto = encoder.encodeInto;
  form(encoder, 'encodeInto', function* (this: unknown, text, into) {
    const facts = factsOf(into);
    // Anything but a Uint8Array is left to the language, which refuses it.
    if (facts?.type !== UINT8) return encodeInto.call(this, text, into);
    const bytes = new Uint8Array((into as Uint8Array).length);
    const answer = encodeInto.call(this, text, bytes) as { readonly written: number };
    const { runtime } = current;
    for (let i = 0; i < answer.written; i++) {
      const byte = bytes[i] as number;
      if (runtime.write(runtime.at, facts.address + i, UINT8, byte, UNORDERED, false)) yield;
    }
    return answer;
  });
  const decoder = TextDecoder.prototype as unknown as { readonly decode: Marked };
  const decode = decoder.decode;
  form(decoder, 'decode', function* (this: unknown, source, options) {
    const bytes = yield* bytesOf(current, source);
    return decode.call(this, bytes ?? source, options);
  });
  const pieces = StringDecoder.prototype as unknown as Record<'write' | 'end', Marked>;
  for (const name of ['write', 'end'] as const) {
    const native = pieces[name];
    form(pieces, name, function* (this: unknown, ...args) {
      const [piece] = args;
      const bytes = ArrayBuffer.isView(piece) ? yield* bytesOf(current, piece) : undefined;
      return native.apply(this, bytes === undefined ? args : [bytes]);
    });
  }
}

/** The bytes of a view or of a whole buffer, if it is shared. */
export function* bytesOf(current: Current, source: unknown): Coroutine<Uint8Array | undefined> {
  const { runtime } = current;
  const facts: Pick<ViewFacts, 'address'> | undefined = isShared(source)
    ? { address: runtime.regions.find(source).base }
    : factsOf(source);
  if (facts === undefined) return undefined;
  const bytes = new Uint8Array((source as ArrayBufferView).byteLength);
  for (let i = 0; i < bytes.length; i++) {
    if (runtime.read(runtime.at, facts.address + i, UINT8, UNORDERED, false)) yield;
    bytes[i] = Number(runtime.result);
  }
  return bytes;
}
