import {
  BatchGetRepositoryScanningConfigurationCommand,
  CreateRepositoryCommand,
  ECRClient,
  GetRegistryScanningConfigurationCommand,
  PutRegistryScanningConfigurationCommand,
  type PutRegistryScanningConfigurationCommandInput,
} from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RegistryMachine, startRegistryMachine } from '../registry/registry-machine.ts';
import { makeRole } from './role.ts';

let machine: RegistryMachine;
let ecr: ECRClient;
const names = ['prod', 'repo-prod', 'prod-repo', 'repo-prod-repo', 'prodrepo'];

beforeAll(async () => {
  machine = await startRegistryMachine();
  ecr = clientFor(machine.account.iam.ownerKeys());
  for (const repositoryName of names) await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const imageScanningConfiguration = { scanOnPush: true };
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'older', imageScanningConfiguration }));
});

afterAll(() => machine.stop());

const clientFor = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new ECRClient({ endpoint: `${machine.url}/aws`, region: 'us-east-1', credentials, maxAttempts: 1 });

const put = (input: PutRegistryScanningConfigurationCommandInput) =>
  ecr.send(new PutRegistryScanningConfigurationCommand(input));

const rule = (scanFrequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN', ...filters: string[]) => ({
  scanFrequency,
  repositoryFilters: filters.map((filter) => ({ filter, filterType: 'WILDCARD' as const })),
});

async function frequencies(repositoryNames: string[]) {
  const answer = await ecr.send(new BatchGetRepositoryScanningConfigurationCommand({ repositoryNames }));
  return (answer.scanningConfigurations ?? []).map(({ scanFrequency }) => scanFrequency);
}

describe('the scanning of the registry', () => {
  test('is basic, and manual but for repositories that want more, until somebody says otherwise', async () => {
    expect(await ecr.send(new GetRegistryScanningConfigurationCommand({}))).toMatchObject({
      registryId: '123456789012',
      scanningConfiguration: { scanType: 'BASIC', rules: [] },
    });
    expect(await frequencies(['prod', 'older'])).toEqual(['MANUAL', 'SCAN_ON_PUSH']);
  });

  // The table of https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
  test.each([
    ['prod', [true, true, true, true, true]],
    ['*prod', [true, true, false, false, false]],
    ['prod*', [true, false, true, false, true]],
    ['*prod*', [true, true, true, true, true]],
    ['prod*repo', [false, false, true, false, true]],
  ])('with the filter %s is for the repositories that ECR says', async (filter, scanned) => {
    for (const scanType of ['BASIC', 'ENHANCED'] as const) {
      await put({ scanType, rules: [rule('SCAN_ON_PUSH', filter)] });
      expect((await frequencies(names)).map((frequency) => frequency === 'SCAN_ON_PUSH')).toEqual(scanned);
    }
  });

  test('is continuous where both kinds of filters match, whatever a repository says for itself', async () => {
    const rules = [rule('SCAN_ON_PUSH', '*'), rule('CONTINUOUS_SCAN', 'repo-*')];
    const { registryScanningConfiguration } = await put({ scanType: 'ENHANCED', rules });
    expect(registryScanningConfiguration).toEqual({ scanType: 'ENHANCED', rules });
    const repositoryNames = ['repo-prod', 'prod', 'nowhere'];
    expect(await ecr.send(new BatchGetRepositoryScanningConfigurationCommand({ repositoryNames }))).toMatchObject({
      scanningConfigurations: [
        {
          repositoryArn: 'arn:aws:ecr:us-east-1:123456789012:repository/repo-prod',
          repositoryName: 'repo-prod',
          scanOnPush: false,
          scanFrequency: 'CONTINUOUS_SCAN',
          appliedScanFilters: [{ filter: 'repo-*', filterType: 'WILDCARD' }],
        },
        { repositoryName: 'prod', scanOnPush: true, scanFrequency: 'SCAN_ON_PUSH' },
      ],
      failures: [{ repositoryName: 'nowhere', failureCode: 'REPOSITORY_NOT_FOUND' }],
    });
    await put({ scanType: 'ENHANCED', rules: [] });
    expect(await frequencies(['older'])).toEqual(['MANUAL']);
    await machine.restart();
    expect(await ecr.send(new GetRegistryScanningConfigurationCommand({}))).toMatchObject({
      scanningConfiguration: { scanType: 'ENHANCED' },
    });
  });

  test.each([
    ['continuous', { scanType: 'BASIC' as const, rules: [rule('CONTINUOUS_SCAN', '*')] }],
    ['told twice', { scanType: 'ENHANCED' as const, rules: [rule('SCAN_ON_PUSH', 'a'), rule('SCAN_ON_PUSH', 'b')] }],
    ['of too many rules', { rules: [rule('SCAN_ON_PUSH'), rule('CONTINUOUS_SCAN'), rule('SCAN_ON_PUSH')] }],
    ['with a filter that is none', { rules: [rule('SCAN_ON_PUSH', 'Upper Case')] }],
  ])('is not %s', async (_, input) => {
    await expect(put(input)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('is changed by those who may, and enhanced by those who may activate Inspector', async () => {
    const role = makeRole(machine.account, 'lambda.amazonaws.com', ['ecr:PutRegistryScanningConfiguration']);
    const mayPut = clientFor(machine.account.iam.keysOf(role));
    const command = (scanType: 'BASIC' | 'ENHANCED') =>
      new PutRegistryScanningConfigurationCommand({ scanType, rules: [] });
    await mayPut.send(command('BASIC'));
    await expect(mayPut.send(command('ENHANCED'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
