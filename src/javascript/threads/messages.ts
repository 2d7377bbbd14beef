/** The messages to and from the threads of a program that runs on real threads. */

import type { MessagePort } from 'node:worker_threads';
import type { OutcomeRules } from '../program.js';

/** A program: its file, and its name there. */
export interface NamedProgram {
  readonly file: string;
  readonly name: string;
}

/** A thread that is one of the program's. */
export interface AgentTask {
  readonly role: 'agent';
  readonly program: NamedProgram;
  readonly index: number;
  readonly agents: number;
  readonly seed: number;
  /** Words of the rendezvous of this program's threads. */
  readonly control: SharedArrayBuffer;
  /** The thread ends with its first execution. */
  readonly isFresh: boolean;
  readonly port: MessagePort;
}

/** The thread that makes what the others share, and says what an execution has come to. */
export interface ObserverTask {
  readonly role: 'observer';
  readonly program: NamedProgram;
  readonly port: MessagePort;
}

/** What each execution shares, from number `from` on. */
export interface Batch {
  readonly from: number;
  readonly shared: readonly unknown[];
}

/** How one thread of an execution has ended. */
export type Ended =
  | { readonly kind: 'returned'; readonly execution: number; readonly value: unknown }
  | { readonly kind: 'threw'; readonly execution: number; readonly what: string }
  | { readonly kind: 'unsettled'; readonly execution: number };

/** What a thread of the program says, or its owner of it. */
export type AgentMessage =
  | Ended
  | { readonly kind: 'ready' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly message: string };

/** What is asked of the observer. */
export type ObserverRequest =
  | { readonly kind: 'make'; readonly from: number; readonly count: number }
  | {
      readonly kind: 'observe';
      readonly execution: number;
      readonly returned: readonly unknown[];
    };

/** What a program needs on real threads. */
export interface ProgramFacts {
  readonly kind: 'facts';
  readonly threads: number;
  /** Path of the main module, of a program that has one instead of threads. */
  readonly main: string | undefined;
  /** Its modules have state, or its threads leave work behind: each execution gets threads of its own. */
  readonly isFresh: boolean;
  readonly rules: OutcomeRules;
}

/** The answers of the observer. */
export type ObserverMessage =
  | ProgramFacts
  | { readonly kind: 'made'; readonly batch: Batch }
  | { readonly kind: 'observed'; readonly execution: number; readonly outcome: string }
  | { readonly kind: 'failed'; readonly message: string };
