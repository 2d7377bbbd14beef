/** A name of one letter is for a few lines: a variable that is used further down has its name spelled out. */

/** Lines from where a variable is declared to where it is used last. */
function linesOf({ defs, references }) {
  const first = defs[0].name.loc.start.line;
  return (
    Math.max(first, ...references.map(({ identifier }) => identifier.loc.end.line)) - first + 1
  );
}

const oneLetter = {
  meta: {
    type: 'suggestion',
    schema: [
      {
        type: 'object',
        properties: { lines: { type: 'integer' }, except: { type: 'array' } },
        required: ['lines', 'except'],
      },
    ],
    messages: { short: "'{{name}}' is used over {{lines}} lines: spell it out." },
  },
  create(context) {
    const { lines: most, except } = context.options[0];
    const check = (variable) => {
      const { name, defs } = variable;
      if (name.length > 1 || except.includes(name) || defs.length === 0) return;
      if (defs[0].type === 'Type') return;
      const lines = linesOf(variable);
      if (lines <= most) return;
      context.report({ node: defs[0].name, messageId: 'short', data: { name, lines: `${lines}` } });
    };
    return {
      'Program:exit'() {
        for (const scope of context.sourceCode.scopeManager.scopes) scope.variables.forEach(check);
      },
    };
  },
};

export default { rules: { 'one-letter': oneLetter } };
