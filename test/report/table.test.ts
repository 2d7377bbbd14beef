import test from 'ava';
import { formatNumber, renderTable } from '../../src/report/table.js';

test('columns are as wide as their widest cell, and no line ends with a space', (t) => {
  const columns = [{ title: 'task' }, { title: 'n', align: 'right' }, { title: 'note' }] as const;
  const table = renderTable(columns, [['a', '1'], ['longer', '1,000', 'why'], []]);
  t.is(
    table,
    ['task        n  note', '------  -----  ----', 'a           1', 'longer  1,000  why', ''].join(
      '\n',
    ),
  );
});

test('a character outside the basic plane is one column wide', (t) => {
  t.is(renderTable([{ title: 'x' }, { title: 'y' }], [['𝒜', 'b']]), 'x  y\n-  -\n𝒜  b');
});

test('a cell too many is an error, not a table that hides it', (t) => {
  t.throws(() => renderTable([{ title: 'x' }], [['1', '2']]), {
    instanceOf: RangeError,
    message: 'a row has 2 cells for 1 columns',
  });
});

test('numbers have about three digits at every size', (t) => {
  const written = [0, 0.00123, 0.5, 1, 35.24, 999.6, 1234567, -0.25, NaN].map(formatNumber);
  t.deepEqual(written, [
    '0',
    '0.00123',
    '0.500',
    '1.00',
    '35.2',
    '1,000',
    '1,234,567',
    '-0.250',
    '–',
  ]);
});
