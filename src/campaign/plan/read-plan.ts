/** Reads a campaign file, and says at which line and column what is wrong with it is. */

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  isNode,
  isPair,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  YAMLMap,
  type Document,
} from 'yaml';
import { UsageError } from '../../errors.js';
import { OptionError } from '../options/option-table.js';
import { checkPlan, faultyPart, type Plan } from './plan.js';

/** A file, kept so that errors can name a place in it. */
class PlanText {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true });
    const [error] = this.#document.errors;
    if (error !== undefined) {
      const [what = ''] = error.message.split(' at line');
      throw this.complaint(error.pos[0], what.split('\n')[0] ?? '');
    }
  }

  /** An error about the text that begins at an offset. */
  complaint(offset: number | undefined, what: string): UsageError {
    if (offset === undefined) return new UsageError(`${this.#file}: ${what}`);
    const { line, col } = this.#lines.linePos(offset);
    return new UsageError(`${this.#file}:${line}:${col}: ${what}`);
  }

  /** @throws UsageError for an alias that is not defined, or that expands too far */
  contents(): unknown {
    let unresolved: number | undefined;
    visit(this.#document, {
      Alias: (_, node) => {
        if (node.resolve(this.#document) === undefined) unresolved ??= node.range?.[0];
      },
    });
    try {
      // 100 aliases: enough for any campaign, and no way to make a small file large.
      return this.#document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      throw this.complaint(unresolved, (error as Error).message);
    }
  }

  /** Position of an item of a list; undefined if there is none. */
  offsetOfItem(key: string, item: string): number | undefined {
    const list = this.#document.get(key);
    if (!isSeq(list)) return undefined;
    const index = (list.toJS(this.#document) as unknown[]).indexOf(item);
    return this.offsetOf([key, index], false);
  }

  /** Where the mapping begins. */
  get start(): number | undefined {
    return this.#document.contents?.range?.[0];
  }

  /** Position of a value, or of its key if `ofKey`; undefined if the file does not contain it. */
  offsetOf(path: readonly (string | number)[], ofKey: boolean): number | undefined {
    const { contents } = this.#document;
    if (ofKey && contents instanceof YAMLMap) {
      const pair = contents.items.find((it) => isPair(it) && String(it.key) === path[0]);
      return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
    }
    const node = path.length === 0 ? undefined : this.#document.getIn(path, true);
    return isNode(node) ? node.range?.[0] : undefined;
  }
}

/**
 * Read a campaign file, YAML or JSON.
 *
 * @throws UsageError with file, line and column if the file is not YAML, or not a campaign
 */
export function readPlan(file: string): Plan {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`campaign file ${file} cannot be read`);
  }
  const plan = new PlanText(file, text);
  const data = plan.contents();
  try {
    return checkPlan(file, data, dirname(resolve(file)), (key, item, what) =>
      plan.complaint(plan.offsetOfItem(key, item), what),
    );
  } catch (error) {
    const start = `${file}: `;
    if (!(error instanceof UsageError) || !error.message.startsWith(start)) throw error;
    const isUseless = error instanceof OptionError;
    const path = isUseless ? [error.key] : faultyPart(data as object);
    const isUnknown = error.message.startsWith(`${start}there is no option`);
    // What is missing has no place of its own: the complaint is about the whole mapping.
    const offset = plan.offsetOf(path, isUseless || isUnknown) ?? plan.start;
    throw plan.complaint(offset, error.message.slice(start.length));
  }
}
