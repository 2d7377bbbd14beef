/** SharedArrayBuffers and WebAssembly memories: made, grown and copied by programs. */

import { construct, form, type Current } from './builtins.js';
import { NEW, PURE, type Coroutine, type Marked } from './keys.js';
import { STEP_WRITE } from './operations.js';
import { bytesOf } from './text.js';
import { GROWTH, isShared, type Regions } from './views.js';

/** Bytes of a page of WebAssembly's memory. */
const PAGE = 65_536;

type Growable = SharedArrayBuffer & { readonly maxByteLength: number };

/** Most bytes that a memory may come to have, as its descriptor says. */
const maxima = new WeakMap<WebAssembly.Memory, number>();

/** Where a memory's bytes lie; a memory that has grown has another buffer over the same bytes. */
function regionOf(regions: Regions, memory: WebAssembly.Memory): void {
  const buffer: unknown = memory.buffer;
  if (isShared(buffer)) regions.find(buffer, maxima.get(memory) ?? buffer.byteLength);
}

/** Call a built-in constructor, and note where in the program it was called. */
function making(
  current: Current,
  Type: Marked,
  note: (made: object, args: readonly unknown[]) => void,
): void {
  const make = function* (newTarget: unknown, ...args: unknown[]): Coroutine {
    const made = construct(Type, args, newTarget) as object;
    note(made, args);
    current.runtime.madeBuffer(made);
    return made;
  };
  Object.defineProperty(Type, NEW, { value: make, configurable: true });
}

/** A step of the agent at work that others may see: the bytes themselves are not touched. */
function grows(current: Current, buffer: SharedArrayBuffer): boolean {
  const { runtime } = current;
  if (runtime.agent < 0) return false;
  const region = runtime.regions.find(buffer);
  region.hasGrown = true;
  return runtime.stepper.step(STEP_WRITE, region.base, 4, runtime.at, buffer.byteLength);
}

/** Refuse to grow beyond the room that the explorer keeps. */
function checkRoom(current: Current, buffer: SharedArrayBuffer, bytes: number): void {
  const { runtime } = current;
  const { capacity } = runtime.regions.find(buffer);
  if (bytes <= capacity) return;
  const { file, line, text } = runtime.sites.at(runtime.at);
  runtime.refuseOperation(
    `${file}:${line}: ${text}: shared memory grows by at most ${GROWTH / PAGE} pages of 64 KiB in the explorer`,
  );
}

function installBuffers(current: Current): void {
  const { prototype } = SharedArrayBuffer as unknown as { prototype: Record<string, Marked> };
  making(current, SharedArrayBuffer as unknown as Marked, () => undefined);
  form(prototype, 'slice', function* (this: unknown, from, to) {
    const bytes = yield* bytesOf(current, this);
    if (bytes === undefined) return prototype['slice']?.call(this, from, to);
    const part = bytes.slice(from as number | undefined, to as number | undefined);
    const made = new SharedArrayBuffer(part.length);
    const { memory, regions } = current.runtime;
    const { base } = regions.find(made);
    // No other agent knows the buffer yet, so writing its first bytes does not count as accesses.
    for (const [i, byte] of part.entries()) memory.poke(base + i, 1, byte);
    return made;
  });
  const { grow } = prototype;
  if (grow === undefined) return;
  form(prototype, 'grow', function* (this: unknown, length) {
    const buffer = this as Growable;
    if (isShared(buffer) && Number(length) <= buffer.maxByteLength) {
      checkRoom(current, buffer, Number(length));
    }
    grow.call(buffer, length);
    if (grows(current, buffer)) yield;
    return undefined;
  });
}

function installMemories(current: Current): void {
  const { Memory } = WebAssembly;
  making(current, Memory as unknown as Marked, (made, [descriptor]) => {
    const { maximum } = descriptor as { readonly maximum?: number };
    const memory = made as WebAssembly.Memory;
    if (maximum !== undefined) maxima.set(memory, maximum * PAGE);
    regionOf(current.runtime.regions, memory);
  });
  const grow = (Memory.prototype as unknown as { readonly grow: Marked }).grow;
  form(Memory.prototype, 'grow', function* (this: unknown, pages) {
    const memory = this as WebAssembly.Memory;
    const old: unknown = memory.buffer;
    if (!isShared(old)) return grow.call(memory, pages);
    const { regions } = current.runtime;
    const bytes = old.byteLength + Number(pages) * PAGE;
    if (bytes <= (maxima.get(memory) ?? 0)) checkRoom(current, old, bytes);
    const before = grow.call(memory, pages);
    const grown = memory.buffer;
    regions.isSame(grown, old);
    if (grows(current, old)) yield;
    return before;
  });
}

/** Other buffers over a memory's bytes, which a memory gives as of Node 26. */
function installOtherBuffers(current: Current): void {
  const prototype = WebAssembly.Memory.prototype as unknown as Record<string, Marked | undefined>;
  for (const name of ['toResizableBuffer', 'toFixedLengthBuffer']) {
    const native = prototype[name];
    if (native === undefined) continue;

    form(prototype, name, function* (this: unknown) {
      if (this instanceof WebAssembly.Memory && isShared(this.buffer)) {
        current.runtime.refuseCall(`${name}() of a shared memory is not available in the explorer`);
      }
      return native.call(this);
    });
  }
}

/** WebAssembly code is not instrumented: it must not get shared memory. */
function installInstances(current: Current): void {
  const check = (imports: unknown): void => {
    for (const part of Object.values((imports ?? {}) as Record<string, unknown>)) {
      for (const item of Object.values((part ?? {}) as Record<string, unknown>)) {
        if (item instanceof WebAssembly.Memory && isShared(item.buffer)) {
          current.runtime.refuseCall('hands shared memory to WebAssembly code');
        }
      }
    }
  };
  const exported = (instance: unknown): void => {
    check({ exports: (instance as WebAssembly.Instance).exports });
  };
  const { Instance } = WebAssembly;
  making(current, Instance as unknown as Marked, (made, [, imports]) => {
    check(imports);
    exported(made);
  });
  for (const name of ['instantiate', 'instantiateStreaming', 'compile', 'compileStreaming']) {
    form(WebAssembly, name, function* () {
      current.runtime.refuseCall(
        `WebAssembly.${name}() is not available in the explorer: new WebAssembly.Instance() is`,
      );
      return undefined;
    });
  }
}

/** Give all of these their forms. */
export function installGrowing(current: Current): void {
  installBuffers(current);
  installMemories(current);
  installOtherBuffers(current);
  installInstances(current);
  Object.defineProperty(WebAssembly.Module, PURE, { value: true, configurable: true });
  const { slice } = ArrayBuffer.prototype as unknown as { readonly slice: Marked };
  Object.defineProperty(slice, PURE, { value: true, configurable: true });
}
