/** Stands for `process` in explored programs. */

import { EventEmitter } from './events.js';
import { host, type Stream } from './host.js';

const Base = EventEmitter as unknown as new () => EventEmitter;
const native = host.native('process');
const { facts } = host;

const state = { hasEnded: false };

/** A stream for text. A worker sends its text to its parent one piece at a time, and keeps the rest until then. */
class Output extends Base {
  readonly #name: Stream;
  readonly isTTY = false;
  readonly writable = true;
  readonly fd: number;
  #kept: { readonly text: string; readonly after: unknown }[] = [];
  /** Called when the parent has taken the piece that was sent; undefined when no piece is on its way. */
  #sent: unknown[] | undefined;

  constructor(name: Stream) {
    super();
    this.#name = name;
    this.fd = name === 'stdout' ? 1 : 2;
  }
  write(text: unknown, encoding?: unknown, done?: unknown): boolean {
    const after = typeof encoding === 'function' ? encoding : done;
    if (host.printsItself) {
      host.output(this.#name, String(text));
      if (typeof after === 'function') host.nextTick(after);
      return true;
    }
    this.#kept.push({ text: String(text), after });
    if (this.#sent === undefined) this.#send();
    return true;
  }
  #send(): void {
    const pieces = this.#kept;
    this.#kept = [];
    const callbacks = pieces.map(({ after }) => after).filter((f) => typeof f === 'function');
    if (!state.hasEnded) {
      this.#sent = callbacks;
      host.printingWaits(1);
    }
    host.print(this.#name, pieces.map(({ text }) => text).join(''));
    if (state.hasEnded) for (const f of callbacks) (f as () => void)();
  }
  /** The parent has taken what was sent. */
  wanted(): void {
    const callbacks = this.#sent;
    if (callbacks === undefined) return;
    this.#sent = undefined;
    host.printingWaits(-1);
    if (this.#kept.length > 0) this.#send();
    for (const f of callbacks) (f as () => void)();
  }
  end(text?: unknown): void {
    if (text !== undefined) this.write(text);
  }
}

class Process extends Base {
  readonly [Symbol.toStringTag] = 'process';
  readonly pid = 1000;
  readonly ppid = 999;
  readonly title = 'node';
  readonly arch = native['arch'];
  readonly platform = native['platform'];
  readonly version = native['version'];
  readonly versions = native['versions'];
  readonly release = native['release'];
  readonly features = native['features'];
  readonly config = native['config'];
  readonly execPath = native['execPath'];
  readonly argv = [...facts.argv];
  readonly argv0 = 'node';
  readonly execArgv = [...facts.execArgv];
  env = host.env;
  readonly stdout = new Output('stdout');
  readonly stderr = new Output('stderr');
  readonly stdin = { isTTY: false, fd: 0 };
  readonly nextTick = host.nextTick;
  exitCode: unknown = undefined;

  override on(name: PropertyKey, listener: unknown): this {
    super.on(name, listener);
    listen(this);
    return this;
  }
  override once(name: PropertyKey, listener: unknown): this {
    super.once(name, listener);
    listen(this);
    return this;
  }
  override off(name: PropertyKey, listener: unknown): this {
    super.off(name, listener);
    listen(this);
    return this;
  }
  override addListener(name: PropertyKey, listener: unknown): this {
    return this.on(name, listener);
  }

  exit(code?: unknown): never {
    if (code !== undefined) this.exitCode = code;
    ending();
    host.exit(Number(this.exitCode ?? 0));
    throw new Error('unreachable');
  }
  reallyExit(code: unknown): void {
    host.exit(Number(code ?? 0));
  }
  abort(): void {
    host.exit(134);
  }
  cwd(): string {
    return (native['cwd'] as () => string)();
  }
  uptime(): number {
    return host.now() / 1000;
  }
  readonly hrtime = Object.assign(
    (since?: readonly [number, number]): [number, number] => {
      const ns = BigInt(Math.round(host.now() * 1e6));
      const from = since === undefined ? 0n : BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]);
      return [Number((ns - from) / 1_000_000_000n), Number((ns - from) % 1_000_000_000n)];
    },
    { bigint: (): bigint => BigInt(Math.round(host.now() * 1e6)) },
  );
  memoryUsage(): object {
    const bytes = 50_000_000;
    return { rss: bytes, heapTotal: bytes, heapUsed: bytes, external: 0, arrayBuffers: 0 };
  }
  emitWarning(warning: unknown): void {
    const error = warning instanceof Error ? warning : new Error(String(warning));
    host.nextTick(() => this.emit('warning', error));
  }
  getBuiltinModule(name: string): unknown {
    return host.native(name);
  }
  binding(): never {
    throw new Error('process.binding() is not available in the explorer');
  }
}

const it = new Process();
host.setProcess(it);
/** Older ones tell of the status only after the handlers. */
const tellsUnsettled = Number(/\d+/.exec(String(native['version']))?.[0]) >= 22;

/** Run the `exit` handlers, once. A worker first sends the text that it has not printed yet. */
function ending(isUnsettled = false, hasThrown = false): void {
  if (state.hasEnded) return;
  state.hasEnded = true;
  it.stdout.wanted();
  it.stderr.wanted();
  const before = it.exitCode;
  if (isUnsettled) it.exitCode ??= 13;
  if (hasThrown) it.exitCode = 1;
  it.emit('exit', Number((isUnsettled && !tellsUnsettled ? before : it.exitCode) ?? 0));
}

/** Tell the engine what the program handles itself. */
function listen(process: Process): void {
  const hasUncaught = process.listenerCount('uncaughtException') > 0;
  const hasUnhandled = process.listenerCount('unhandledRejection') > 0;
  host.onUncaught(
    hasUncaught
      ? (error, origin): boolean => process.emit('uncaughtException', error, origin)
      : undefined,
  );
  host.onUnhandled(
    hasUnhandled
      ? (reason): boolean => process.emit('unhandledRejection', reason, undefined)
      : undefined,
  );
}

host.onBeforeEnd(() => it.emit('beforeExit', Number(it.exitCode ?? 0)));
host.onEnd(ending);
host.onWanted((name) => {
  it[name].wanted();
});

export default it;
