import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { beliefs } from '../../../cli/doctor/beliefs.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'beliefs.md'), 'utf8');
const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;

test('the table in docs/beliefs.md has every belief, what rests on it, and how an account shows it', () => {
  const rows = Object.entries(beliefs).map(([name, { belief, usedIn, command, probe }]) => {
    const files = usedIn.split(', ').map(code).join(', ');
    return `| ${name} | ${belief} | ${files} | ${probe ? 'yes' : 'no'} | ${code(command)} |`;
  });
  expect(page.split('\n').filter((line) => /^\| [a-z][a-z-]+ \|/.test(line) && !line.startsWith('| name'))).toEqual(
    rows,
  );
});

test.each(Object.entries(beliefs))('%s names files that exist, and one command', (_, { usedIn, command }) => {
  for (const file of usedIn.split(', ')) expect(existsSync(join(root, file)), file).toBe(true);
  expect(command).toMatch(/^(?:aws|curl|docker|head|npx) [^\n`]+$/);
});
