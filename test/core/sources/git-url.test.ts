import { describe, expect, it } from 'vitest';
import { judgeGitUrl } from '../../../core/sources/git-url.ts';

describe('the address of a repository is taken', () => {
  it.each([
    'https://github.com/owner/repository.git',
    'https://github.com/owner/repository/',
    'http://git.example/a/b',
    'HTTPS://GitHub.com/Owner/Repository',
    'https://gitlab.com:8443/group/sub/group.git',
    'https://8.8.8.8/a/b',
    'https://[2606:4700::1111]/a/b',
    'https://bücher.example/a/b',
  ])('%s', (written) => {
    expect(judgeGitUrl(written)).toEqual({ url: written });
  });

  it('as https where the old git protocol is written', () => {
    expect(judgeGitUrl('git://github.com/a/b.git')).toEqual({
      url: 'https://github.com/a/b.git',
      advice: expect.stringContaining('https'),
    });
  });
});

describe('refused is', () => {
  it.each([
    ['a file', 'file:///etc/passwd', /http and https only/],
    ['a path', '/srv/git/a', /not the address/],
    ['ssh', 'ssh://git@github.com/a/b', /http and https only/],
    ['the short form of ssh', 'git@github.com:a/b.git', /ssh.*https:\/\/github\.com\/a\/b\.git/],
    ['the short form without a user', 'github.com:a/b.git', /ssh/],
    ['a command of git', 'ext::sh -c "touch /tmp/x"', /not the address/],
    ['a transport of git', 'ext://x/y', /http and https only/],
    ['an option of git', '--upload-pack=touch /tmp/x', /not the address/],
    ['a javascript address', 'javascript:alert(1)', /not the address/],
    ['a blank', 'https://github.com/a b', /white space/],
    ['a backslash', 'https:\\\\github.com\\a', /not the address/],
    ['a backslash in the host', 'https://github.com\\@10.0.0.1/a', /backslash/],
    ['a line break', 'https://github.com/a\n/b', /not the address|hidden/],
    ['a hidden character', 'https://github.com/a\u200b/b', /hidden/],
    ['a query', 'https://github.com/a/b?x=1', /"\?"/],
    ['a fragment', 'https://github.com/a/b#x', /"#"/],
    ['".."', 'https://github.com/a/../b', /"\.\."/],
    ['".." in another spelling', 'https://github.com/a/%2e%2E/b', /"\.\."/],
    ['a host alone', 'https://github.com/', /no repository/],
    ['nothing after the scheme', 'https://', /not the address/],
  ])('%s', (_, written, message) => {
    expect(judgeGitUrl(written)).toEqual({ refusal: expect.stringMatching(message) });
  });

  it.each([
    'https://user:secret@github.com/a/b',
    'https://secret@github.com/a/b',
    'https://:secret@github.com/a/b',
    'https://@github.com/a/b',
    'https://github.com%40x:secret@10.0.0.1/a',
  ])('what has credentials, without saying them again: %s', (written) => {
    const { refusal } = judgeGitUrl(written) as { refusal: string };
    expect(refusal).toMatch(/user name or password/);
    expect(refusal).not.toContain('secret');
  });
});

describe('a private host', () => {
  const hosts = [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'git',
    'git.internal',
    'git.corp',
    'git.local',
    'git.lan',
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '127.0.0.1.',
    '0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '１２７.0.0.1',
    '192.168.257',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a00:1]',
    '[fd00::1]',
    '[fe80::1]',
    '[64:ff9b::a00:1]',
    '[2002:a00:1::]',
  ];
  it.each(hosts)('is refused however it is spelt: %s', (host) => {
    for (const scheme of ['https', 'http', 'git']) {
      expect(judgeGitUrl(`${scheme}://${host}/a/b`)).toEqual({ refusal: expect.stringMatching(/is private/) });
      expect(judgeGitUrl(`${scheme}://${host}:8080/a/b`)).toEqual({ refusal: expect.stringMatching(/is private/) });
    }
  });

  it('is taken if it is allowed, at every port or at the one that is named', () => {
    expect(judgeGitUrl('http://localhost:4600/git/a/b.git', ['localhost'])).toHaveProperty('url');
    expect(judgeGitUrl('http://localhost:4600/git/a/b.git', ['localhost:4600'])).toHaveProperty('url');
    expect(judgeGitUrl('http://localhost:4601/git/a/b.git', ['localhost:4600'])).toHaveProperty('refusal');
    expect(judgeGitUrl('http://127.0.0.1/a/b', ['localhost'])).toHaveProperty('refusal');
    expect(judgeGitUrl('http://[fd00::1]/a/b', ['[fd00::1]'])).toHaveProperty('url');
  });
});
