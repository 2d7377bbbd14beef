/** Compact bytes for tokens: numbers of variable length, texts and lists. */

/** Longest list or text that a token may hold; more is a damaged token. */
const MAX_LENGTH = 1_000_000;

/** Collects bytes. */
export class ByteWriter {
  readonly bytes: number[] = [];

  /** An integer from 0 to 2^53 - 1, seven bits to a byte. */
  number(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.bytes.push((rest % 128) + 128);
    this.bytes.push(rest);
  }

  /** An unsigned 32-bit integer in four bytes. */
  fixed(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.bytes.push((value >>> shift) & 255);
  }

  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.number(bytes.length);
    this.bytes.push(...bytes);
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.number(items.length);
    for (const item of items) write(item);
  }
}

/** Reads what a {@link ByteWriter} wrote. @throws RangeError when there is too little, or too much of something */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether everything has been read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError('it ends too early');
    return byte;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('it holds too large a number');
      if (byte < 128) return value;
    }
  }

  fixed(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) value |= this.#byte() << shift;
    return value >>> 0;
  }

  text(): string {
    const bytes = this.list(() => this.#byte());
    return Buffer.from(bytes).toString('utf8');
  }

  list<T>(read: () => T): T[] {
    const length = this.number();
    if (length > MAX_LENGTH) throw new RangeError('it holds too long a list');
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(read());
    return items;
  }
}
