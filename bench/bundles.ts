import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { atMost, median, type Row } from './report.ts';

const runs = 15;
const projectRoot = join(import.meta.dirname, '..');

/** What the webhook is measured against: the least that checks a signature and puts the body into a queue. */
const plainHandler = `
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
import { verify } from '@octokit/webhooks-methods';
const queue = new SQSClient({});
export async function handler(event) {
  const signature = event.headers['x-hub-signature-256'] ?? '';
  if (!(await verify(process.env.SECRET, event.body, signature))) return { statusCode: 401 };
  await queue.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: event.body }));
  return { statusCode: 202 };
}
`;

/** Bytes and import time of every Lambda bundle of the synthesised stack; a new process for each import, one bundle after the other. */
export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bundles-'));
  try {
    const files = new Map([...functionBundles(folder), ['plain handler', await plainBundle(folder)]]);
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, '');
    const times = new Map<string, number[]>([...files.keys(), ''].map((name) => [name, []]));
    for (let at = 0; at < runs; at++) {
      times.get('')?.push(importTime(empty));
      for (const [name, file] of files) times.get(name)?.push(importTime(file));
    }
    const floor = median(times.get('') ?? []);
    const own = (name: string) => median(times.get(name) ?? []) - floor;
    const rows: Row[] = [...files].flatMap(([name, file]) => [
      { benchmark: 'bundles', figure: `${name}: size`, value: statSync(file).size / 1000, unit: 'kB' },
      { benchmark: 'bundles', figure: `${name}: cold import`, value: own(name), unit: 'ms' },
    ]);
    const ratio = own('webhook') / own('plain handler');
    rows.push({
      benchmark: 'bundles',
      figure: 'webhook: import against the plain handler',
      value: ratio,
      unit: '×',
      ...atMost(1, ratio),
    });
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function importTime(file: string): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', `await import(${JSON.stringify(file)})`],
    {
      env: { AWS_REGION: 'us-east-1' },
    },
  );
  if (status !== 0) throw new Error(`${file} cannot be imported: ${stderr}`);
  return performance.now() - begun;
}

/** Synthesises the stack, and finds each function's bundle by the entry that its code is named after. */
function functionBundles(folder: string): [string, string][] {
  const output = join(folder, 'cdk.out');
  const { status, stderr } = spawnSync(process.execPath, [join('infra', 'app.ts')], {
    cwd: projectRoot,
    env: {
      ...process.env,
      CDK_OUTDIR: output,
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:enable-path-metadata': true }),
    },
  });
  if (status !== 0) throw new Error(`The stack cannot be synthesised: ${stderr}`);
  const template = readdirSync(output).find((name) => name.endsWith('.template.json')) ?? '';
  const { Resources } = JSON.parse(readFileSync(join(output, template), 'utf8')) as {
    Resources: Record<
      string,
      { Type: string; Properties: { Code: { S3Key: string } }; Metadata?: Record<string, string> }
    >;
  };
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties, Metadata = {} }) => {
      const name = /\/(\w+)\/Function\/Resource$/.exec(Metadata['aws:cdk:path'] ?? '')?.[1] ?? '';
      const kebab = name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
      return [kebab, join(output, `asset.${Properties.Code.S3Key.replace(/\.zip$/, '')}`, 'index.mjs')] as [
        string,
        string,
      ];
    })
    .sort();
}

async function plainBundle(folder: string): Promise<string> {
  const outfile = join(folder, 'plain.mjs');
  await build({
    stdin: { contents: plainHandler, resolveDir: projectRoot },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    outfile,
  });
  return outfile;
}
