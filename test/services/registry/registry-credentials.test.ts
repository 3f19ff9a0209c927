import { describe, expect, it } from 'vitest';
import { createRegistryCredentials } from '../../../services/registry/registry-credentials.ts';

const logIn = async (image: string, role: string) => ({ user: `${role} for ${image}`, password: '4' });
const open = (text: string) =>
  createRegistryCredentials({ latest: async () => text }, { page: 'docs/destinations.md', logInToEcr: logIn });
const secret = JSON.stringify({
  'ghcr.io': { username: 'host', password: '1', 'app-ids': ['*'] },
  'ghcr.io/acme': { username: 'folder', password: '2', 'app-ids': ['*'] },
  'quay.io/acme/shop': { username: 'image', password: '3', 'app-ids': ['other', '*'] },
  'public.ecr.aws/acme': { role: 'publisher', 'app-ids': ['demo'] },
  'ghcr.io/acme/private': { username: 'private', password: '5', 'app-ids': ['acme', 'acme-tools'] },
  'ghcr.io/acme/unnamed': { username: 'unnamed', password: '7' },
  'ghcr.io/acme/closed': { username: 'closed', password: '6', 'app-ids': [] },
});

describe('the credentials of an image', () => {
  it.each([
    ['ghcr.io/other/shop', 'host'],
    ['ghcr.io/acme/shop', 'folder'],
    ['ghcr.io/acme-two/shop', 'host'],
    ['quay.io/acme/shop', 'image'],
    ['quay.io/acme/shop-two', undefined],
    ['docker.io/acme/shop', undefined],
    ['public.ecr.aws/acme/shop', 'publisher for public.ecr.aws/acme/shop'],
    ['ghcr.io.example.org/acme/shop', undefined],
  ])('are those of the longest folder that it is in: %s', async (image, user) => {
    expect(await open(secret)(image, ['demo'])).toEqual(user === undefined ? user : expect.objectContaining({ user }));
  });

  it.each([
    ['ghcr.io/acme/private', ['acme'], true],
    ['ghcr.io/acme/private/base', ['demo', 'acme-tools'], true],
    ['ghcr.io/acme/private', ['demo'], false],
    ['ghcr.io/acme/private', ['Acme'], false],
    ['ghcr.io/acme/private', ['acme-too'], false],
    ['ghcr.io/acme/private', [], false],
    ['ghcr.io/acme/closed', ['acme'], false],
    ['ghcr.io/acme/unnamed', ['acme'], false],
    ['ghcr.io/acme/unnamed', ['*'], false],
    ['ghcr.io/acme/private', ['*'], false],
    ['public.ecr.aws/acme/shop', ['acme'], false],
    ['ghcr.io/acme/shop', [], true],
  ])(
    'are for the app-ids that they name, for all with "*", and for none where nobody was named: %s for %j: %s',
    async (image, ids, isOpen) => {
      expect((await open(secret)(image, ids)) !== 'withheld').toBe(isOpen);
    },
  );

  it.each([
    'none',
    '{"ghcr.io": "a-token"}',
    '{"ghcr.io": {"username": "a", "password": "a-token", "app_ids": ["acme"]}}',
    '{"ghcr.io": {"username": "a", "password": "a-token", "app-ids": "acme"}}',
  ])('are refused without a word of the secret: %s', async (text) => {
    const error = await open(text)('ghcr.io/acme/shop', ['demo']).catch(String);
    expect(error).toMatch(/not as docs\/destinations\.md says/);
    expect(error).not.toContain('a-token');
  });

  it('that are wrong for one registry are there for the others, and the error says for which', async () => {
    const text = '{"ghcr.io": {"username": "a", "password": "b", "app-ids": ["*"]}, "quay.io/acme": {"username": "a"}}';
    expect(await open(text)('ghcr.io/acme/shop', ['acme'])).toEqual({ user: 'a', password: 'b' });
    await expect(open(text)('quay.io/acme/shop', ['acme'])).rejects.toThrow('has for quay.io/acme is not as');
  });
});
