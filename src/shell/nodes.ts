/** Files and directories that the simulated kernel makes up when somebody looks. */

import { EACCES } from '../kernel/errno.js';

/** A directory: its entries by name. */
export interface DirectoryNode {
  readonly kind: 'directory';
  entries(): string[];
  child(name: string): Node | undefined;
}

/** A file. What it answers is a text, or a negative errno. */
export interface FileNode {
  readonly kind: 'file';
  readonly mode: number;
  /** Whether root may open it for a direction that its mode does not have; reading or writing it then fails. */
  readonly isOpenToRoot?: boolean;
  read?(): Promise<string | number>;
  write?(text: string): Promise<number>;
}

export type Node = DirectoryNode | FileNode;

/** A directory with fixed entries. */
export function directory(children: Readonly<Record<string, Node>>): DirectoryNode {
  return {
    kind: 'directory',
    entries: () => Object.keys(children),
    child: (name) => (Object.hasOwn(children, name) ? children[name] : undefined),
  };
}

/** A directory whose entries come and go. */
export function listing(
  entries: () => string[],
  child: (name: string) => Node | undefined,
): DirectoryNode {
  return { kind: 'directory', entries, child };
}

/** A file that can be read only. */
export const readOnly = (read: () => Promise<string | number>, mode = 0o444): FileNode => ({
  kind: 'file',
  mode,
  read,
});

/** What opening a file for a direction answers: 0 or a negative errno; root may not write what cannot be written. */
export function openFor(node: FileNode, isWrite: boolean): number {
  const isAllowed = node.isOpenToRoot === true || (isWrite ? 'write' in node : 'read' in node);
  return isAllowed ? 0 : -EACCES;
}
