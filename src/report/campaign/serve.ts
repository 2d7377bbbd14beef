/** A live page of a campaign: server-sent events over HTTP, read-only unless control is asked for. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { CampaignSnapshot } from '../../campaign/plan/snapshot.js';
import { UsageError } from '../../errors.js';

/** What a controlling page may ask for. */
const CONTROLS = ['pause', 'resume', 'drain', 'cancel'] as const;
export type Control = (typeof CONTROLS)[number];

/** How a page is served. */
export interface ServeOptions {
  /** Default loopback: nobody else sees it. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Carries out what the page asks for; left out: the page is read-only. */
  readonly control?: (what: Control) => Promise<void> | void;
  /** Secret that a controlling page must know; default a new one. */
  readonly token?: string;
}

const asset = (name: string): string =>
  readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8');

const FILES: Readonly<Record<string, { readonly name: string; readonly type: string }>> = {
  '/': { name: 'campaign.html', type: 'text/html; charset=utf-8' },
  '/campaign.css': { name: 'campaign.css', type: 'text/css; charset=utf-8' },
  '/campaign.js': { name: 'campaign.client.js', type: 'text/javascript; charset=utf-8' },
};

const SECURITY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Serves the page of one campaign. */
export class CampaignServer {
  readonly token: string;
  readonly #server: Server;
  readonly #options: ServeOptions;
  readonly #listeners = new Set<ServerResponse>();
  #latest: CampaignSnapshot | undefined;

  constructor(options: ServeOptions = {}) {
    this.#options = options;
    this.token = options.token ?? randomBytes(16).toString('hex');
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /**
   * Begin to listen.
   *
   * @returns where; with the token if the page may control
   * @throws UsageError when the port cannot be had
   */
  async listen(): Promise<string> {
    const { host = '127.0.0.1', port = 0, control } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new UsageError(`port ${port} on ${host} cannot be had: ${error.code ?? error.message}`),
        ),
      );
      this.#server.listen(port, host, resolve);
    });
    const { port: given } = this.#server.address() as AddressInfo;
    const name = host.includes(':') ? `[${host}]` : host;
    return `http://${name}:${given}/${control === undefined ? '' : `#${this.token}`}`;
  }

  /** Show the counts so far. */
  show(snapshot: CampaignSnapshot): void {
    this.#latest = snapshot;
    for (const response of this.#listeners) send(response, snapshot);
  }

  async close(): Promise<void> {
    for (const response of this.#listeners) response.end();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (!this.#isOwn(request)) refuse(response, 403, 'this page is for its own origin');
    else if (request.method === 'POST') void this.#control(path, request, response);
    else if (request.method !== 'GET') refuse(response, 405, 'only GET');
    else this.#get(path, request, response);
  }

  #get(path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = FILES[path];
    if (file !== undefined) give(response, file.type, asset(file.name));
    else if (path === '/snapshot') {
      give(response, 'application/json', JSON.stringify(this.#latest ?? null));
    } else if (path === '/events') this.#listen(request, response);
    else refuse(response, 404, 'no such page');
  }

  /**
   * Whether a request was made under the server's own name and by its own page: not from another origin, and not by a
   * name that was rebound to this address.
   */
  #isOwn({ headers }: IncomingMessage): boolean {
    const { host = '127.0.0.1' } = this.#options;
    const asked = headers.host ?? '';
    const name = asked.replace(/:\d+$/, '');
    const isLocal = LOOPBACK.test(host.includes(':') ? `[${host}]` : host);
    if (isLocal && !LOOPBACK.test(name)) return false;
    return headers.origin === undefined || headers.origin === `http://${asked}`;
  }

  #listen(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { ...SECURITY, 'content-type': 'text/event-stream' });
    response.write('retry: 1000\n\n');
    if (this.#latest !== undefined) send(response, this.#latest);
    this.#listeners.add(response);
    request.on('close', () => this.#listeners.delete(response));
  }

  async #control(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const { control } = this.#options;
    const what = CONTROLS.find((name) => path === `/${name}`);
    if (control === undefined) refuse(response, 403, 'this page is read-only');
    else if (what === undefined) refuse(response, 404, 'no such command');
    else if (!isSecret(request.headers.authorization, `Bearer ${this.token}`)) {
      refuse(response, 401, 'the token is missing or wrong');
    } else await carryOut(() => control(what), response);
  }
}

async function carryOut(work: () => Promise<void> | void, response: ServerResponse): Promise<void> {
  try {
    await work();
    give(response, 'application/json', '{}');
  } catch (error) {
    refuse(response, 500, error instanceof Error ? error.message : String(error));
  }
}

function isSecret(given: string | undefined, wanted: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function send(response: ServerResponse, snapshot: CampaignSnapshot): void {
  response.write(`data: ${JSON.stringify(snapshot)}\n\n`);
}

function give(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { ...SECURITY, 'content-type': type });
  response.end(body);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { ...SECURITY, 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${why}\n`);
}
