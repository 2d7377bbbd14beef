/** A strict reader of the XML that reports write: elements, attributes, text; anything else is an error. */

/** One element as read. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const ENTITY = /&(?:(amp|lt|gt|quot)|#(\d+));/g;
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function unescape(text: string): string {
  if (/[<]|&(?!(amp|lt|gt|quot|#\d+);)/.test(text)) throw new SyntaxError(`raw markup in: ${text}`);
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u.test(text)) {
    throw new SyntaxError('a character that XML cannot hold');
  }
  return text.replace(ENTITY, (_, name: string | undefined, code: string) =>
    name === undefined ? String.fromCodePoint(Number(code)) : NAMED[name]!,
  );
}

function attributesOf(text: string): Record<string, string> {
  const rest = text.replace(/\s+([\w-]+)="([^"<]*)"/g, '');
  if (rest.trim() !== '') throw new SyntaxError(`not attributes: ${text}`);
  const pairs = [...text.matchAll(/\s+([\w-]+)="([^"]*)"/g)];
  // A parser makes a raw line break or tab in an attribute a space: what must survive is written as a reference.
  return Object.fromEntries(
    pairs.map(([, key, value]) => [key!, unescape(value!.replace(/[\n\t]/g, ' '))]),
  );
}

/** Parse a document; throws SyntaxError for one that is not well-formed. */
export function parseXml(xml: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  // A parser also reads every raw carriage return as a line break.
  const body = xml
    .replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '')
    .replace(/\r\n?/g, '\n');
  for (const part of body.matchAll(/<(\/?)([\w-]+)([^>]*?)(\/?)>|([^<]+)|(<)/g)) {
    const [, closing, name = '', attributes = '', empty, text, stray] = part;
    const top = open.at(-1)!;
    if (stray !== undefined) throw new SyntaxError('a stray <');
    if (text !== undefined) top.text += unescape(text);
    else if (closing === '/') {
      if (open.pop()!.name !== name) throw new SyntaxError(`${name} closes ${top.name}`);
    } else {
      const element = { name, attributes: attributesOf(attributes), children: [], text: '' };
      top.children.push(element);
      if (empty === '') open.push(element);
    }
  }
  if (open.length !== 1 || root.children.length !== 1) throw new SyntaxError('not one element');
  return root.children[0]!;
}
