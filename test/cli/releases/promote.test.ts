import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CloudFormation, createCloudFormation } from '../../../local/aws/cloudformation.ts';
import { createSts } from '../../../local/aws/sts.ts';
import { releaseOf } from '../../functions/targets/delivery-setup.ts';
import { type EndpointHost, hostEndpoint } from '../../local/aws/endpoint-host.ts';
import { type FakeHost, startHost } from '../../services/http.ts';
import { slipway } from '../slipway.ts';

let aws: EndpointHost;
let site: FakeHost;
/** The function, and the API as it goes on. */
let answer: object;
let shown: { state: string; error: string | null }[];
let requests: unknown[];

const stateOf = (state: string, over: object = {}) => ({
  project: 'demo/app:latest',
  target: 'production',
  kind: 'manifest',
  wanted: { ...releaseOf(1), call: { type: 'promotion', by: 'root' } },
  state,
  since: '2026-11-01T00:00:00.000Z',
  attempts: 1,
  delivered: [],
  revision: 1,
  ...over,
});

beforeEach(async () => {
  [answer, shown, requests] = [{ refused: 'Nothing was promoted.' }, [], []];
  site = await startHost(({ path, body }, response) => {
    const send = (content: object) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    if (path.endsWith('/invocations')) {
      requests.push(JSON.parse(body));
      return send(answer);
    }
    const project = { name: 'demo/app:latest', desiredTag: 'latest', active: true, released: null, hold: null };
    if (path.startsWith('/api/v1/projects/demo/app?')) return send({ items: [project], cursor: null });
    const now = shown.length > 1 ? shown.shift() : shown[0];
    return send({ targets: [{ name: 'production', ...now }] });
  });
  aws = await hostEndpoint((account) => [createSts(account), createCloudFormation(account)]);
  (aws.services[1] as CloudFormation).noteStack('Slipway', {
    SiteUrl: site.url,
    TriggersQueueUrl: `${site.url}/queue`,
    WebhooksUrl: `${site.url}/webhooks`,
    WebhookSecretArn: 'arn:secret',
    GitHosts: '[{"kind":"github","url":"https://github.com","apiUrl":"https://api.github.com"}]',
    IndexRepository: 'demo/index',
    PromoteFunctionName: 'promote',
  });
  const { accessKeyId, secretAccessKey } = aws.account.iam.ownerKeys();
  vi.stubEnv('AWS_ENDPOINT_URL', aws.account.endpoint);
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', site.url);
  vi.stubEnv('AWS_REGION', aws.account.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

describe('slipway promote', () => {
  it('says which commit the target has, and who asks is what AWS says', async () => {
    const commitUrl = 'https://git.example/ops/live/commit/1';
    const delivered = [
      { ...releaseOf(1), call: { type: 'promotion' }, deliveredAt: '2026-11-01T00:00:01.000Z', commitUrl },
    ];
    answer = { state: stateOf('delivered', { delivered }) };
    const { code, out } = await slipway(['promote', 'demo/app', '--to', 'production', '--release', '1.0.0']);
    expect([code, out]).toEqual([0, `production has build-1.\n${commitUrl}\n`]);
    expect(requests).toEqual([{ project: 'demo/app:latest', to: 'production', release: '1.0.0', requester: 'root' }]);
  });

  it('is done where a pull request is open', async () => {
    const proposal = { number: 7, url: 'https://git.example/ops/live/pull/7', build: 'build1' };
    answer = { state: stateOf('proposed', { proposal }) };
    const { code, out } = await slipway(['promote', 'demo/app', '--to', 'production']);
    expect(code).toBe(0);
    expect(out).toContain('https://git.example/ops/live/pull/7');
  });

  it('waits for what takes minutes, and fails with its reason', async () => {
    answer = { state: stateOf('pending', { kind: 'service', attempts: 0 }) };
    shown = [
      { state: 'rolling', error: null },
      { state: 'failed', error: 'The container ended.' },
    ];
    const { code, out, err } = await slipway(['deploy', 'demo/app', '--to', 'production']);
    expect(code).toBe(1);
    expect(err).toContain('production gets build-1 now');
    expect(out).toContain('The container ended.');
  });

  it('says what the function refuses', async () => {
    answer = { refused: 'demo/app:latest has no target nowhere. The targets of its entry are: production.' };
    const { code, err } = await slipway(['promote', 'demo/app', '--to', 'nowhere']);
    expect(code).not.toBe(0);
    expect(err).toContain('The targets of its entry are: production.');
  });
});
