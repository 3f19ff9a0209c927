import { describe, expect, it } from 'vitest';
import { readChallenges } from '../../../services/registry/challenges.ts';

const read = (header: string) =>
  readChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('the ways to sign in that a registry offers', () => {
  it.each<[string, string, unknown[]]>([
    ['none', '', []],
    [
      'one, as Docker Hub names it',
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull"',
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:library/debian:pull',
          },
        ],
      ],
    ],
    [
      'Bearer, then Basic, in two headers that were joined',
      'Bearer realm="https://r.example/token", Basic realm="Artifactory Realm"',
      [
        ['bearer', { realm: 'https://r.example/token' }],
        ['basic', { realm: 'Artifactory Realm' }],
      ],
    ],
    [
      'Basic before Bearer',
      'Basic realm="r", Bearer realm="https://r.example/token",service="s"',
      [
        ['basic', { realm: 'r' }],
        ['bearer', { realm: 'https://r.example/token', service: 's' }],
      ],
    ],
    [
      'one that has a token instead of parameters',
      'Negotiate YWJjZA==, BEARER Realm=plain',
      [
        ['negotiate', {}],
        ['bearer', { realm: 'plain' }],
      ],
    ],
    [
      'one without parameters',
      'NTLM, Basic realm="r"',
      [
        ['ntlm', {}],
        ['basic', { realm: 'r' }],
      ],
    ],
    [
      'a comma, an equals sign and a quote within quotes',
      'Bearer realm="a, Basic realm=b", service="say \\"hi\\""',
      [['bearer', { realm: 'a, Basic realm=b', service: 'say "hi"' }]],
    ],
    ['blanks around the equals sign', 'Bearer realm = "x" , service = y', [['bearer', { realm: 'x', service: 'y' }]]],
    ['a quote that never ends', 'Bearer realm="x', [['bearer', {}]]],
    ['text that is no challenge', '"realm"', []],
  ])('are read where there is %s', (_, header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  it('are read in no time from a header without end', () => {
    expect(readChallenges(`Bearer ${'realm="x",'.repeat(2000)}`)).toHaveLength(1);
    expect(readChallenges(`Bearer realm="${'\\'.repeat(16_000)}`)).toHaveLength(1);
  });
});
