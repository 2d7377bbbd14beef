import test from 'ava';
import * as fc from 'fast-check';
import { renderCampaignPage, rangesOf } from '../../src/report/campaign/page.js';
import { rateChart, ratesOf } from '../../src/report/campaign/rate-chart.js';
import { renderGithub } from '../../src/report/formats/github.js';
import { RunEvents, type RunEvent } from '../../src/report/formats/jsonl.js';
import { renderJunit } from '../../src/report/formats/junit.js';
import { renderTap } from '../../src/report/formats/tap.js';
import { placeOfScenario } from '../../src/report/place.js';
import type { ReportTable } from '../../src/report/report.js';
import { reportOf } from './report-of.js';
import { parseXml } from './well-formed.js';

const table: ReportTable = {
  title: 'race # one',
  place: { file: 'a,b:c.js', line: 7 },
  outcomes: [
    { name: 'fine', grade: 'acceptable', count: 5, reason: 'as it should' },
    { name: 'never', grade: 'forbidden', count: 0, reason: 'I-8' },
    {
      ...{ name: 'bad', grade: 'forbidden', count: 2, reason: '100 % "wrong"\nindeed' },
      ...{ replay: 'klp-smp replay klp2.x', token: 'klp2.x', trace: ['first', 'second: it'] },
    },
    { name: 'unread', grade: 'acceptable', count: 0, reason: '', error: 'a.litmus:3: no test' },
  ],
};

test('TAP has a point for each outcome, and says why one is not ok', (t) => {
  const text = renderTap(reportOf([table]));
  const lines = text.split('\n');
  t.is(lines[0], 'TAP version 14');
  t.deepEqual(
    lines.filter((line) => /^(not )?ok /.test(line)),
    [
      String.raw`not ok 1 - race \# one: bad`,
      String.raw`ok 2 - race \# one: never`,
      String.raw`ok 3 - race \# one: fine`,
      String.raw`not ok 4 - race \# one: unread`,
    ],
  );
  t.regex(text, /^ {2}message: "seen 2 times: 100 % \\"wrong\\"\\nindeed"$/m);
  t.regex(text, /^ {2}replay: "klp-smp replay klp2\.x"$/m);
  t.regex(text, /^1\.\.4\n$/m);
});

test('a run that ended early is no success in any format', (t) => {
  for (const end of [{ interrupted: true }, { failure: 'x.js:3: no scenario' }]) {
    const report = reportOf([], end);
    t.regex(renderTap(report), /^not ok 1 - the run ended early\n# .*\n1\.\.1$/m);
    t.is(parseXml(renderJunit(report)).attributes['errors'], '1');
    t.regex(renderGithub(report), /^::error /);
    t.regex(renderCampaignPage(report), /Ended early: /);
  }
  t.regex(renderGithub(reportOf([], { failure: 'x.js:3: no' })), /^::error file=x\.js,line=3,/);
});

test('an annotation has the file and line of the scenario, escaped as the runner reads them', (t) => {
  const [bad, unread, ...rest] = renderGithub(reportOf([table]))
    .trimEnd()
    .split('\n');
  t.is(
    bad,
    '::error file=a%2Cb%3Ac.js,line=7,title=race # one%3A bad::seen 2 times: 100 %25 "wrong"%0Aindeed%0Areplay: klp-smp replay klp2.x',
  );
  t.regex(unread!, /^::error .*title=race # one%3A unread::a\.litmus:3: no test$/);
  t.deepEqual(rest, []);
});

test('no text of an outcome breaks out of its line, its element or its annotation', (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constant('</td><script>alert(1)</script>\n::error::x\nok 9 - y'),
  );
  const property = fc.property(text, text, (name, reason) => {
    const outcome = { name, grade: 'forbidden', count: 1, reason, replay: reason } as const;
    const report = reportOf([{ title: name, outcomes: [outcome] }]);
    t.is(renderGithub(report).split('\n').length, 2);
    t.is(renderTap(report).match(/^(not )?ok /gm)?.length, 1);
    t.notRegex(renderCampaignPage(report), /<script/);
  });
  fc.assert(property, { seed: 1, numRuns: 300 });
});

test('the scenario is found at the line of its name', (t) => {
  const file = new URL('../../../examples/mailbox.js', import.meta.url).href;
  const place = placeOfScenario(file, 'mailbox');
  t.regex(place.file, /mailbox\.js$/);
  t.true(place.line > 1);
  t.is(placeOfScenario('/nowhere/x.js', 'x').line, 1);
});

test('events tell an outcome once, when it is first seen, and the findings in the end', (t) => {
  const events: RunEvent[] = [];
  const run = new RunEvents((event) => events.push(event));
  const report = reportOf([table]);
  run.begin(report);
  const outcome = { of: 'race', name: 'bad', grade: 'forbidden', count: 1 } as const;
  const step = { done: 1, total: 2, unit: 's', note: '', outcomes: [outcome] };
  run.progress(step, 0.5);
  run.progress({ ...step, outcomes: [{ ...outcome, count: 2 }] }, 0.7);
  run.progress({ done: 2, total: 2, unit: 's', note: '', row: { id: 1 } }, 0.9);
  run.end(report, { answer: 1 });
  t.deepEqual(
    events.map(({ event }) => event),
    ['begin', 'outcome', 'progress', 'progress', 'row', 'progress', 'finding', 'finding', 'end'],
  );
  t.like(events.at(-1), { event: 'end', interrupted: false, failure: null, result: { answer: 1 } });
});

test('the page of a campaign shows outcomes, rates, coverage, findings with links, and how to run it again', (t) => {
  const samples = [0, 1, 2, 4].map((seconds) => ({ seconds, done: seconds * 100 }));
  const coverage = [
    {
      ...{ scenario: 'race', executions: 3 },
      readsFrom: [{ pair: 'x: f a.ts:1 → g a.ts:2', count: 4 }],
      sites: [{ site: 'O-04', count: 2 }],
      lines: [{ file: 'src/a.ts', reached: [3, 4, 5, 9] }],
    },
  ];
  const report = reportOf([table], { samples, coverage });
  const html = renderCampaignPage(report, new Map([['klp2.x', 'finding-1.html']]));
  t.regex(html, /<a href="finding-1\.html">bad in race # one<\/a>/);
  t.regex(html, /<polyline points="[\d., ]+"/);
  t.regex(html, /1 reads-from pairs.*\n?.*1 ordering sites: O-04/);
  t.regex(html, /src\/a\.ts<\/code><\/td><td class="number">4<\/td><td class="lines">3-5, 9</);
  t.regex(html, /Run it again<\/h2><p><code>klp-smp explore x<\/code>/);
  t.notRegex(html, /https?:|<script|@import/);
});

test('rates are those between samples; ranges of lines are folded', (t) => {
  const samples = [
    { seconds: 0, done: 0 },
    { seconds: 2, done: 10 },
    { seconds: 3, done: 40 },
  ];
  t.deepEqual(
    ratesOf(samples).map(({ rate }) => rate),
    [5, 30],
  );
  t.is(rateChart(samples.slice(0, 2), 'executions'), '');
  t.is(rangesOf([1, 2, 3, 7, 9, 10]), '1-3, 7, 9-10');
  const many = Array.from({ length: 5000 }, (_, i) => ({ seconds: i, done: i }));
  t.true(ratesOf(many).length <= 241);
});
