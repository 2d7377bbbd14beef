/** A run that failed in the middle keeps what it had: its error carries the results so far. */

const partials = new WeakMap<Error, object>();

/** The same error, carrying what was known when it was thrown. */
export function withPartial(error: Error, partial: object): Error {
  partials.set(error, partial);
  return error;
}

/**
 * What a use case had when it threw this error: a result of the type that it returns, as far as it got.
 *
 * @returns undefined when it had nothing
 */
export function partialResult(error: unknown): object | undefined {
  return error instanceof Error ? partials.get(error) : undefined;
}
