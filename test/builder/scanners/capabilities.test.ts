// biome-ignore-all lint/suspicious/noTemplateCurlyInString: labels have variables of their own
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordKeys } from '../../../core/model/builder-contract.ts';
import { scannerReportsSchema } from '../../../core/scanners/report.ts';
import { BuilderSetup } from '../builder-setup.ts';

let setup: BuilderSetup;

beforeAll(async () => {
  setup = await BuilderSetup.open();
});
afterAll(() => setup[Symbol.asyncDispose]());

async function capabilitiesOf(dockerfile: string) {
  const request = setup.request(setup.git.commit('app', { Dockerfile: dockerfile, file: 'text' }));
  const { result, log } = await setup.run(request);
  expect(result.outcome, log).toBe('built');
  const stored = setup.aws.objects.get(`/records/${recordKeys.scanners(request.id)}`) ?? '';
  return scannerReportsSchema.parse(JSON.parse(stored)).reports.find(({ scanner }) => scanner === 'capabilities');
}

test('what the labels of a built image ask for, as the Dockerfile writes them', async () => {
  const report = await capabilitiesOf(
    [
      'FROM scratch',
      'COPY file /',
      'LABEL INSTALL /usr/bin/docker run -ti --rm --privileged -v /:/host IMAGE /container/atomic-install',
      'LABEL run="docker run -d \\',
      '  --net=host --name \\${NAME} \\',
      '  \\${IMAGE} --privileged"',
    ].join('\n'),
  );

  expect(report).toMatchObject({
    state: 'complete',
    findings: [
      { label: 'INSTALL', kind: 'privileged' },
      { label: 'INSTALL', kind: 'host-path', value: '/' },
      { label: 'RUN', kind: 'host-network' },
    ],
    total: 3,
  });
});

test('a label that no shell would take fails the scanner and not the build', async () => {
  const report = await capabilitiesOf('FROM scratch\nCOPY file /\nLABEL RUN="docker run -e A=\'b IMAGE"\n');

  expect(report).toMatchObject({ state: 'failed', reason: expect.stringContaining("a quote (') is not closed") });
});
