/** What the engine gives the modules of this folder. It exists only where they are instrumented: nothing here is executed as it is. */

/** Where text is printed to. */
export type Stream = 'stdout' | 'stderr';

/** A function of the program's. */
export type Callback = (...args: unknown[]) => unknown;

/** One end of a channel. */
export interface End {
  readonly isClosed: boolean;
}

/** A worker that was started. */
export interface Handle {
  readonly threadId: number;
  readonly end: End;
  readonly lives: boolean;
}

/** The engine's functions. */
export interface Host {
  channel(): [End, End];
  /** Tie an object that the program sees to one end of a channel; `closed` is called when the end is closed. */
  adopt(
    end: End,
    object: object,
    message: (value: unknown) => unknown,
    closed: () => unknown,
  ): void;
  /** How the agent makes objects for ends that come with messages. */
  makePorts(make: (end: End) => object): void;
  endOf(object: unknown): End | undefined;
  post(end: End, value: unknown, transferList: readonly object[]): void;
  receive(end: End): { message: unknown } | undefined;
  start(end: End): void;
  setRef(end: End, isRef: boolean): void;
  hasRef(end: End): boolean;
  close(end: End): void;
  /** What was sent with the worker; ports in it are made by what {@link makePorts} was given. */
  workerData(): unknown;
  spawn(
    file: unknown,
    options: Readonly<Record<string, unknown>>,
    event: (kind: string, value: unknown) => unknown,
  ): Handle;
  terminate(handle: Handle): void;
  setWorkerRef(handle: Handle, isRef: boolean): void;
  exit(code: number): void;
  /** Handlers of the agent's process. */
  onUncaught(f: ((error: unknown, origin: string) => unknown) | undefined): void;
  onUnhandled(f: ((reason: unknown) => unknown) | undefined): void;
  onBeforeEnd(f: () => unknown): void;
  onEnd(f: (isUnsettled: boolean, hasThrown: boolean) => unknown): void;
  /** The object that the program knows as `process`. */
  setProcess(object: object): void;
  readonly nextTick: (f: unknown, ...args: unknown[]) => void;
  output(stream: Stream, text: string): void;
  /** Whether the agent prints by itself. A worker uses {@link print} to let its parent print. */
  readonly printsItself: boolean;
  print(stream: Stream, text: string): void;
  /** How many more of the agent's streams wait for their text to be taken: they keep it alive. */
  printingWaits(change: number): void;
  /** Called when the parent wants more of a stream. */
  onWanted(f: (stream: Stream) => unknown): void;
  /** The agent wants more of what a worker prints. */
  wants(worker: Handle, stream: Stream): void;
  now(): number;
  readonly epoch: number;
  readonly facts: {
    readonly isMainThread: boolean;
    readonly threadId: number;
    readonly parent: End | undefined;
    readonly argv: readonly string[];
    readonly execArgv: readonly string[];
    readonly name: string;
  };
  /** The agent's `process.env`. */
  readonly env: Record<string, string>;
  readonly globals: Readonly<Record<string, unknown>>;
  /** The exports of Node's own module of that name, as far as they are harmless. */
  native(name: string): Readonly<Record<string, unknown>>;
  /** A function that throws: it is not available. The error names the line of the call. */
  refusal(name: string, where: string): Callback;
}

export declare const host: Host;
