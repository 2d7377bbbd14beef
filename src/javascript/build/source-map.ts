/** Finds the user's own source of a file that a compiler has written, usually TypeScript. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';

/** A place in a file: line from 1, column from 0. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const COMMENT = /^\/\/[#@] sourceMappingURL=(\S+)\s*$/gm;

/** The text of the last source map that a file names; undefined if there is none. */
function mapText(path: string, code: string): string | undefined {
  const url = [...code.matchAll(COMMENT)].at(-1)?.[1];
  if (url === undefined) return undefined;
  const [, base64, data] = /^data:[^,]*?(;base64)?,(.*)$/.exec(url) ?? [];
  if (data !== undefined) {
    return base64 === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString();
  }
  const file = resolve(dirname(path), decodeURIComponent(url));
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * Finds the user's lines in a file with the source map that it names. If the source is missing, the file's own lines
 * count.
 */
export class SourceLines {
  readonly #own: string;
  readonly #path: string;
  readonly #code: string;
  readonly #shown: (path: string) => string;
  readonly #sources = new Map<string, string | undefined>();
  /** Undefined until it is first needed; null if there is none. */
  #map: TraceMap | null | undefined;

  /** @param shown how paths are shown */
  constructor(path: string, code: string, shown: (path: string) => string) {
    this.#own = shown(path);
    this.#path = path;
    this.#code = code;
    this.#shown = shown;
  }

  /** Where a place of the file stands in the user's source. */
  original(line: number, column: number): Place {
    const own = { file: this.#own, line, column };
    const map = (this.#map ??= this.#read());
    if (map === null) return own;
    const found = originalPositionFor(map, { line, column });
    const file = found.source === null ? undefined : this.#source(found.source);
    return file === undefined || found.line === null
      ? own
      : { file, line: found.line, column: found.column };
  }

  #read(): TraceMap | null {
    try {
      const text = mapText(this.#path, this.#code);
      return text === undefined ? null : new TraceMap(text, `file://${this.#path}`);
    } catch {
      return null;
    }
  }

  #source(url: string): string | undefined {
    if (!this.#sources.has(url)) {
      const path = url.startsWith('file:') ? fileURLToPath(url) : resolve(dirname(this.#path), url);
      this.#sources.set(url, existsSync(path) ? this.#shown(path) : undefined);
    }
    return this.#sources.get(url);
  }
}
