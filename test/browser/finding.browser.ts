import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { RecordedStep, Recording } from '../../src/explorer/findings/recording.js';
import { findingPage } from '../../src/report/finding.js';
import { renderCampaignPage } from '../../src/report/campaign/page.js';
import { reportOf } from '../report/report-of.js';
import { recordedWarn } from '../report/recording.js';
import { openPage, startBrowser } from './browser.js';

const browser = await startBrowser();
const { recording } = await recordedWarn();
test.after.always(() => browser.close());

/** The finding over and over, until it has so many steps. */
function repeated(count: number): Recording {
  const { steps } = recording;
  const moved = (i: number): RecordedStep => {
    const step = steps[i % steps.length]!;
    const by = i - (i % steps.length);
    const at = (n: number | undefined): number | undefined => (n! >= 0 ? n! + by : n);
    const { from, missed } = step;
    return {
      ...step,
      ...(from === undefined ? {} : { from: at(from)! }),
      ...(missed === undefined ? {} : { missed: at(missed)! }),
    };
  };
  return { ...recording, steps: Array.from({ length: count }, (_, i) => moved(i)) };
}

async function open(what: Recording): Promise<Awaited<ReturnType<typeof openPage>>> {
  const file = join(mkdtempSync(join(tmpdir(), 'klp-page-')), 'finding.html');
  writeFileSync(file, await findingPage(what));
  return openPage(browser, pathToFileURL(file).href);
}

test('a finding opens at its stale read, without console messages', async (t) => {
  const { page, messages } = await open(recording);
  t.regex(await page.textContent('h1').then(String), /WARN 34 in disable-call/);
  t.regex(await page.textContent('.row.selected').then(String), /patchState → -1/);
  t.regex(await page.textContent('#step').then(String), /did not see/);
  t.regex(await page.textContent('#source .here').then(String), /patchState/);
  t.deepEqual(messages, []);
});

test('keys step forwards and backwards, to the store that was missed, and between decisive steps', async (t) => {
  const { page, messages } = await open(recording);
  const step = async (): Promise<number> =>
    Number(await page.getAttribute('.row.selected', 'data-step'));
  const start = await step();
  await page.keyboard.press('j');
  t.true((await step()) > start);
  await page.keyboard.press('k');
  t.is(await step(), start);
  await page.keyboard.press('m');
  t.is(await step(), recording.steps[start]!.missed!);
  await page.keyboard.press('n');
  const decisive = await step();
  t.true(recording.steps[decisive]!.isDecisive);
  await page.keyboard.press('Home');
  await page.keyboard.press('d');
  const rows = await page.$$eval('.row', (all) => all.length);
  t.true(rows > 2 && rows <= recording.steps.filter((s) => s.isDecisive).length);
  t.deepEqual(messages, []);
});

test('search counts its matches, and Enter goes to them', async (t) => {
  const { page } = await open(recording);
  await page.keyboard.press('Home');
  await page.fill('#search', 'klpinittransition patchstate write');
  await page.keyboard.press('Enter');
  t.regex(await page.textContent('#shown').then(String), /^[1-9]\d* of \d+ steps match$/);
  t.regex(await page.textContent('.row.selected').then(String), /write task\[\d+\]\.patchState/);
});

test('memory beside follows the step', async (t) => {
  const { page } = await open(recording);
  await page.fill('#word', 'targetState');
  const value = (): Promise<string> => page.textContent('#memory tr td:nth-child(2)').then(String);
  await page.locator('#scroll').focus();
  await page.keyboard.press('End');
  const last = await value();
  await page.keyboard.press('Home');
  t.not(await value(), last);
});

test('a hundred thousand steps open, step and search', async (t) => {
  const long = repeated(100_000);
  const { page, messages } = await open(long);
  await page.keyboard.press('End');
  // Accesses to lock-protected data are hidden at first.
  const last = long.steps.findLastIndex(({ name }) => !['get', 'set', 'peek'].includes(name));
  t.is(await page.getAttribute('.row.selected', 'data-step'), String(last));
  // The page's own world has a DOM, ours has none: its code is text.
  const ms = Number(
    await page.evaluate(`(() => {
      const start = performance.now();
      for (let i = 0; i < 20; i++) document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k' }));
      return (performance.now() - start) / 20;
    })()`),
  );
  t.log(`a step back: ${ms.toFixed(1)} ms`);
  const opened = Number(
    await page.evaluate(`performance.getEntriesByType('navigation')[0].duration`),
  );
  t.log(`opened in ${Math.round(opened)} ms`);
  t.deepEqual(messages, []);
});

test('printing shows rows and no controls', async (t) => {
  const { page } = await open(recording);
  await page.emulateMedia({ media: 'print' });
  t.false(await page.isVisible('nav'));
  t.true((await page.pdf()).length > 10_000);
});

test('the page of a run opens without console messages, and leads to the page of its finding', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'klp-page-'));
  writeFileSync(join(folder, 'finding-1.html'), await findingPage(recording));
  const { verdict, token } = recording;
  const outcome = { name: verdict.key, grade: 'forbidden', count: 2, reason: 'it warns' } as const;
  const samples = [0, 1, 2].map((seconds) => ({ seconds, done: seconds * seconds }));
  const report = reportOf([{ title: 'disable-call', outcomes: [{ ...outcome, token }] }], {
    samples,
  });
  const file = join(folder, 'index.html');
  writeFileSync(file, renderCampaignPage(report, new Map([[token, 'finding-1.html']])));
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, messages } = await openPage(browser, pathToFileURL(file).href);
    await page.emulateMedia({ colorScheme });
    t.is(await page.locator('.findings li').count(), 1);
    t.is(await page.locator('svg.rates polyline').count(), 1);
    await page.locator('.findings a').click();
    t.regex(String(await page.textContent('h1')), /WARN 34 in disable-call/);
    t.deepEqual(messages, []);
  }
});
