import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findContainerEngine } from '../../local/container-engine.ts';

let folder: string;

/** A program on the PATH that answers as the real one would; a real engine need not be there. */
async function program(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-engine-'));
  vi.stubEnv('PATH', folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('the container engine', () => {
  test('is Docker where its daemon answers and it has buildx', async () => {
    await program('docker', 'case $1 in version) echo 28.2.2;; *) echo "BuildKit version: v0.22.0";; esac');
    await program('buildah', 'echo "buildah version 1.28.2"');
    expect(await findContainerEngine()).toEqual({ engine: { name: 'docker', version: '28.2.2' }, passedOver: [] });
  });

  test('is Podman where Docker has no daemon, and Docker is said to be passed over', async () => {
    await program('docker', 'case $1 in version) echo "Cannot connect" >&2; exit 1;; *) echo ok;; esac');
    await program('podman', 'case $1 in info) echo 4.3.1;; *) echo "podman version 4.3.1";; esac');
    expect(await findContainerEngine()).toEqual({
      engine: { name: 'podman', version: '4.3.1' },
      passedOver: ['Docker is installed, but its daemon does not answer this user.'],
    });
  });

  test('is Buildah where Docker lacks buildx and Podman is not there', async () => {
    await program('docker', 'case $1 in buildx) exit 1;; version) echo 20.10.24;; *) echo ok;; esac');
    await program('buildah', 'echo "buildah version 1.28.2 (image-spec 1.1.0)"');
    expect(await findContainerEngine()).toEqual({
      engine: { name: 'buildah', version: '1.28.2' },
      passedOver: ['Docker 20.10.24 has no buildx plugin, or no builder that runs.', 'Podman is not installed.'],
    });
  });

  test('is not a Docker that is older than 23', async () => {
    await program('docker', 'case $1 in version) echo 20.10.24;; *) echo "Status: running";; esac');
    expect((await findContainerEngine()).passedOver).toContain('Docker 20.10.24 is too old: 23 or newer is needed.');
  });

  test('is none where nothing is installed, and each is named', async () => {
    expect(await findContainerEngine()).toEqual({
      passedOver: ['Docker is not installed.', 'Podman is not installed.', 'Buildah is not installed.'],
    });
  });
});
