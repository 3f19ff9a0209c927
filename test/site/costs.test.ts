import { expect, it } from 'vitest';
import { sampleBuild, sampleSite } from './sample-site.ts';

const cost = { machineUsd: 0.02, controlUsd: 0.0006, storageUsdPerMonth: 0.01, pricesOf: '2026-11-29' };
const builds = [
  sampleBuild(1, { project: 'demo/app:latest', createdAt: '2026-10-21T10:00:00.000Z', cost }),
  sampleBuild(2, { project: 'demo/app:latest', createdAt: '2026-10-22T10:00:00.000Z', cost }),
  sampleBuild(3, { project: 'demo/web:latest', createdAt: '2026-10-23T10:00:00.000Z', cost }),
  sampleBuild(4, { project: 'demo/web:latest', createdAt: '2026-09-23T10:00:00.000Z', cost }),
];

it('the page of a month says what it cost, and each project of it, the dearest first', async () => {
  const { text } = await sampleSite({ builds })('/costs?month=2026-10');
  expect(text).toContain('3 builds cost $0.0618 on AWS, of which $0.0018 is not for their machines.');
  expect(text.indexOf('demo/app:latest')).toBeLessThan(text.indexOf('demo/web:latest'));
  expect(text).toContain('Prices of us-east-1');
});

it('the page of one project leads to that of each month', async () => {
  const { text } = await sampleSite({ builds })('/costs?month=2026-09&project=demo/web:latest');
  expect(text).toContain('Costs of 2026-09: demo/web:latest');
  expect(text).toContain('1 build cost');
});

it('a page is small even if each of its builds is another project’s, and leads to the next', async () => {
  const many = Array.from({ length: 1000 }, (_, number) =>
    sampleBuild(number, { project: `team0/service-${number}:latest`, createdAt: '2026-10-21T10:00:00.000Z', cost }),
  );
  const { bytes, text } = await sampleSite({ builds: many })('/costs?month=2026-10');
  expect(bytes.byteLength).toBeLessThan(60_000);
  expect(text).toContain('Next page');
});

it('a build’s page and its JSON have its cost', async () => {
  const site = sampleSite({ builds });
  expect((await site(`/builds/${builds[0]?.id}`)).text).toContain('$0.0206');
  expect(JSON.parse((await site(`/api/v1/builds/${builds[0]?.id}`)).text).cost).toEqual(cost);
});

it('the JSON has the sums', async () => {
  const answer = JSON.parse((await sampleSite({ builds })('/api/v1/costs?month=2026-10')).text);
  expect(answer).toMatchObject({ month: '2026-10', cursor: null });
  expect(answer.items).toMatchObject([
    { project: 'demo/app:latest', builds: 2, machineUsd: 0.04 },
    { project: 'demo/web:latest', builds: 1, machineUsd: 0.02 },
  ]);
});

it('what is no month is refused', async () => {
  expect((await sampleSite({ builds })('/api/v1/costs?month=2026-13')).statusCode).toBe(400);
});
