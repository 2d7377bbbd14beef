import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { RecordedStep, Recording } from '../../src/explorer/findings/recording.js';
import { bandsOf } from '../../src/report/finding/bands.js';
import { findingPage } from '../../src/report/finding.js';
import { ftraceText, kernelName } from '../../src/report/finding/ftrace.js';
import { recordingDot } from '../../src/report/finding/graph.js';
import { perfettoTrace } from '../../src/report/finding/perfetto.js';
import { runMain } from '../cli/child.js';
import { recordedWarn } from './recording.js';
import { traceFileFaults } from './trace-event-format.js';

const { token, recording } = await recordedWarn();

const stale = ({ steps }: Recording): RecordedStep[] =>
  steps.filter(({ missed }) => missed !== undefined);

test('a recording names the verdict, the missing order and its claim', (t) => {
  t.is(recording.verdict.key, 'WARN 34');
  t.is(recording.verdict.grade, 'forbidden');
  t.deepEqual(
    recording.missing.map(({ site, kernel }) => [site, kernel]),
    [['O-01', 'klp_init_transition']],
  );
});

test('the read that warned is stale: it misses the store of patch_state', (t) => {
  const read = stale(recording).find(
    ({ addr, value }) => recording.words[addr]?.name.endsWith('.patchState') && value === -1,
  )!;
  t.is(read.from, -1);
  const missed = recording.steps[read.missed!]!;
  t.is(missed.addr, read.addr);
  t.not(missed.cpu, read.cpu);
  t.is(missed.value, 1);
  t.regex(recording.stacks[read.stack]![0]!, /^klpFtraceHandler src\/livepatch\/patch\.ts:\d+$/);
});

test('every read has the value that its store, or the initial memory, gives it', (t) => {
  const { steps, words } = recording;
  let checked = 0;
  for (const [i, step] of steps.entries()) {
    if (step.from === undefined || step.kind !== 'read') continue;
    t.true(step.from < i);
    if (step.from < 0) t.is(step.value, words[step.addr]!.initial, `step ${i}`);
    else if (steps[step.from]!.kind === 'write') t.is(step.value, steps[step.from]!.value);
    t.true(step.from < 0 || steps[step.from]!.addr === step.addr);
    checked++;
  }
  t.true(checked > 50);
});

test('a read that the memory answered as a sequentially consistent one would misses no store', (t) => {
  const { steps } = recording;
  const reads = steps.filter(({ weak, kind }) => weak === undefined && kind === 'read');
  t.true(reads.every(({ missed }) => missed === undefined));
});

test('the source of every kernel frame is in the recording', (t) => {
  const files = new Map(recording.sources.map(({ file, lines }) => [file, new Map(lines)]));
  const frames = recording.stacks.flat();
  t.true(frames.length > 100);
  for (const frame of frames) {
    const [, file, line] = /^\S+ (.+):(\d+)$/.exec(frame) ?? [];
    t.true(files.get(file!)?.has(Number(line)), frame);
  }
});

test('bands are the patch states, flags and transition state that changed', (t) => {
  const titles = bandsOf(recording).map(({ title }) => title);
  t.is(titles[0], 'klp_target_state');
  t.true(titles.includes('caller:6 patch_state'));
  t.true(titles.includes('caller:6 TIF_PATCH_PENDING'));
  t.true(titles.some((title) => title.endsWith(' transition')));
});

