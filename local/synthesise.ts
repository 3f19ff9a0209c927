import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cp, glob, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** The CDK app did not synthesise; the message is what it wrote. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

export interface SynthesisOptions {
  /** Where `cdk.json` stands. */
  root: string;
  outputFolder: string;
  /** Goes before the context of `cdk.json`. */
  context: Record<string, unknown>;
  /** Where cloud assemblies are kept for others that are made of the same; several processes may use it at once. */
  cacheFolder?: string;
  /** Hears that the app has to be run, which takes seconds. */
  onRun?: (() => void) | undefined;
  signal?: AbortSignal;
}

const cdkSchema = z.looseObject({
  context: z.record(z.string(), z.unknown()).default({}),
  /** What the app is made of. */
  watch: z.looseObject({ include: z.array(z.string()) }).optional(),
});
/** Beside the sources: how CDK and TypeScript are configured, which packages are asked for, and which are installed. */
export const alsoMadeOf = [
  'cdk.json',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
  'node_modules/.package-lock.json',
];
const shownLines = 30;
/** An assembly has about 25 MB: this is the one of the sources as they stand, and a few of what they were or of other configurations. */
const mostKept = 4;

/** The context of `cdk.json`. */
export async function readContext(root: string): Promise<Record<string, unknown>> {
  return (await readCdk(root)).context;
}

async function readCdk(root: string): Promise<z.infer<typeof cdkSchema>> {
  return cdkSchema.parse(JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8')));
}

/**
 * Runs the CDK app as the CDK CLI does, so that what is deployed here is what `cdk deploy` would deploy; unless the output folder or the
 * cache has what the same sources, packages and context gave before.
 * @throws SynthesisError
 */
export async function synthesise(options: SynthesisOptions): Promise<void> {
  const { root, outputFolder, context, cacheFolder } = options;
  const print = join(outputFolder, 'fingerprint');
  const fingerprint = await fingerprintOf(root, context);
  if (fingerprint !== undefined && (await readFile(print, 'utf8').catch(() => '')) === fingerprint) return;
  await rm(outputFolder, { recursive: true, force: true });
  const kept = fingerprint !== undefined && cacheFolder !== undefined ? join(cacheFolder, fingerprint) : undefined;
  if (kept === undefined || !(await take(kept, outputFolder))) {
    await runApp(options);
    // Somebody changed a file meanwhile, and which of the two the app has read is not known.
    if ((await fingerprintOf(root, context)) !== fingerprint) return;
    if (kept !== undefined) await keep(outputFolder, kept);
  }
  // It is written last: a folder that has it is complete.
  if (fingerprint !== undefined) await writeFile(print, fingerprint);
}

async function runApp({ root, outputFolder, context, onRun, signal }: SynthesisOptions): Promise<void> {
  onRun?.();
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, [join('infra', 'app.ts')], {
    cwd: root,
    env: {
      // No more than this of the environment: what the app could read of it would have to be a part of the fingerprint.
      PATH,
      HOME,
      TMPDIR,
      CDK_OUTDIR: outputFolder,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      // CDK's rules for templates take half of the time. They are the concern of `cdk synth`; one machine has its own in `template/`.
      CDK_VALIDATION: 'false',
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'slipway'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const ending = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, killed) => resolve(code ?? killed ?? 'no exit code'));
  });
  if (ending !== 0) {
    const lines = Buffer.concat(output).toString().trimEnd().split('\n').slice(-shownLines);
    throw new SynthesisError(`The CDK app did not synthesise (${ending}):\n${lines.join('\n')}`);
  }
  // A `package.json` further up must not decide what the assets' `.js` files are.
  await writeFile(join(outputFolder, 'package.json'), '{}\n');
}

/** False when it is not kept, cannot be read by this user, or goes while it is copied: others clear the cache too. */
async function take(kept: string, outputFolder: string): Promise<boolean> {
  try {
    await cp(kept, outputFolder, { recursive: true });
  } catch {
    await rm(outputFolder, { recursive: true, force: true });
    return false;
  }
  // The cache is cleared of what was not used for the longest time. Another user's can be read and not written.
  const now = new Date();
  await utimes(kept, now, now).catch(() => undefined);
  return true;
}

/** Under another name until it is complete. Where it cannot be written, the next start in another folder takes as long as this one. */
async function keep(assembly: string, kept: string): Promise<void> {
  const unfinished = `${kept}.${randomUUID()}`;
  try {
    await mkdir(dirname(kept), { recursive: true });
    await cp(assembly, unfinished, { recursive: true });
    await rename(unfinished, kept);
    await clear(dirname(kept));
  } catch {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function clear(cacheFolder: string): Promise<void> {
  const entries = await Promise.all(
    (await readdir(cacheFolder)).map(async (name) => {
      const path = join(cacheFolder, name);
      return { path, usedAt: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  const oldest = entries.toSorted((one, other) => other.usedAt - one.usedAt).slice(mostKept);
  for (const { path } of oldest) await rm(path, { recursive: true, force: true });
}

/** Undefined when `cdk.json` does not say what the app is made of. */
async function fingerprintOf(root: string, context: Record<string, unknown>): Promise<string | undefined> {
  const { watch } = await readCdk(root);
  if (watch === undefined) return undefined;
  const files: string[] = [];
  for await (const file of glob([...watch.include, ...alsoMadeOf], { cwd: root })) files.push(file);
  const hash = createHash('sha256').update(`${process.version}\0${JSON.stringify(context)}`);
  for (const file of files.toSorted()) {
    const content = await readFile(join(root, file)).catch((error: NodeJS.ErrnoException) => {
      // A folder, or a file that has just gone.
      if (error.code === 'EISDIR' || error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (content !== undefined) hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}
