import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { glob, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  signal?: AbortSignal;
}

const cdkSchema = z.looseObject({
  context: z.record(z.string(), z.unknown()).default({}),
  /** What the app is made of. */
  watch: z.looseObject({ include: z.array(z.string()) }).optional(),
});
const shownLines = 30;

/** What stands in the context of `cdk.json`. */
export async function readContext(root: string): Promise<Record<string, unknown>> {
  return (await readCdk(root)).context;
}

async function readCdk(root: string): Promise<z.infer<typeof cdkSchema>> {
  return cdkSchema.parse(JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8')));
}

/**
 * Runs the CDK app as the CDK CLI does, so that what is deployed here is what `cdk deploy` would deploy. A folder that holds what the
 * same sources gave before stays as it is.
 * @throws SynthesisError
 */
export async function synthesise({ root, outputFolder, context, signal }: SynthesisOptions): Promise<void> {
  const print = join(outputFolder, 'fingerprint');
  const fingerprint = await fingerprintOf(root, context);
  if (fingerprint !== undefined && (await readFile(print, 'utf8').catch(() => '')) === fingerprint) return;
  await rm(outputFolder, { recursive: true, force: true });
  const child = spawn(process.execPath, [join('infra', 'app.ts')], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: outputFolder, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal }),
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
  if (fingerprint !== undefined) await writeFile(print, fingerprint);
}

/** Undefined when `cdk.json` does not say what the app is made of. */
async function fingerprintOf(root: string, context: Record<string, unknown>): Promise<string | undefined> {
  const { watch } = await readCdk(root);
  if (watch === undefined) return undefined;
  const files = ['cdk.json', 'package.json', 'package-lock.json'];
  for (const pattern of watch.include) {
    for await (const entry of glob(pattern, { cwd: root, withFileTypes: true })) {
      if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
    }
  }
  const hash = createHash('sha256').update(`${process.version}\0${JSON.stringify(context)}`);
  for (const file of files.toSorted()) {
    const content = await readFile(file.startsWith(root) ? file : join(root, file)).catch(() => '');
    hash.update(`\0${file}\0`).update(content);
  }
  return hash.digest('hex');
}
