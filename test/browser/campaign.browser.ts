import test from 'ava';
import type { CampaignSnapshot } from '../../src/campaign/plan/snapshot.js';
import { CampaignServer, type Control } from '../../src/report/campaign/serve.js';
import { openPage, startBrowser } from './browser.js';

const browser = await startBrowser();
test.after.always(() => browser.close());

const snapshot = (done: number): CampaignSnapshot => ({
  name: 'nightly',
  done,
  total: 1000,
  seconds: done / 100,
  jobs: [
    {
      id: '0123456789ab',
      scenario: 'disable-call',
      memory: 'lkmm',
      strategy: 'random, seed 1',
      ablated: ['O-01'],
      executions: 1000,
      done,
      unit: 'executions',
      executed: done,
      steps: done * 300,
      digest: 'deadbeef',
      outcomes: [
        { key: 'WARN 34', grade: 'forbidden', detail: 'd', count: done, firstRun: 1, token: 'klp' },
      ],
    },
  ],
  findings:
    done < 500
      ? []
      : [
          {
            job: '0123456789ab',
            scenario: 'disable-call',
            outcome: '<img src=x onerror=alert(1)>',
            detail: 'it warns',
            replay: 'klp-smp replay klp',
          },
        ],
  notes: ['host:1: 5 executions'],
});

test('the live page follows the counts, shows markup as text, and logs nothing', async (t) => {
  const server = new CampaignServer();
  t.teardown(() => server.close());
  server.show(snapshot(100));
  const { page, messages } = await openPage(browser, await server.listen());
  await page.locator('#status', { hasText: '100 of' }).waitFor();
  t.true(await page.isVisible('#none'));
  t.false(await page.isVisible('#controls'));
  server.show(snapshot(600));
  await page.locator('#findings li').waitFor();
  t.regex(
    await page.textContent('#findings').then(String),
    /<img src=x onerror=alert\(1\)> in disable-call/,
  );
  t.is(await page.title(), 'nightly: 60 %');
  t.regex(await page.textContent('#jobs').then(String), /600 of 1,000/);
  t.deepEqual(messages, []);
});

test('a page with control pauses the campaign', async (t) => {
  const asked: Control[] = [];
  const server = new CampaignServer({ control: (what) => void asked.push(what) });
  t.teardown(() => server.close());
  server.show(snapshot(1));
  const { page } = await openPage(browser, await server.listen());
  const answered = page.waitForResponse('**/pause');
  await page.click('[data-control=pause]');
  t.is((await answered).status(), 200);
  t.deepEqual(asked, ['pause']);
});
