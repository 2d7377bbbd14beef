/** The pages of the documentation, and the code in them. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './rooms.js';

/** A fenced block. */
export interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

/** README and everything in docs but the generated API pages. */
export function pages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return [
    'README.md',
    ...['CONTRIBUTING.md'].filter((name) => existsSync(join(ROOT, name))),
    ...docs.sort().map((name) => `docs/${name}`),
  ];
}

export const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** All fenced blocks of a page. */
export function blocksOf(page: string): Block[] {
  return [...textOf(page).matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)].map(
    ([, language = '', text = '']) => ({ page, language, text }),
  );
}
