import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../core/text/parse-json.ts';
import { giveToReader, readerConfinement } from './engines/confinement.ts';
import type { EngineCall } from './engines/engine.ts';
import { run } from './process.ts';
import { readerProgram } from './reader-program.ts';
import { type ReaderAnswer, type ReaderTask, readerAnswers, type TaskInput } from './reader-tasks.ts';

/** Above what an image with fifty thousand packages and a million files needs; the largest database is copied. */
const limits = { memory: 2 ** 31, file: 2 ** 29 } as const;
const heap = '--max-old-space-size=1536';
/** Of the longest list of packages. */
const outputLimit = 64 * 2 ** 20;

/** The files of an image could not be read. The message is for people. */
export class ImageUnreadableError extends Error {
  override readonly name = 'ImageUnreadableError';
}

/**
 * Has a confined process read files of an image. What is in them may keep their reader busy for ever, or take it over, so it can be
 * stopped and has neither network nor credentials; its answer is checked like anything from outside.
 * @throws ImageUnreadableError, ReaderNotConfinedError, or the signal's reason
 */
export async function readImage<Task extends ReaderTask>(
  task: Task,
  { root, ...input }: TaskInput<Task> & { root: string },
  { workspace, env, signal }: Pick<EngineCall, 'workspace' | 'env' | 'signal'>,
): Promise<ReaderAnswer<Task>> {
  const prefix = await readerConfinement(env, signal, limits);
  const folder = await mkdtemp(join(workspace, 'reader-'));
  const inputFile = join(folder, 'input.json');
  await writeFile(inputFile, JSON.stringify({ root, workspace: folder, ...input }));
  await giveToReader(folder);
  const [command = '', ...args] = [...prefix, process.execPath, heap, readerProgram, task, inputFile];
  const { code, stdout, stderr } = await run(command, args, {
    env: env.PATH === undefined ? {} : { PATH: env.PATH },
    signal,
    cwd: '/',
    // The first process of its namespace, which no SIGTERM ends: https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
    grace: 0,
    outputLimit,
  });
  if (code !== 0) throw new ImageUnreadableError(lastLine(stderr) ?? `Its reader ended with ${code}.`);
  const json = parseJson(stdout);
  if (json === undefined) throw new ImageUnreadableError('Its reader gave no answer.');
  const answer = readerAnswers[task].safeParse(json);
  if (answer.success) return answer.data as ReaderAnswer<Task>;
  const [issue] = answer.error.issues;
  throw new ImageUnreadableError(
    `Its answer has an unexpected form: ${issue?.path.map(String).join('.')}: ${issue?.message}.`,
  );
}

function lastLine(text: string): string | undefined {
  return text.split('\n').findLast((line) => line.trim() !== '');
}
