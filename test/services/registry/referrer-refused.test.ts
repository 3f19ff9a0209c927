import type { ECRClient } from '@aws-sdk/client-ecr';
import { expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import { openRegistry, ReferrerRefusedError } from '../../../services/registry/registry.ts';
import { startFakeRegistry } from '../../builder/fake-registry.ts';

const sbom = { type: 'application/spdx+json', name: 'sbom.spdx.json', bytes: Buffer.from('{}') };

/** What comes of an SBOM that is put beside an image of a registry that answers so. */
async function attach(status: number): Promise<unknown> {
  await using fake = await startFakeRegistry({ refuseManifests: { status, code: 'REFUSED' } });
  const digest = fake.put('demo/app', 'v1', { schemaVersion: 2 });
  const answer = { authorizationData: [{ authorizationToken: 'QVdTOng=', proxyEndpoint: fake.url }] };
  const registry = await openRegistry({ send: async () => answer } as unknown as ECRClient);
  return await registry.attach('demo/app', digest, sbom).catch((error: unknown) => error);
}

it.each([400, 405, 415, 422])(
  'an SBOM that the registry does not take (%s) is told from other trouble',
  async (status) => {
    const error = await attach(status);
    expect(error).toBeInstanceOf(ReferrerRefusedError);
    expect(String(error)).toMatch(new RegExp(`does not take sbom\\.spdx\\.json beside the image: ${status} .*REFUSED`));
  },
);

it.each([403, 429, 500, 503])('%s is no refusal of the SBOM', async (status) => {
  const error = await attach(status);
  expect(error).toBeInstanceOf(UpstreamError);
  expect(String(error)).toContain(`answered ${status}`);
  expect(error).not.toBeInstanceOf(ReferrerRefusedError);
});
