import { describe, expect, it } from 'vitest';
import { reasonAnnotations } from '../../../core/git-host/reason-annotations.ts';
import type { Build } from '../../../core/model/build.ts';
import { buildOf } from '../../functions/services-setup.ts';

const dockerfile = `ARG RELEASE=12
FROM golang:1.24 AS build
RUN apt-get install -y openssl
FROM debian:\${RELEASE} AS base
FROM base
RUN apt-get update \\
 && apt-get install -y --no-install-recommends \\
      curl=8.1 \\
      "nginx"
RUN npm install left-pad@1.0 && make   all
RUN echo curl-minimal
`;

/** The lines and messages of a build of this file. */
function annotationsOf(change: Partial<Build>, { text = dockerfile, target }: { text?: string; target?: string } = {}) {
  const build = buildOf('b1', { status: 'blocked', ...change });
  return reasonAnnotations(build, { path: 'images/Dockerfile', text, target }).map(
    ({ start_line, end_line, title, message }) => {
      expect(end_line).toBe(start_line);
      return [start_line, title, message];
    },
  );
}

const blocked = (reasons: Record<string, string>, outcome: 'block' | 'pass' = 'block') => ({
  verdict: { outcome, reasons: Object.keys(reasons), packages: Object.values(reasons), counts: {} },
});

describe('why an image was not released is shown', () => {
  it('at the line that installs a vulnerable package, or else at the image that has it', () => {
    const reasons = {
      'CVE-1 in curl.': 'curl',
      'CVE-2 in libc6.': 'libc6',
      'CVE-3 in zlib1g.': 'zlib1g',
      'CVE-4 in nginx.': 'nginx',
      'CVE-5 in left-pad.': 'left-pad',
      'The label asks for privileges.': '',
    };
    expect(annotationsOf(blocked(reasons))).toEqual([
      [8, 'Blocked', 'CVE-1 in curl.'],
      [4, 'Blocked', 'CVE-2 in libc6.\nCVE-3 in zlib1g.'],
      [9, 'Blocked', 'CVE-4 in nginx.'],
      [10, 'Blocked', 'CVE-5 in left-pad.'],
    ]);
  });

  it('at the image of the stage that was asked for', () => {
    expect(annotationsOf(blocked({ 'CVE-2 in libc6.': 'libc6' }), { target: 'build' })).toEqual([
      [2, 'Blocked', 'CVE-2 in libc6.'],
    ]);
  });

  it('with the first ten reasons of a line, and how many more there are', () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`CVE-${at}.`, 'libc6']));
    const [[, , message] = []] = annotationsOf(blocked(many));
    expect(String(message).split('\n').slice(-2)).toEqual(['CVE-9.', '- … and 2 more']);
  });

  it.each([
    [
      'at the instruction that failed',
      'The instruction RUN npm install left-pad@1.0 && make all failed: exit status 2. X',
      10,
    ],
    ['at an instruction of several lines', 'The instruction RUN apt-get update   && apt-get install -y … failed. X', 6],
    ['at the line that cannot be read', 'The Dockerfile cannot be built. Line 3: ARG needs a name.', 3],
  ])('%s', (_, message, line) => {
    const failure = { error: 'DockerfileFailedError', message };
    expect(annotationsOf({ status: 'failed', failure })).toEqual([[line, 'Failed', message]]);
  });

  it.each([
    ['an image that passed', blocked({ 'CVE-2 in libc6.': 'libc6' }, 'pass')],
    [
      'a build that an older version judged',
      { verdict: { outcome: 'block' as const, reasons: ['CVE-1.'], counts: {} } },
    ],
    ['a failure that is of no line', { failure: { error: 'X', message: 'The machine went away.' } }],
    ['an instruction that the file has not', { failure: { error: 'X', message: 'The instruction RUN x failed. ' } }],
  ])('nowhere for %s', (_, change) => {
    expect(annotationsOf(change)).toEqual([]);
  });

  it('only at what the file has, where a script made another of it', () => {
    const reasons = blocked({ 'CVE-1 in curl.': 'curl', 'CVE-2 in libc6.': 'libc6' });
    expect(annotationsOf(reasons, { text: 'RUN apk add curl\n@@BASE@@\n' })).toEqual([
      [1, 'Blocked', 'CVE-1 in curl.'],
    ]);
  });
});
