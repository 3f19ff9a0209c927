import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Finding } from './finding.ts';
import { type ImageContent, writeLayout } from './image-layout.ts';
import { ScanFailedError } from './record-scanner.ts';
import { type Tool, type ToolName, tools } from './tools.ts';

const timeLimit = 10 * 60 * 1000;
const outputLimit = 256 * 1024 * 1024;

/** Where a program is, as a shell would find it. */
export function findOnPath(name: string, searchPath = process.env.PATH ?? ''): string | undefined {
  return searchPath
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets a scanner that is installed look at an image.
 * @throws ScanFailedError with what the scanner said last
 */
export async function scanWithTool(
  name: ToolName,
  program: string,
  image: ImageContent,
  folder: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const tool: Tool = tools[name];
  const layout = await writeLayout(folder, image);
  try {
    const output = await run(program, await tool.arguments(layout, image), tool.exitCodes, signal);
    return tool.parse(JSON.parse(output));
  } catch (cause) {
    if (cause instanceof ScanFailedError) throw new ScanFailedError(`${name}: ${cause.message}`, { cause });
    const isAnswer = cause instanceof SyntaxError || cause instanceof z.ZodError;
    const reason = isAnswer ? 'gave an answer of an unknown form' : String(cause);
    throw new ScanFailedError(`${name}: ${reason}`, { cause });
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

function run(program: string, args: string[], exitCodes: number[], signal: AbortSignal): Promise<string> {
  const options = {
    timeout: timeLimit,
    maxBuffer: outputLimit,
    killSignal: 'SIGKILL',
    env: environment(),
    signal,
  } as const;
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null || (typeof error.code === 'number' && exitCodes.includes(error.code))) resolve(stdout);
      else if (error.killed && !signal.aborted) {
        reject(new ScanFailedError(`did not end within ${timeLimit / 60_000} minutes, or wrote too much`));
      } else reject(new ScanFailedError(lastLine(stderr) ?? error.message, { cause: error }));
    });
  });
}

/** The scanner reads untrusted users' images: it gets no credentials of this process. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^AWS_|TOKEN|SECRET|PASSWORD/i.test(name)));
}

function lastLine(output: string): string | undefined {
  const line = output
    .trimEnd()
    .split('\n')
    .at(-1)
    ?.replace(/\p{Cc}/gu, ' ')
    .trim();
  return line ? line.slice(0, 1000) : undefined;
}
