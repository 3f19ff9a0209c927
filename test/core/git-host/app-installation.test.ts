import { describe, expect, it } from 'vitest';
import { type Installation, installationRefusal, missingPermissions } from '../../../core/git-host/app-installation.ts';

describe('an installation of the GitHub App', () => {
  const whole: Installation = {
    id: 1,
    account: { login: 'acme' },
    permissions: { checks: 'write', contents: 'read', pull_requests: 'write', metadata: 'read' },
    html_url: 'https://github.com/organizations/acme/settings/installations/1',
  };

  it.each<[string, Installation | undefined, 'source' | 'reports', RegExp | undefined]>([
    ['with what is needed gives a token', whole, 'reports', undefined],
    ['with more than is needed does too', { ...whole, permissions: { contents: 'write' } }, 'source', undefined],
    ['that is not there has to be made', undefined, 'source', /^The GitHub App is not installed on acme\/vault\. Have/],
    [
      'that is suspended has to be unsuspended',
      { ...whole, suspended_at: '2026-01-01T00:00:00Z' },
      'source',
      /suspended for acme\. Have an owner of it unsuspend the app: https:\/\/github.com\/organizations\/acme\//,
    ],
    [
      'that lacks permissions names them',
      { ...whole, permissions: { checks: 'read', contents: 'read' } },
      'reports',
      /lacks checks: write, pull_requests: write\. Have an owner of it accept/,
    ],
    [
      'whose address is not known is found in the settings',
      { id: 1, permissions: {} },
      'source',
      /lacks contents: read\. .*: the settings of acme, "Installed GitHub Apps"/,
    ],
  ])('%s', (_, installation, access, refusal) => {
    const said = installationRefusal(installation, 'acme/vault', access);
    if (refusal) expect(said).toMatch(refusal);
    else expect(said).toBeUndefined();
  });
});

it('a permission is missing where less is granted than is wanted', () => {
  const wanted = { checks: 'write', contents: 'read' };
  expect(missingPermissions({ checks: 'write', contents: 'write' }, wanted)).toEqual([]);
  expect(missingPermissions({ checks: 'read' }, wanted)).toEqual(['checks: write', 'contents: read']);
  expect(missingPermissions({ checks: 'strange', contents: 'admin' }, wanted)).toEqual(['checks: write']);
});
