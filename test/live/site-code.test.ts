import test from 'ava';
import fc from 'fast-check';
import { argumentsSeenBy, makeSiteCode } from '../../src/live/site-code.js';
import type { Body } from '../../src/live/bodies.js';

/** Functions that tell what they see of their arguments, made as text so that each is written as it says. */
const shapes: Readonly<Record<string, number>> = {
  '() => "none"': 0,
  'x => [x]': 1,
  'async x => [x]': 1,
  '(a, b) => [a, b]': 2,
  '(a, b,) => [a, b]': 2,
  'async (a, b) => [a, b]': 2,
  'function (a, b, c) { "use strict"; return [a, b, c]; }': 3,
  'function named(a) { "use strict"; return [a, this]; }': 1,
  'function* generated(a, $b) { "use strict"; return [a, $b]; }': 2,
  '(a, b, c, d, e, f, g, h, i) => [a, b, c, d, e, f, g, h, i]': 9,
  '(a, b = 7) => [a, b]': Infinity,
  '(...all) => all': Infinity,
  '(a, ...all) => [a, all]': Infinity,
  '({ length }, b) => [length, b]': Infinity,
  '(/* a comment */ a) => [a]': Infinity,
  'function (a) { "use strict"; return [a, ...arguments]; }': Infinity,
  'function (a) { "use strict"; return [a, eval("argu" + "ments").length]; }': Infinity,
  'function (a) { "use strict"; return [a, \\u0061rguments.length]; }': Infinity,
  'function sloppy(a) { return [a, sloppy.arguments.length]; }': Infinity,
  '({ method(a, b) { return [a, b]; } }).method': Infinity,
  'Math.max': Infinity,
  '((a, b) => [a, b]).bind(undefined, 1)': Infinity,
  'new Proxy((a, b) => [a, b], {})': Infinity,
};
const functionOf = (text: string): Body => (0, eval)(`(${text})`) as Body;

for (const [text, seen] of Object.entries(shapes)) {
  test(`of its arguments, ${text} can see ${seen === Infinity ? 'all' : seen}`, (t) => {
    t.is(argumentsSeenBy(functionOf(text)), seen);
  });
}

test("a site's code hands on what its versions can see, and none of them can tell it from a direct call", async (t) => {
  const shape = fc.constantFrom(...Object.keys(shapes));
  const cases = fc.record({
    texts: fc.array(shape, { minLength: 1, maxLength: 4 }),
    last: shape,
    lists: fc.array(fc.array(fc.integer(), { maxLength: 11 }), { minLength: 1, maxLength: 3 }),
  });
  const end = async (body: Body, list: readonly number[]): Promise<unknown> => {
    try {
      const result: unknown = await Reflect.apply(body, undefined, list);
      return typeof result === 'object' && result !== null && 'next' in result
        ? (result as Generator).next().value
        : result;
    } catch (error) {
      return String(error);
    }
  };
  const property = fc.asyncProperty(cases, async ({ texts, last, lists }) => {
    const versions = texts.map((text, i) => ({
      decision: i === 0 ? 0 : 7 * i,
      body: functionOf(text),
    }));
    const other = functionOf(last);
    let decision = 0;
    const decide = (ops: number, current: number): number => ops + current + decision;
    const parts = { site: { ops: 0 }, decide, cpu: { current: 0 }, versions, other: () => other };
    const code = makeSiteCode(parts);
    for (const list of lists) {
      for (const version of versions) {
        ({ decision } = version);
        t.deepEqual(await end(code, list), await end(version.body, list));
      }
      for (decision of [-4, 1, 6]) t.deepEqual(await end(code, list), await end(other, list));
    }
  });
  await fc.assert(property, { seed: 1, numRuns: 300 });
});
