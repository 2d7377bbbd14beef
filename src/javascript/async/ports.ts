/** Message ports: each end belongs to an agent, and holds the messages that were sent to it, in order. */

import type { Current } from '../runtime/builtins.js';
import type { Coroutine } from '../runtime/keys.js';
import { copyForAgent } from '../runtime/sharing.js';
import type { Realm, Source } from './realm.js';
import { checkTransfers } from './transfers.js';

/** What ports need from the engine. */
export interface PortHost {
  /** Something has come for an agent's event loop. */
  arouse(agent: number): void;
  /** The agent takes or gives something that stands at this address. Returns whether another agent is next. */
  took(address: number): boolean;
}

/** A message on its way. */
interface Packet {
  readonly value: unknown;
  /** What its sender had done. */
  readonly snapshot: Int32Array | undefined;
  /** Ends that are handed over with it. */
  readonly ends: readonly ChannelEnd[];
  /** The other end has been closed. */
  readonly isLast: boolean;
}

/** Addresses that stand for ports, above all those of memory. */
export const PORT_ADDRESSES = 0x4000_0000;

/** For each object of the program, the end that it stands for. */
const endOf = new WeakMap<object, ChannelEnd>();
/** Objects that have been handed over, and can no longer be used. */
const detached = new WeakSet<object>();

/** The end that an object of the program stands for. */
export function endOfObject(object: unknown): ChannelEnd | undefined {
  return typeof object === 'object' && object !== null ? endOf.get(object) : undefined;
}

/** How an agent makes the object that its program sees for an end. */
export type PortMaker = (end: ChannelEnd) => Coroutine;

/** One end of a channel. */
export class ChannelEnd implements Source {
  readonly address: number;
  readonly #current: Current;
  readonly #host: PortHost;
  readonly #queue: Packet[] = [];
  peer: ChannelEnd | undefined;
  realm: Realm | undefined;
  isStarted = false;
  isRef = false;
  isClosed = false;
  /** The program's object calls these. */
  onMessage: ((value: unknown) => Coroutine) | undefined;
  onClose: (() => Coroutine) | undefined;

  constructor(current: Current, host: PortHost, number: number) {
    this.#current = current;
    this.#host = host;
    this.address = PORT_ADDRESSES + number * 64;
  }

  get hasWork(): boolean {
    const [first] = this.#queue;
    return first !== undefined && (this.isStarted || first.isLast);
  }
  get pieces(): number {
    return this.#queue.length;
  }

  get isAlive(): boolean {
    return this.isRef && !this.isClosed;
  }

  /** Give the end to an agent, with the object that its program sees. */
  adopt(realm: Realm, object: object | undefined): void {
    this.realm = realm;
    realm.sources.push(this);
    if (object !== undefined) endOf.set(object, this);
  }

  /** Detach the end from its agent. */
  leave(): void {
    this.realm?.removeSource(this);
  }

  /** Send something to the other end. */
  *post(value: unknown, transferList: readonly object[]): Coroutine<void> {
    const { peer } = this;
    const { runtime } = this.#current;
    checkTransferList(transferList, this);
    const ends: ChannelEnd[] = [];
    const transfers = new Map<object, unknown>();
    for (const item of transferList) {
      const end = endOf.get(item);
      if (end === undefined) continue;
      ends.push(end);
      transfers.set(item, end);
    }
    const isPort = (object: object): boolean => endOf.has(object) || detached.has(object);
    const copied = copyForAgent(value, runtime.regions, transfers, isPort);
    for (const item of transferList) hand(item);
    for (const end of ends) end.leave();
    if (peer === undefined || this.isClosed) return;
    const snapshot = runtime.agent < 0 ? undefined : runtime.memory.departure(runtime.agent);
    peer.#come({ value: copied, snapshot, ends, isLast: false });
    if (runtime.agent >= 0 && runtime.depth === 0 && this.#host.took(peer.address)) yield;
  }

  #come(packet: Packet): void {
    this.#queue.push(packet);
    if (this.hasWork && this.realm !== undefined) this.#host.arouse(this.realm.agent);
  }

  /** Take the first message that has come. */
  *receive(maker: PortMaker): Coroutine<{ readonly message: unknown } | undefined> {
    const { runtime } = this.#current;
    if (runtime.agent >= 0 && runtime.depth === 0 && this.#host.took(this.address)) yield;
    const packet = this.#queue.shift();
    if (packet?.isLast === true) this.close();
    if (packet === undefined || packet.isLast) return undefined;
    return { message: yield* this.#opened(packet, maker) };
  }

  *#opened({ value, snapshot, ends }: Packet, maker: PortMaker): Coroutine {
    const { runtime } = this.#current;
    if (snapshot !== undefined) runtime.memory.arrival(runtime.agent, snapshot);
    if (ends.length === 0) return value;
    const objects = new Map<object, unknown>();
    for (const end of ends) objects.set(end, yield* maker(end));
    return copyForAgent(value, runtime.regions, objects);
  }

  maker: PortMaker | undefined;

  *take(): Coroutine {
    const packet = this.#queue.shift();
    if (packet?.isLast === true) {
      this.close();
      return undefined;
    }
    if (packet === undefined || this.maker === undefined) return undefined;
    const value = yield* this.#opened(packet, this.maker);
    if (this.onMessage !== undefined) yield* this.onMessage(value);
    return undefined;
  }

  /**
   * Close the end. Messages that have come can still be taken until the loop's last phase, when the other end learns of
   * it, and are lost then.
   */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.leave();
    const { realm, onClose } = this;
    if (realm === undefined) {
      this.#tellPeer();
      return;
    }
    const tell = (): void => {
      this.#queue.length = 0;
      this.#tellPeer();
    };
    realm.closings.push(function* () {
      tell();
      return onClose === undefined ? undefined : yield* onClose();
    });
    this.#host.arouse(realm.agent);
  }

  #tellPeer(): void {
    const { peer } = this;
    this.peer = undefined;
    if (peer === undefined || peer.isClosed) return;
    peer.peer = undefined;
    peer.#come({ value: undefined, snapshot: undefined, ends: [], isLast: true });
  }

  /** Its agent has ended. */
  abandon(): void {
    this.isClosed = true;
    this.#queue.length = 0;
    this.leave();
    this.#tellPeer();
  }
}

/** Check what is to be handed over. @throws DOMException or TypeError, as Node does */
export function checkTransferList(list: readonly object[], source?: ChannelEnd): void {
  checkTransfers(list, {
    isPort: (item) => endOf.has(item),
    isDetached: (item) => detached.has(item) || endOf.get(item)?.isClosed === true,
    isSource: (item) => source !== undefined && endOf.get(item) === source,
  });
}

/** After an object was handed over, its sender can no longer use it. */
export function hand(item: object): void {
  if (endOf.has(item)) {
    detached.add(item);
    endOf.delete(item);
  } else if (item instanceof ArrayBuffer) {
    structuredClone(item, { transfer: [item] });
  }
}

/** Two ends of a new channel. */
export function channel(
  current: Current,
  host: PortHost,
  number: number,
): readonly [ChannelEnd, ChannelEnd] {
  const ends = [0, 1].map((i) => new ChannelEnd(current, host, number * 2 + i)) as [
    ChannelEnd,
    ChannelEnd,
  ];
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}
