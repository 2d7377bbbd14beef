/** Text made safe for XML and HTML. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  // A parser would read it as a line break.
  '\r': '&#13;',
};

/** What XML 1.0 cannot hold at all, not even escaped: most control characters, lone surrogates, two non-characters. */
// eslint-disable-next-line no-control-regex
const UNSPEAKABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu;

/** `text` as character data or a quoted attribute value; what markup cannot hold becomes U+FFFD. */
export function escapeMarkup(text: string): string {
  return text.replace(UNSPEAKABLE, '\ufffd').replace(/[&<>"'\r]/g, (c) => ENTITIES[c] ?? c);
}
