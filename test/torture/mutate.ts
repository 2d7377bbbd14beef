/** Mutates texts: characters, tokens, lines and pieces of others, by a seeded source of chance. */

/** Words and characters that grammars care about. */
const DICTIONARY = [
  ...Array.from('(){}[];,.*&|~^%/\\"\'`=<>!+-#@$?:0123456789 \n\t\0é😀'),
  ...['NaN', 'null', '-1', '1e309', '4294967296', '0x', 'undefined', '{}', '[]', '"__proto__":1'],
  ...['while', 'if', 'else', 'int', 'exists', '/\\', '\\/', 'smp_mb();', 'r0', '*x', '&x', 'void'],
  ...['cpu', 'yield', 'await', 'async', 'function', '=>', '...', 'import', 'class', 'cpu.', 'new '],
  ...['klp1.', 'klp2.', 'AAAA', '////', '"version"', 'true', 'false'],
];

/** A seeded source of mutations. */
export class Mutator {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** A number from 0 to `n` - 1 (xorshift). */
  below(n: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % n;
  }

  /** A text made of one of some right ones by one to eight changes. */
  mutate(seeds: readonly string[]): string {
    let text = seeds[this.below(seeds.length)] ?? '';
    for (let i = this.below(8); i >= 0; i--) text = this.#change(text);
    return text;
  }

  #change(text: string): string {
    const at = this.below(text.length + 1);
    const length = 1 + this.below(this.below(4) === 0 ? 40 : 3);
    const word = DICTIONARY[this.below(DICTIONARY.length)] ?? '';
    const [head, cut, tail] = [
      text.slice(0, at),
      text.slice(at, at + length),
      text.slice(at + length),
    ];
    switch (this.below(6)) {
      case 0:
        return head + tail;
      case 1:
        return head + cut + cut + tail;
      case 2:
        return head + word + cut + tail;
      case 3:
        return head + word + tail;
      case 4:
        return (
          head + String.fromCharCode(cut.charCodeAt(0) ^ (1 << this.below(8))) + cut.slice(1) + tail
        );
      default: {
        const other = this.below(text.length + 1);
        return head + text.slice(other, other + length) + tail;
      }
    }
  }
}
