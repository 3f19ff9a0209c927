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

/**
 * What every Lambda bundle of the synthesised stack takes to be imported: a new process for each import, one bundle after the other.
 * Processor time, as a function has a share of a processor that depends on its memory (docs/decisions/memory-of-functions.md).
 */
export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bundles-'));
  try {
    const files = new Map([...functionBundles(folder), ['plain handler', await plainBundle(folder)]]);
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, '');
    const imports = new Map<string, Import[]>([...files.keys(), ''].map((name) => [name, []]));
    for (let at = 0; at < runs; at++) {
      imports.get('')?.push(importOf(empty));
      for (const [name, file] of files) imports.get(name)?.push(importOf(file));
    }
    const middle = (name: string, of: keyof Import) => median((imports.get(name) ?? []).map((each) => each[of]));
    const floor = middle('', 'milliseconds');
    const own = (name: string) => middle(name, 'milliseconds') - floor;
    const rows: Row[] = [...files].flatMap(([name, file]) => [
      { benchmark: 'bundles', figure: `${name}: size`, value: statSync(file).size / 1000, unit: 'kB' },
      { benchmark: 'bundles', figure: `${name}: cold import`, value: own(name), unit: 'ms' },
      { benchmark: 'bundles', figure: `${name}: memory after it`, value: middle(name, 'megabytes'), unit: 'MB' },
    ]);
    const ratio = own('webhook') / own('plain handler');
    rows.push({
      benchmark: 'bundles',
      figure: 'webhook: import against the plain handler',
      value: ratio,
      unit: '×',
      ...atMost(0.5, ratio),
    });
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Import {
  milliseconds: number;
  megabytes: number;
}

/**
 * As Lambda's runtime loads it: a `.cjs` by `require`. An import would also read the whole file for the names of its exports.
 * https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/blob/main/src/UserFunction.js
 */
function importOf(file: string): Import {
  const name = JSON.stringify(file);
  const program = `import { createRequire } from 'node:module';
${file.endsWith('.cjs') ? `createRequire(import.meta.url)(${name})` : `await import(${name})`};
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ milliseconds: (userCPUTime + systemCPUTime) / 1000, megabytes: maxRSS / 1000 }));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: { AWS_REGION: 'us-east-1' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${file} cannot be imported: ${stderr}`);
  return JSON.parse(stdout) as Import;
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
      return [kebab, join(output, `asset.${Properties.Code.S3Key.replace(/\.zip$/, '')}`, 'index.cjs')] as [
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
