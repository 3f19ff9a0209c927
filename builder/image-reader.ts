import { readFile } from 'node:fs/promises';
import { exit } from 'node:process';
import { ImageRoot } from './image-root.ts';
import { readContents } from './packages/installed-packages.ts';
import type { ReaderAnswer, ReaderTask, TaskInput } from './reader-tasks.ts';
import { changedFiles } from './scanners/compare-files.ts';
import { toolOrigin } from './scanners/tool-origin.ts';

type Tasks = {
  [Task in ReaderTask]: (root: ImageRoot, input: TaskInput<Task> & { workspace: string }) => ReaderAnswer<Task>;
};

const tasks: Tasks = {
  contents: readContents,
  'tool-origin': toolOrigin,
  'changed-files': changedFiles,
};

/** Reads files of an image in a process of its own, which `confined-reader.ts` starts: prints the answer, or the reason on stderr. */
async function main<Task extends ReaderTask>(task: Task, inputFile: string): Promise<void> {
  const { root, ...input } = JSON.parse(await readFile(inputFile, 'utf8'));
  process.stdout.write(JSON.stringify(tasks[task](new ImageRoot(root), input)));
}

const [task = '', inputFile = ''] = process.argv.slice(2);
main(task as ReaderTask, inputFile).catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`, () => exit(1));
});
