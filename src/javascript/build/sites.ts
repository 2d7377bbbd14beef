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
