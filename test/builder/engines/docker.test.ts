import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findDocker } from '../../../builder/engines/docker.ts';
import type { BuildJob } from '../../../builder/engines/engine.ts';
import { BuildLog } from '../../../builder/log.ts';
import { Redaction } from '../../../builder/redaction.ts';
import { readDockerfile } from '../../../core/bases/dockerfile.ts';
import { archivedName } from '../../../core/builds/archived-image.ts';
import { lastGuard } from '../../limits.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'docker '));
});
afterEach(() => rmSync(folder, { recursive: true }));

const buildkitImage = `registry.example.org/moby/buildkit:v1@sha256:${'ab'.repeat(32)}`;

/** Stands for Docker: it records what it is asked for, and builds nothing. A builder runs once it was made, if it can be. */
function docker(canCreate: boolean): string {
  return `#!/bin/sh
[ "$1" = load ] && echo "$*" >> "$HOME/asked" && exit 0
[ "$2" = inspect ] || echo "$BUILDX_BUILDER: $*" >> "$HOME/asked"
case "$2 $3 $4" in
  'inspect --bootstrap slipway-'*) [ -e "$HOME/made" ] && printf 'Status: running\\n' ;;
  'inspect '*) printf 'Driver: docker\\nStatus: running\\nBuildKit version: v0.8+unknown\\n' ;;
  'create '*) ${canCreate ? 'touch "$HOME/made"' : 'echo "ERROR: 429 Too Many Requests" >&2; exit 1'} ;;
  'build '*) env | grep ^SOURCE_DATE_EPOCH >> "$HOME/asked"; exit 1 ;;
esac
`;
}

async function build(options: { canCreate: boolean; archive?: string }, changes: Partial<BuildJob> = {}) {
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/docker'), docker(options.canCreate));
  chmodSync(join(folder, 'bin/docker'), 0o755);
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder };
  const engine = await findDocker({
    env,
    signal: lastGuard(),
    buildkit: { image: buildkitImage, archive: options.archive },
  });
  const job: BuildJob = {
    workspace: folder,
    context: folder,
    dockerfile: join(folder, 'Dockerfile'),
    summary: readDockerfile('FROM scratch', { os: 'linux', architecture: 'amd64' }),
    pins: [],
    buildArgs: {},
    secrets: {},
    noCache: false,
    isTrusted: false,
    sharesCache: false,
    labels: {},
    createdAt: new Date(0),
    candidate: { registry: { host: 'ecr.example.org', url: 'https://ecr.example.org' }, repository: 'c/a', tag: 'id' },
    env,
    log: new BuildLog({ redaction: new Redaction(), console: () => undefined, store: async () => undefined }),
    signal: lastGuard(),
    ...changes,
  };
  const error = await engine?.build(job).catch((failure: unknown) => failure);
  return { engine, error, asked: readFileSync(join(folder, 'asked'), 'utf8').split('\n') };
}

test('on AWS, images are built by exactly the BuildKit that was configured, without entitlements', async () => {
  const { asked, engine } = await build({ canCreate: true });
  const name = 'slipway-abababababab';
  // The provenance of the image names what built it, not the daemon's own.
  expect(engine).toMatchObject({ name: `BuildKit ${buildkitImage}`, parts: [buildkitImage] });
  expect(asked.filter((line) => line.includes('buildx create'))).toEqual([
    `: buildx create --bootstrap --driver=docker-container --driver-opt=image=${buildkitImage} --name=${name}`,
  ]);
  const built = asked.filter((line) => line.includes('buildx build'));
  expect(built).toHaveLength(1);
  expect(built[0]).toMatch(new RegExp(`^${name}: `));
  expect(built[0]).not.toContain('--allow');
});

test('a copy of BuildKit that came with the builder’s program is used instead of a registry', async () => {
  const archive = join(folder, 'buildkit.tar');
  writeFileSync(archive, '');
  const { asked } = await build({ canCreate: true, archive });
  expect(asked[0]).toBe(`load --quiet --input=${archive}`);
  expect(asked[1]).toContain(`--driver-opt=image=slipway.invalid/archived:${'ab'.repeat(32)} `);
  // Nothing but what was loaded has the name of the builder's image.
  expect(archivedName(buildkitImage)).toBe(`slipway.invalid/archived:${'ab'.repeat(32)}`);
});

test('where it cannot be had nothing is built with another, and the error is not the project’s', async () => {
  const { asked, error } = await build({ canCreate: false });
  expect(error).toMatchObject({
    name: 'EngineCallFailedError',
    message: `BuildKit cannot be started from ${buildkitImage}: ERROR: 429 Too Many Requests. Nothing is wrong with the project: have the build started again.`,
  });
  expect(asked.filter((line) => line.includes('buildx build'))).toEqual([]);
});

test('a frontend is used by the digest that was found for it', async () => {
  const frontend = `docker.io/docker/dockerfile@sha256:${'cd'.repeat(32)}`;
  const { asked } = await build({ canCreate: true }, { frontend });
  expect(asked.join('\n')).toContain(`--build-arg=BUILDKIT_SYNTAX=${frontend}`);
});

test('the commit’s time is not an argument of the steps, which would all run again with each commit', async () => {
  const { asked } = await build({ canCreate: true }, { createdAt: new Date(7000) });
  expect(asked.join('\n')).toContain('rewrite-timestamp=true,source-date-epoch=7 ');
  expect(asked.join('\n')).not.toContain('SOURCE_DATE_EPOCH');
});

test('a Dockerfile that has the argument for the time gets it', async () => {
  const summary = readDockerfile('FROM scratch\nARG SOURCE_DATE_EPOCH', { os: 'linux', architecture: 'amd64' });
  const { asked } = await build({ canCreate: true }, { createdAt: new Date(7000), summary });
  expect(asked.join('\n')).toContain('--build-arg=SOURCE_DATE_EPOCH=7 ');
});

test('what steps leave in cache mounts is found by builds of the same project alone', async () => {
  const { asked } = await build({ canCreate: true });
  expect(asked.join('\n')).toContain('--build-arg=BUILDKIT_CACHE_MOUNT_NS=id');
});
