import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { LITMUS_FORMS } from '../../src/catalog/orderings/litmus-forms.js';
import { litmusSource, sitesOfForm } from '../../src/catalog/orderings/litmus-form.js';
import { DEMONSTRATIONS, standingOf } from '../../src/catalog/demonstrations.js';
import { RACES } from '../../src/catalog/races.js';
import { ORDERINGS, siteName } from '../../src/catalog/orderings.js';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { SITE_COUNT } from '../../src/memory/sites.js';

const sources = fileURLToPath(new URL('../../../src/', import.meta.url));

const textOf = (room: string): string =>
  readdirSync(join(sources, room))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(sources, room, file), 'utf8'))
    .join('\n');

const kernelCode = textOf('kernel') + textOf('livepatch');

test('the catalogue has every ordering site once, in order', (t) => {
  const expected = Array.from({ length: SITE_COUNT }, (_, i) => i + 1);
  t.deepEqual(
    ORDERINGS.map(({ id }) => Number(id)),
    expected,
  );
});

for (const ordering of ORDERINGS) {
  const name = siteName(ordering.id);

  test(`${name} is named in the kernel code`, (t) => {
    t.regex(kernelCode, new RegExp(`\\b${name.replace('-', '[-_]')}\\b`));
  });

  test(`${name} is in the function that the catalogue says`, (t) => {
    const text = readFileSync(join(sources, ordering.file), 'utf8');
    const at = text.search(new RegExp(`function ${ordering.fn}\\b`));
    t.true(at >= 0, `no function ${ordering.fn}`);
    const end = text.indexOf('\n}', at);
    // The doc comment above belongs to the function.
    const whole = text.slice(text.lastIndexOf('/**', at), end);
    t.regex(whole, new RegExp(`\\b${name.replace('-', '[-_]')}\\b`));
  });
}

test('partners and what masks a site are sites', (t) => {
  for (const { id, partners, maskedBy } of ORDERINGS) {
    for (const other of [...partners, ...maskedBy.flat()]) {
      t.true(other >= 1 && other <= SITE_COUNT, siteName(id));
    }
  }
});

test('a litmus form of a site marks it, or marks the fence it shares', (t) => {
  for (const { id, litmus } of ORDERINGS) {
    for (const form of litmus) {
      const sites = sitesOfForm(form);
      t.true(
        sites.includes(id) || (id <= 2 && sites.some((s) => s <= 2)),
        `${siteName(id)} ${form.name}`,
      );
    }
  }
});

for (const form of LITMUS_FORMS) {
  for (const { removed, verdict } of form.claims) {
    const without = removed.length === 0 ? 'intact' : `without ${removed.map(siteName).join(', ')}`;
    test(`${form.name} ${without}: the kernel memory model says ${verdict}`, (t) => {
      const result = checkLitmus(parseLitmus(litmusSource(form, removed), form.name));
      t.true(result.complete);
      t.deepEqual(result.flags, []);
      t.is(result.positive > 0 ? 'Sometimes' : 'Never', verdict);
    });
  }
}

test('every site is classified, and what is found is found in a race of the catalogue', (t) => {
  const races = new Set(RACES.map(({ name }) => name));
  t.is(races.size, RACES.length);
  for (const { scenario } of DEMONSTRATIONS) t.true(races.has(scenario), scenario);
  for (const { id } of ORDERINGS) {
    t.true(['found', 'masked'].includes(standingOf(id)), siteName(id));
  }
});

test('what masks a site is removed together with it in some litmus claim', (t) => {
  for (const { id, maskedBy, litmus } of ORDERINGS) {
    if (maskedBy.length === 0 || litmus.length === 0) continue;
    const isClaimed = litmus.some(({ claims }) =>
      claims.some(({ removed, verdict }) => verdict === 'Never' && removed.includes(id)),
    );
    t.true(isClaimed || id === 15, siteName(id));
  }
});
