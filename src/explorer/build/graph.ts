/** The modules of a program that is made resumable, as its steps hand them on. */

import type { EncodedSourceMap } from '@jridgewell/remapping';
import type { Program } from 'acorn';

/** A module of kernel code as the compiler emitted it. */
export interface ModuleSource {
  /** Absolute path of the JavaScript file, for messages. */
  readonly file: string;
  readonly code: string;
  /** Its own source map, when it was compiled from TypeScript. */
  readonly map?: EncodedSourceMap;
}

/** One module of the program that is made resumable. */
export interface GraphModule {
  readonly source: ModuleSource;
  readonly program: Program;
  /** Specifier → absolute path of another module of the graph, or the new specifier of a shared one. */
  readonly inside: ReadonlyMap<string, string>;
  readonly outside: ReadonlyMap<string, string>;
}
