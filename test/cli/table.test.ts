import { expect, it } from 'vitest';
import { tableOf } from '../../cli/table.ts';

const rows = [
  { name: 'demo/app:latest', status: 'released', cause: 'push to refs/heads/main by somebody with a long name' },
  { name: 'demo/base:latest', status: 'failed', cause: 'a\u001b[31m\nb' },
];
const columns = [
  { title: 'PROJECT', text: ({ name }: (typeof rows)[number]) => name, isWhole: true },
  { title: 'STATUS', text: ({ status }: (typeof rows)[number]) => status, style: () => 'red' as const },
  { title: 'CAUSE', text: ({ cause }: (typeof rows)[number]) => cause },
];
const table = (width: number, colours = false) =>
  tableOf({ out: () => undefined, err: () => undefined, width, colours }, columns, rows);

it('fits the terminal, and cuts no name', () => {
  expect(table(60)).toBe(
    [
      'PROJECT           STATUS    CAUSE',
      'demo/app:latest   released  push to refs/heads/main by some…',
      'demo/base:latest  failed    a [31m b',
      '',
    ].join('\n'),
  );
  expect(
    Math.max(
      ...table(60)
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBe(60);
});

it('is whole without titles, and with tabs for a program', () => {
  const lines = table(Number.POSITIVE_INFINITY).split('\n');
  expect(lines[0]).toBe('demo/app:latest\treleased\tpush to refs/heads/main by somebody with a long name');
});

it('has colours that take no room', () => {
  const esc = String.fromCharCode(27);
  const plain = table(60, true).replaceAll(new RegExp(`${esc}\\[\\d+m`, 'g'), '');
  expect(plain).toBe(table(60));
  expect(table(60, true)).toContain(`${esc}[31mfailed${esc}[39m`);
});

it('leaves out what is optional before it cuts the rest to pieces', () => {
  const terminal = { out: () => undefined, err: () => undefined, width: 40, colours: false };
  const optional = columns.map((each) => (each.title === 'STATUS' ? { ...each, isOptional: true } : each));
  expect(tableOf(terminal, optional, rows)).toBe(
    'PROJECT           CAUSE\ndemo/app:latest   push to refs/heads/ma…\ndemo/base:latest  a [31m b\n',
  );
});

it('leaves out what has nothing to say in any row, for people only', () => {
  const blank = columns.map((each) => (each.title === 'STATUS' ? { ...each, text: () => '' } : each));
  const terminal = { out: () => undefined, err: () => undefined, width: 80, colours: false };
  expect(tableOf(terminal, blank, rows).split('\n')[0]).toBe('PROJECT           CAUSE');
  expect(tableOf({ ...terminal, width: Number.POSITIVE_INFINITY }, blank, rows)).toContain('demo/app:latest\t\tpush');
});

it('goes on in a terminal that is too narrow for it', () => {
  expect(table(5)).toContain('demo/app:latest');
});
