import { describe, expect, it } from 'vitest';
import { createDeployCredentials } from '../../../services/git-host/deploy-credentials.ts';

const open = (text: string) => createDeployCredentials({ latest: async () => text });
const secret = JSON.stringify({
  'github.com/acme': { password: 'folder', 'app-ids': ['acme'] },
  'github.com/acme/live': { password: 'repository', 'app-ids': ['ops'] },
  'github.com/acme/closed': { password: 'nobody', 'app-ids': [] },
  'github.com/acme/unnamed': { password: 'nobody' },
  'git.example.org:8443': { username: 'bot', password: 'host', 'app-ids': ['*'] },
});

describe('the deploy credentials of a repository', () => {
  it.each([
    ['https://github.com/acme/shop.git', 'acme', 'folder'],
    ['https://github.com/Acme/Shop', 'acme', 'folder'],
    ['https://github.com/acme/shop', 'ops', 'withheld'],
    ['https://github.com/acme/live.git', 'ops', 'repository'],
    ['https://github.com/acme/live/', 'acme', 'withheld'],
    ['https://github.com/ACME/LIVE.git', 'acme', 'withheld'],
    ['https://github.com/acme/live-two', 'acme', 'folder'],
    ['https://github.com/acme/closed', 'acme', 'withheld'],
    ['https://github.com/acme/unnamed', 'acme', 'withheld'],
    ['https://github.com/acme/unnamed', '*', 'withheld'],
    ['https://github.com/acme-two/shop', 'acme', undefined],
    ['https://git.example.org:8443/ops/live', 'anybody', 'host'],
    ['https://git.example.org/ops/live', 'anybody', undefined],
    ['https://github.com.example.org/acme/shop', 'acme', undefined],
    // A host may read these as a repository whose credentials are others.
    ['https://github.com/acme//live', 'acme', undefined],
    ['https://github.com/acme/%6cive', 'acme', undefined],
    ['https://github.com/acme%2flive', 'acme', undefined],
  ])(
    'are those of the longest place that it is in, for the app-ids that they name: %s for %s: %s',
    async (url, appId, password) => {
      const found = open(secret)(url, appId);
      if (password === 'withheld') await expect(found).rejects.toThrow(`kept to other app-ids than ${appId}. Add it`);
      else expect((await found)?.token).toBe(password);
    },
  );

  it('are sent with a user that every host takes where none is named', async () => {
    const headerOf = async (url: string, appId: string) => {
      const found = await open(secret)(url, appId);
      return Buffer.from(found?.authorization.replace('Basic ', '') ?? '', 'base64').toString();
    };
    expect(await headerOf('https://github.com/acme/shop', 'acme')).toBe('x-access-token:folder');
    expect(await headerOf('https://git.example.org:8443/ops/live', 'acme')).toBe('bot:host');
  });

  it('are there beside others that are not as they should be', async () => {
    const text = '{"git.example.org": "a-token", "github.com": {"password": "good", "app-ids": ["acme"]}}';
    expect(await open(text)('https://github.com/acme/shop', 'acme')).toMatchObject({ token: 'good' });
  });

  it.each([
    'none',
    '{"github.com": "a-token"}',
    '{"github.com": {"password": "a-token", "app_ids": ["acme"]}}',
    '{"github.com": {"password": "a-token", "app-ids": "acme"}}',
  ])('are refused without a word of the secret: %s', async (text) => {
    const error = await open(text)('https://github.com/acme/shop', 'acme').catch(String);
    expect(error).toMatch(/not as docs\/manifests\.md says/);
    expect(error).not.toContain('a-token');
  });
});
