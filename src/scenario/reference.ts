/** How a scenario is named across threads, checkpoints and tokens. */

/** A scenario by the file that exports it and its name. */
export interface ScenarioReference {
  readonly file: string;
  readonly name: string;
  /** File that replaces kernel functions. */
  readonly replace?: string;
}
