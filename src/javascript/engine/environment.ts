/** `process.env` of the agents: text by name. */

/** Environments that several agents have, which none of them may change: others would see it in between their steps. */
const shared = new WeakSet<object>();
const known = new WeakSet<object>();

/** An environment of one agent, or the one that it shares with the agent that has started it. */
export function environmentOf(
  given: Readonly<Record<string, string>>,
  refuse: (what: string) => never,
): object {
  if (known.has(given)) return given;
  const changes = (): void => {
    if (shared.has(made)) refuse('changes process.env, which threads share (SHARE_ENV),');
  };
  const made: object = new Proxy(
    { ...given },
    {
      set: (target, name, value) => {
        changes();
        if (typeof name === 'symbol')
          throw new TypeError('Cannot convert a Symbol value to a string');
        target[name] = String(value);
        return true;
      },
      deleteProperty: (target, name) => {
        changes();
        return Reflect.deleteProperty(target, name);
      },
    },
  );
  known.add(made);
  return made;
}

/** Another agent gets it, too. */
export function shareEnvironment<T extends object>(environment: T): T {
  shared.add(environment);
  return environment;
}
