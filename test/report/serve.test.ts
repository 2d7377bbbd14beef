import { request } from 'node:http';
import test from 'ava';
import type { CampaignSnapshot } from '../../src/campaign/plan/snapshot.js';
import { UsageError } from '../../src/errors.js';
import { CampaignServer, type Control } from '../../src/report/campaign/serve.js';

const snapshot: CampaignSnapshot = {
  name: 'nightly',
  done: 5,
  total: 10,
  seconds: 1,
  jobs: [],
  findings: [],
  notes: [],
};

/** One HTTP exchange, with headers that a browser would not let a page set. */
function ask(
  address: string,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, address), options, (response) => {
      let body = '';
      response.on('data', (data: Buffer) => (body += data.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('the page, its files and the latest counts are served', async (t) => {
  const server = new CampaignServer();
  const address = await server.listen();
  t.regex(address, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  server.show(snapshot);
  const page = await ask(address, '/');
  t.is(page.status, 200);
  t.regex(page.body, /<script src="campaign\.js">/);
  t.regex(String(page.headers['content-security-policy']), /default-src 'none'/);
  for (const path of ['/campaign.js', '/campaign.css'])
    t.is((await ask(address, path)).status, 200);
  t.deepEqual(JSON.parse((await ask(address, '/snapshot')).body), snapshot);
  t.is((await ask(address, '/../package.json')).status, 404);
  await server.close();
});

test('counts come as server-sent events, the latest at once', async (t) => {
  const server = new CampaignServer();
  const address = await server.listen();
  server.show(snapshot);
  const response = await fetch(new URL('/events', address));
  const reader = response.body!.getReader();
  let text = '';
  const until = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) {
      const { value } = (await reader.read()) as { value?: Uint8Array };
      text += new TextDecoder().decode(value);
    }
  };
  await until('"done":5');
  server.show({ ...snapshot, done: 6 });
  await until('"done":6');
  await reader.cancel();
  await server.close();
  t.pass();
});

test('other origins, and other names for this address, are refused', async (t) => {
  const server = new CampaignServer();
  const address = await server.listen();
  const from = (headers: Record<string, string>): Promise<{ status: number }> =>
    ask(address, '/snapshot', { headers });
  t.is((await from({ origin: 'http://elsewhere.example' })).status, 403);
  t.is((await from({ host: 'elsewhere.example' })).status, 403);
  t.is((await from({ origin: new URL(address).origin })).status, 200);
  await server.close();
});

test('a page without control is read-only; one with control needs its secret', async (t) => {
  const reading = new CampaignServer();
  const readOnly = await reading.listen();
  const post = { method: 'POST' };
  t.is((await ask(readOnly, '/pause', post)).status, 403);
  await reading.close();

  const asked: Control[] = [];
  const server = new CampaignServer({ control: (what) => void asked.push(what) });
  const address = await server.listen();
  t.is(new URL(address).hash, `#${server.token}`);
  const bearing = (token: string): object => ({
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  t.is((await ask(address, '/pause', post)).status, 401);
  t.is((await ask(address, '/pause', bearing('0'.repeat(server.token.length)))).status, 401);
  t.deepEqual(asked, []);
  t.is((await ask(address, '/pause', bearing(server.token))).status, 200);
  t.is((await ask(address, '/delete', bearing(server.token))).status, 404);
  t.deepEqual(asked, ['pause']);
  await server.close();
});

test('a port that is taken is one line', async (t) => {
  const server = new CampaignServer();
  const port = Number(new URL(await server.listen()).port);
  await t.throwsAsync(new CampaignServer({ port }).listen(), {
    instanceOf: UsageError,
    message: new RegExp(`port ${port} on 127.0.0.1 cannot be had: EADDRINUSE`),
  });
  await server.close();
});
