/** What the runtime knows about views of shared memory, and the address of every byte of every SharedArrayBuffer. */

/** Element types, as numbers. */
export const INT8 = 0;
export const UINT8 = 1;
export const UINT8C = 2;
export const INT16 = 3;
export const UINT16 = 4;
export const INT32 = 5;
export const UINT32 = 6;
export const FLOAT32 = 7;
export const FLOAT64 = 8;
export const BIGINT64 = 9;
export const BIGUINT64 = 10;
export const FLOAT16 = 11;

/** Bytes of an element, by type. */
export const SIZES: readonly number[] = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 2];

/** Whether accesses of a type may be torn when they are plain. */
export function mayTear(type: number): boolean {
  return type >= FLOAT32;
}

/** Whether `Atomics` takes such elements. */
export function isInteger(type: number): boolean {
  if (type === BIGINT64 || type === BIGUINT64) return true;
  return type >= 0 && type < FLOAT32 && type !== UINT8C;
}

/** Whether `Atomics.wait` and `notify` take elements of a type. */
export function isWaitable(type: number): boolean {
  return type === INT32 || type === BIGINT64;
}

/** Any typed array. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

const TYPES: Readonly<Record<string, number>> = {
  Int8Array: INT8,
  Uint8Array: UINT8,
  Uint8ClampedArray: UINT8C,
  Int16Array: INT16,
  Uint16Array: UINT16,
  Int32Array: INT32,
  Uint32Array: UINT32,
  Float32Array: FLOAT32,
  Float64Array: FLOAT64,
  BigInt64Array: BIGINT64,
  BigUint64Array: BIGUINT64,
  // As of Node 24.
  Float16Array: FLOAT16,
};

/** Constructors by type. Where Node lacks a constructor, there are no views of that type. */
const CONSTRUCTORS: unknown[] = [];
for (const [name, type] of Object.entries(TYPES)) {
  CONSTRUCTORS[type] = (globalThis as unknown as Record<string, unknown>)[name];
}

/** A new view of the kind of another one, over a buffer that has its bytes. */
export function viewAlike(
  view: ArrayBufferView,
  buffer: unknown,
  type = elementType(view),
): ArrayBufferView {
  const Type = (type < 0 ? DataView : CONSTRUCTORS[type]) as new (
    buffer: unknown,
    at: number,
    length: number,
  ) => ArrayBufferView;
  const { length = view.byteLength } = view as { length?: number };
  return new Type(buffer, view.byteOffset, length);
}

/** The constructor from which all typed arrays inherit. */
export const TypedArrayBase = Object.getPrototypeOf(Int8Array) as {
  readonly prototype: object;
} & (new () => TypedArray);

const tagOf = Object.getOwnPropertyDescriptor(TypedArrayBase.prototype, Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined;

/** Element type of a typed array, or -1. */
export function elementType(value: unknown): number {
  const tag = tagOf.call(value);
  return tag === undefined ? -1 : (TYPES[tag] ?? -1);
}

/** A SharedArrayBuffer and where it lies. */
export interface Region {
  readonly buffer: SharedArrayBuffer;
  /** Address of its first byte. */
  readonly base: number;
  /** Bytes it may grow to. */
  readonly capacity: number;
  /** Name shown to people: `shared`, `shared 2`, …. */
  readonly name: string;
  /** It has grown in the current execution. */
  hasGrown: boolean;
  /** Other buffers over its bytes. */
  readonly others: SharedArrayBuffer[];
}

/** What is known of one typed array or DataView over shared memory. */
export interface ViewFacts {
  readonly type: number;
  readonly size: number;
  /** Address of its first byte. */
  readonly address: number;
  readonly region: Region;
}

/** Bytes by which a buffer may grow in one execution: 64 pages of WebAssembly. */
export const GROWTH = 64 * 65_536;

/** Regions begin at such addresses. */
const ALIGNMENT = 64;

/** All shared buffers of one execution, in the order in which they were seen. */
export class Regions {
  readonly #known = new WeakMap<SharedArrayBuffer, Region>();
  readonly list: Region[] = [];
  /** Called when more bytes are in use. */
  grown: (end: number) => void = () => undefined;
  #end = ALIGNMENT;

  /** Bytes of the address space in use. */
  get end(): number {
    return this.#end;
  }

  /** @param most bytes that it may come to have, where the buffer itself does not say it */
  find(buffer: SharedArrayBuffer, most?: number): Region {
    const known = this.#known.get(buffer);
    return known ?? this.#add(buffer, most);
  }

  /** Another buffer over the same bytes: that of a WebAssembly memory that has grown. */
  isSame(buffer: SharedArrayBuffer, as: SharedArrayBuffer): void {
    const region = this.find(as);
    region.others.push(buffer);
    this.#known.set(buffer, region);
  }

  #add(buffer: SharedArrayBuffer, most: number | undefined): Region {
    const { maxByteLength } = buffer as SharedArrayBuffer & { readonly maxByteLength?: number };
    const largest = most ?? maxByteLength ?? buffer.byteLength;
    const capacity = Math.min(largest, buffer.byteLength + GROWTH);
    const n = this.list.length;
    const region = {
      buffer,
      base: this.#end,
      hasGrown: false,
      others: [],
      capacity,
      name: n === 0 ? 'shared' : `shared${n + 1}`,
    };
    this.#end += Math.ceil((capacity + 1) / ALIGNMENT) * ALIGNMENT;
    this.#known.set(buffer, region);
    this.list.push(region);
    this.grown(this.#end);
    return region;
  }

  /** Whether one of the first `count` has grown. */
  haveGrown(count: number): boolean {
    return this.list.slice(0, count).some(({ hasGrown }) => hasGrown);
  }

  /** Forget the regions beyond the first `count`: those that an execution made. */
  keep(count: number): void {
    for (const region of this.list.splice(count)) {
      for (const buffer of [region.buffer, ...region.others]) this.#known.delete(buffer);
      this.#end = Math.min(this.#end, region.base);
    }
  }

  /** The region of an address. */
  at(address: number): Region | undefined {
    return this.list.findLast(({ base }) => base <= address);
  }

  /** What an address is called: `shared[8..11]` in bytes. */
  nameOf(address: number, size = 4): string {
    const region = this.at(address);
    if (region === undefined) return `address ${address}`;
    const from = address - region.base;
    return `${region.name}+${from}${size === 4 ? '' : `:${size}`}`;
  }
}

/** Whether a value is a SharedArrayBuffer. */
export function isShared(value: unknown): value is SharedArrayBuffer {
  return value instanceof SharedArrayBuffer;
}
