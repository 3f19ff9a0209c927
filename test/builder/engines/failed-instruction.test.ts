import { describe, expect, test } from 'vitest';
import { failedInstruction, pullLimit, startFailure, startLimit } from '../../../builder/engines/failed-instruction.ts';

/** As engines print it; from public reports. */
const limited = {
  'BuildKit, with the message on the same line': [
    '#3 ERROR: failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/arm64v8/debian/manifests/sha256:53: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
    'ERROR: failed to solve: arm64v8/debian:12: failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/arm64v8/debian/manifests/sha256:53: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
  ],
  'BuildKit, with the message on the next line': [
    ' > [internal] load metadata for docker.io/library/ubuntu:jammy:',
    '   5 | >>> FROM ubuntu:jammy',
    'ERROR: failed to build: failed to solve: ubuntu:jammy: failed to resolve source metadata for docker.io/library/ubuntu:jammy: failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry-1.docker.io/v2/library/ubuntu/manifests/sha256:96: 429 Too Many Requests',
    'toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
  ],
  "BuildKit, at another registry's HEAD": [
    'ERROR: failed to build: failed to solve: nvidia/cuda:12.2.2: failed to resolve source metadata for docker.io/nvidia/cuda:12.2.2: unexpected status from HEAD request to https://registry-1.docker.io/v2/nvidia/cuda/manifests/12.2.2: 429 Too Many Requests',
  ],
  Buildah: [
    'Error: creating build container: initializing source docker://debian:12: reading manifest 12 in docker.io/library/debian: toomanyrequests: You have reached your unauthenticated pull rate limit.',
  ],
};

test.each(Object.entries(limited))('a registry that takes no more pulls is seen: %s', (_, output) => {
  expect(pullLimit(output)).toMatch(/429 Too Many Requests|toomanyrequests/);
});

describe('an instruction that fails is the project’s, whatever it prints', () => {
  test.each([
    [
      'a RUN of BuildKit',
      [
        '#5 0.2 toomanyrequests: You have reached your unauthenticated pull rate limit.',
        'ERROR: failed to build: failed to solve: process "/bin/sh -c curl example.org # 429 Too Many Requests" did not complete successfully: exit code: 22',
      ],
    ],
    [
      'a RUN of Buildah',
      [
        'toomanyrequests: 429 Too Many Requests',
        'Error: building at STEP "RUN curl example.org # toomanyrequests": while running runtime: exit status 22',
      ],
    ],
    ['nothing', []],
  ])('%s', (_, output) => {
    expect(pullLimit(output)).toBeUndefined();
    expect(failedInstruction(output)).toContain('Correct it and push again');
  });
});

test('the command of a RUN stands once in the sentence about its failure', () => {
  const output = [
    '#5 0.2 no rule',
    '   2 | >>> RUN make "all"',
    'ERROR: failed to build: failed to solve: process "/bin/sh -c make \\"all\\"" did not complete successfully: exit code: 2',
  ];
  expect(failedInstruction(output)).toMatch(/^The instruction RUN make "all" failed: exit code: 2\. Correct it/);
});

test('a file that is not there is named without the folder of this machine', () => {
  const output = [
    'Error: building at STEP "COPY app /app": checking on sources under "/tmp/slipway-build-x/source": copier: stat: "/app": no such file or directory',
  ];
  expect(failedInstruction(output)).toMatch(
    /^The instruction COPY app \/app failed: "\/app": no such file or directory\. /,
  );
});

describe('a base that could not be pulled is not taken for a mistake in the Dockerfile', () => {
  test.each([
    [
      'by BuildKit',
      [
        ' > [internal] load metadata for ghcr.io/acme/base@sha256:96:',
        '   1 | >>> FROM ghcr.io/acme/base:1',
        'ERROR: failed to build: failed to solve: failed to fetch oauth token: unexpected status from POST request to https://ghcr.io/token: 503',
      ],
      'The instruction FROM ghcr.io/acme/base:1 failed: failed to fetch oauth token',
    ],
    [
      'by Buildah',
      [
        'Error: creating build container: initializing source docker://ghcr.io/acme/base: reading manifest 1: unauthorized',
      ],
      'The pull of a base image failed: creating build container: initializing source',
    ],
    [
      'by Podman',
      ['Error: initializing source docker://ghcr.io/acme/base: pinging container registry ghcr.io: connection refused'],
      'The pull of a base image failed: initializing source',
    ],
  ])('%s', (_, output, beginning) => {
    const sentence = failedInstruction(output);
    expect(sentence).toContain(beginning);
    expect(sentence).toContain(
      'could not be pulled. If it lacks this platform, name another; otherwise have the build',
    );
    expect(sentence).not.toContain('push again');
  });
});

test('a container that cannot be started because its image is limited is told from a command that fails', () => {
  const refused = [
    "Unable to find image 'debian:12' locally",
    'docker: Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit.',
  ];
  expect(startLimit(125, refused)).toMatch(/toomanyrequests/);
  expect(startLimit(1, refused)).toBeUndefined();
  expect(startLimit(125, ['docker: Error response from daemon: no such image'])).toBeUndefined();
});

test('a container that the engine could not start is no failure of its command', () => {
  const docker = 'docker: Error response from daemon: Get "https://registry.example/v2/": x509: unknown authority.';
  const podman = 'Error: unable to start container: crun: cannot mount';
  expect(startFailure(125, ["Unable to find image 'a' locally", docker, 'Run docker run --help'])).toBe(docker);
  expect(startFailure(125, [podman])).toBe(podman);
  expect(startFailure(1, [docker])).toBeUndefined();
  expect(startFailure(125, ['the command says so itself'])).toBeUndefined();
});
