/** Where each instrumented operation stands in the user's sources: a number in the instrumented code, a line for a person. */

/** A place in a user's file. */
export interface Site {
  /** Path as it is shown: relative to the working directory where possible. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 0. */
  readonly column: number;
  /** Innermost named function; empty where none has a name. */
  readonly inside: string;
  /** Source text of the operation, in one line, shortened. */
  readonly text: string;
  /** Name of the operation where it is known beforehand, for instance `Atomics.store`. */
  readonly operation: string;
  /** It stands in a loop that only reads shared memory. */
  readonly spins?: boolean;
}

const LONGEST = 72;

/** All sites of one program; number 0 stands for "not known". */
export class SiteTable {
  readonly sites: Site[] = [
    { file: '?', line: 0, column: 0, inside: '', text: '?', operation: '?' },
  ];

  /** Texts of functions and classes as the program has them, by the numbers in their marks. */
  readonly #texts: { readonly code: string; readonly from: number; readonly to: number }[] = [];

  /** Keep the text of a function or class. Returns a comment for its instrumented text, by which {@link ownText} finds it. */
  markText(code: string, from: number, to: number): string {
    return `/*$$T${this.#texts.push({ code, from, to }) - 1}*/`;
  }

  /** The program's own text of the function or class whose instrumented text is given; undefined if it has no mark. */
  ownText(instrumented: string): string | undefined {
    // What stands within others was marked after them.
    const numbers = [...instrumented.matchAll(/\/\*\$\$T(\d+)\*\//g)].map(([, n]) => Number(n));
    const text = numbers.length === 0 ? undefined : this.#texts[Math.min(...numbers)];
    return text?.code.slice(text.from, text.to);
  }

  /** Add a site. Returns its number. */
  add(site: Omit<Site, 'text'> & { readonly text: string }): number {
    const text = site.text.replace(/\s+/g, ' ');
    const short = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
    return this.sites.push({ ...site, text: short }) - 1;
  }

  at(number: number): Site {
    return this.sites[number] ?? (this.sites[0] as Site);
  }

  /** ` (in NAME)` of the innermost named function, if there is one. */
  within(number: number): string {
    const { inside } = this.at(number);
    return inside === '' ? '' : ` (in ${inside})`;
  }

  /** `file:line`. */
  place(number: number): string {
    const { file, line } = this.at(number);
    return `${file}:${line}`;
  }
}