test('the page holds the finding in words, its data, and no address to load from', async (t) => {
  const page = await findingPage(recording);
  t.true(page.includes('Would be forbidden with <b>O-01</b>'));
  t.true(page.includes(token));
  t.notRegex(page.replace(/http:\/\/www\.w3\.org\/[\w/]+/g, ''), /https?:\/\//);
  const [, json = ''] = /id="recording">(.*?)<\/script>/s.exec(page) ?? [];
  const data = JSON.parse(json) as { count: number; steps: Record<string, unknown[]> };
  t.is(data.count, recording.steps.length);
  t.is(data.steps['cpu']!.length, recording.steps.length);
});

test('names that are markup stay text', async (t) => {
  const evil = '</script><script>alert(1)</script>';
  const page = await findingPage({
    ...recording,
    scenario: evil,
    words: { ...recording.words, [recording.steps[0]!.addr]: { name: evil, initial: 0 } },
  });
  t.false(page.includes(evil));
});

test('the execution graph has po, rf, fr and the missed store', (t) => {
  const dot = recordingDot(recording);
  for (const name of ['po', 'rf', 'fr']) t.true(dot.includes(`label="${name}"`), name);
  t.true(dot.includes('O-01 removed'));
});

test('the text trace has the lines of trace_pipe, in order of time', (t) => {
  const lines = ftraceText(recording)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  t.true(lines.length > 100);
  const form = /^.{1,16}-\d+ +\[(\d{3})\] [.\w]{5} +(\d+\.\d{6}): (\S.*)$/;
  const times = lines.map((line) => Number(form.exec(line.trimStart())?.[2] ?? NaN));
  t.true(times.every((time, i) => time >= (times[i - 1] ?? 0)));
  t.true(lines.some((line) => line.endsWith(': klp_ftrace_handler <-ftrace_caller')));
  t.true(lines.some((line) => /: sched_switch: prev_comm=\S+ prev_pid=\d+/.test(line)));
  // What trace viewers look for, which expect four flags: the fifth, for migrate-disable, came later.
  const event = /^ *\S+-\d+ +\[\d+\] [dX.][Nnp.][Hhs.][0-9a-f.] +\d+\.\d+: \S+: .*$/;
  for (const line of lines.filter((it) => !it.includes(' <-'))) {
    t.regex(line.replace(/(\] .{4})./, '$1'), event);
  }
  // As trace_find_cmdline() names the idle tasks; the event keeps their own names.
  t.true(lines.some((line) => / <idle>-0 +\[/.test(line)));
  t.false(lines.some((line) => / swapper\/\d+-0 +\[/.test(line)));
  const switched = lines.filter((line) => line.includes(': klp_task_switched: '));
  t.true(switched.length > 0);
  for (const line of switched) t.regex(line, /: klp_task_switched: \S+:\d+( |$)/);
});

test('kernel names are those of C', (t) => {
  t.is(kernelName('klpTrySwitchTask src/x.ts:1'), 'klp_try_switch_task');
  t.is(kernelName('__klpEnablePatch src/x.ts:1'), '__klp_enable_patch');
});

test('the Perfetto trace has a track for each CPU and task, and both ends of every flow', (t) => {
  const { traceEvents } = perfettoTrace(recording);
  const named = traceEvents.filter(({ name }) => name === 'thread_name');
  t.is(named.length, recording.cpus + recording.tasks.length);
  const ends = (ph: string): number[] =>
    traceEvents.filter((event) => event.ph === ph).map(({ id }) => id!);
  t.true(ends('s').length > 0);
  t.deepEqual(ends('s'), ends('f'));
  for (const { ph, ts, dur } of traceEvents) {
    if (ph !== 'M') t.true(Number.isInteger(ts) && ts! >= 0);
    if (ph === 'X') t.true(dur! > 0);
  }
  t.true(traceEvents.some(({ ph, name }) => ph === 's' && name.startsWith('ipi ')));
  // A flow begins and ends where a slice of its category begins.
  const slices = new Set(
    traceEvents.filter(({ ph }) => ph === 'X').map(({ cat, tid, ts }) => [cat, tid, ts].join()),
  );
  const flows = traceEvents.filter(({ ph }) => ph === 's' || ph === 'f');
  t.true(flows.length > 0);
  for (const { cat, tid, ts } of flows) t.true(slices.has([cat, tid, ts].join()));
  t.deepEqual(traceFileFaults(JSON.stringify(perfettoTrace(recording))), []);
});

test('replay writes the page and both traces', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'klp-finding-'));
  const file = (name: string): string => join(folder, name);
  const ended = await runMain(
    ...['replay', token, '--until', '1', '--html', file('a.html')],
    ...['--trace', file('a.json'), '--ftrace', file('a.txt')],
  );
  t.is(ended.exitCode, 1, ended.stderr);
  t.true(readFileSync(file('a.html'), 'utf8').startsWith('<!doctype html>'));
  t.deepEqual(JSON.parse(readFileSync(file('a.json'), 'utf8')), perfettoTrace(recording));
  t.is(readFileSync(file('a.txt'), 'utf8'), ftraceText(recording));
});
