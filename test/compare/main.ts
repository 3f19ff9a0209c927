import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDynamodb } from '../../local/aws/dynamodb/dynamodb.ts';
import { createEcr } from '../../local/aws/ecr/ecr.ts';
import { createEcs } from '../../local/aws/ecs/ecs.ts';
import { createEvents } from '../../local/aws/events/events.ts';
import { createIam } from '../../local/aws/iam/iam.ts';
import { createKms } from '../../local/aws/kms/kms.ts';
import { createS3 } from '../../local/aws/s3/s3.ts';
import { createSecretsManager } from '../../local/aws/secrets-manager/secrets-manager.ts';
import { createSes } from '../../local/aws/ses/ses.ts';
import { createSqs } from '../../local/aws/sqs/sqs.ts';
import { createSsm } from '../../local/aws/ssm/ssm.ts';
import { createInbox } from '../../local/inbox/inbox.ts';
import { hostEndpoint } from '../local/aws/endpoint-host.ts';
import { dynamodbCases, prepareDynamodb } from './dynamodb.ts';
import { ecrCases, prepareEcr } from './ecr.ts';
import { ecsCases, prepareEcs } from './ecs.ts';
import { eventsCases, prepareEvents } from './events.ts';
import { kmsCases, prepareKms } from './kms.ts';
import { prepareS3, s3Cases } from './s3.ts';
import { prepareSecrets, secretsCases } from './secrets-manager.ts';
import { prepareSes, sesCases } from './ses.ts';
import type { Case, Side } from './side.ts';
import { prepareSqs, sqsCases } from './sqs.ts';
import { prepareSsm, ssmCases } from './ssm.ts';

/**
 * Makes the same SDK calls against the local AWS and against moto (https://github.com/getmoto/moto, `pip install 'moto[server]'`)
 * and prints the answers side by side: `node test/compare/main.ts [--all] [service…]`. Without `--all` only what differs is printed.
 * Where they differ, AWS's documentation decides; the differences that are known and wanted say why.
 */
const services: Record<string, { prepare(side: Side): Promise<void>; cases: Case[] }> = {
  sqs: { prepare: prepareSqs, cases: sqsCases },
  'secrets-manager': { prepare: prepareSecrets, cases: secretsCases },
  ses: { prepare: prepareSes, cases: sesCases },
  s3: { prepare: prepareS3, cases: s3Cases },
  dynamodb: { prepare: prepareDynamodb, cases: dynamodbCases },
  ecr: { prepare: prepareEcr, cases: ecrCases },
  kms: { prepare: prepareKms, cases: kmsCases },
  ecs: { prepare: prepareEcs, cases: ecsCases },
  events: { prepare: prepareEvents, cases: eventsCases },
  ssm: { prepare: prepareSsm, cases: ssmCases },
};

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const all = process.argv.includes('--all');
const port = await freePort();

const moto = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
await using host = await hostEndpoint((account) => {
  const events = createEvents(account, { invokeAsync: () => undefined });
  account.connect({ emit: (event) => events.emit(event) });
  return [
    createIam(account),
    createSqs(account),
    createSecretsManager(account),
    createS3(account),
    createSes(account, createInbox(account.database)),
    createDynamodb(account),
    createEcr(account, { scanner: 'records' }),
    createKms(account),
    createEcs(account, { has: () => true }),
    events,
    createSsm(account),
  ];
});
const sides: Side[] = [
  { name: 'local', host, settings: host.as(host.account.iam.ownerKeys()), memory: new Map() },
  {
    name: 'moto',
    settings: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
      maxAttempts: 1,
    },
    memory: new Map(),
  },
];

let differing = 0;
try {
  await answering(`http://127.0.0.1:${port}/moto-api/`);
  for (const [name, { prepare, cases }] of Object.entries(services)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    for (const side of sides) await prepare(side);
    for (const one of cases) {
      const answers: string[] = [];
      for (const side of sides) answers.push(JSON.stringify(plain(await outcome(one, side)), null, 2));
      const [ours = '', theirs = ''] = answers;
      const same = ours === theirs;
      if (!same && one.because === undefined) differing += 1;
      if (same && !all) continue;
      console.log(
        `\n${same ? '=' : one.because === undefined ? '≠' : '≈'} ${name}: ${one.name}${same || !one.because ? '' : ` (${one.because})`}`,
      );
      console.log(same ? indent(ours) : `  local ${indent(ours)}\n  moto  ${indent(theirs)}`);
    }
  }
} finally {
  moto.kill();
  await once(moto, 'exit');
}
console.log(`\n${differing} unexplained difference${differing === 1 ? '' : 's'}`);
process.exitCode = differing === 0 ? 0 : 1;

async function outcome({ call }: Case, side: Side): Promise<unknown> {
  try {
    const answer = (await call(side)) as Record<string, unknown> & { $metadata?: { httpStatusCode?: number } };
    // moto sends the consumed capacity to those who have not asked for it.
    const { $metadata, ConsumedCapacity: _capacity, ...output } = answer;
    return { status: $metadata?.httpStatusCode, output };
  } catch (error) {
    const { name, message, $metadata, Item } = error as Error & {
      $metadata?: { httpStatusCode?: number };
      Item?: unknown;
    };
    return { status: $metadata?.httpStatusCode, error: name, message, ...(Item !== undefined && { Item }) };
  }
}

/** The answer with sorted members and without what differs from run to run. */
function plain(value: unknown, key = ''): unknown {
  if (value instanceof Date) return '<time>';
  if (value instanceof Uint8Array) return `<bytes ${Buffer.from(value).toString('hex')}>`;
  if (value instanceof Set) return plain([...value].sort());
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, item]) => ({ name: plainText(name), item: plain(item, name) }));
    const shown = members.map((member) => ({ ...member, text: JSON.stringify(member) }));
    shown.sort((a, b) => (a.text < b.text ? -1 : 1));
    // Ids that stand for names are the same once they are plain.
    const names = shown.map(({ name }) => name);
    return Object.fromEntries(
      shown.map(({ name, item }, at) => [names.indexOf(name) < at ? `${name} ${at}` : name, item]),
    );
  }
  if (/Timestamp$/.test(key)) return '<time>';
  if (/ReceiptHandle$|^SenderId$|^(Next)?ContinuationToken$/.test(key)) return `<${key}>`;
  return typeof value === 'string' ? plainText(value) : value;
}

function plainText(text: string): string {
  return text
    .replace(/http:\/\/[\w.]+:\d+(\/aws)?/g, '<url>')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/(secret:[\w/-]+)-[A-Za-z0-9]{6}\b/g, '$1-<suffix>');
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n        ');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  return free;
}

async function answering(url: string): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer) return;
    if (Date.now() > end) throw new Error(`moto does not answer at ${url}.`);
    await sleep(200);
  }
}
