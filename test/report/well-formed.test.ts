import test from 'ava';
import { parseXml } from './well-formed.js';

test('elements, attributes and text are read', (t) => {
  t.deepEqual(parseXml('<a x="1 &lt;&#10;"><b/>&amp;c</a>'), {
    name: 'a',
    attributes: { x: '1 <\n' },
    children: [{ name: 'b', attributes: {}, children: [], text: '' }],
    text: '&c',
  });
});

const broken = [
  '<a>',
  '<a></b>',
  '<a/><b/>',
  '<a x=1/>',
  '<a>&</a>',
  '<a>&x;</a>',
  '<a>\u0001</a>',
  '<a><</a>',
];

for (const xml of broken) {
  test(`what is not well-formed is refused: ${JSON.stringify(xml)}`, (t) => {
    t.throws(() => parseXml(xml), { instanceOf: SyntaxError });
  });
}
