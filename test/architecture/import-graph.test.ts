import { expect, it } from 'vitest';
import { drawImportGraph } from './import-graph.ts';
import { parseSourceFile, readSourceFiles } from './source-files.ts';

it('is drawn in docs/import-graph.md as it is', async () => {
  await expect(drawImportGraph(readSourceFiles())).toMatchFileSnapshot('../../docs/import-graph.md');
});

it('leaves out an arrow that follows from others', () => {
  const drawn = drawImportGraph([
    parseSourceFile('core/mail/a.ts', "import '../index/b.ts'; import type { C } from '../sources/c.ts';"),
    parseSourceFile('core/index/b.ts', "import '../sources/c.ts'; import '../text/d.ts';"),
    parseSourceFile('core/sources/c.ts', ''),
    parseSourceFile('core/text/d.ts', ''),
  ]);
  expect(drawn.match(/core_.* --> .*/g)).toEqual(['core_index --> core_sources', 'core_mail --> core_index']);
});
