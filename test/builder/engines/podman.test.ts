import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findBuildah } from '../../../builder/engines/buildah.ts';
import { lastGuard } from '../../limits.ts';

/** Stands for Podman where the runtime cannot use the control groups that it sees: it starts no container unless it does without. */
const podman = `#!/bin/sh
case "$*" in
  --version) echo 'podman version 4.3.1' ;;
  *' build '*|*' run '*) case "$*" in *--runtime-flag=cgroup-manager=disabled*) echo "$*" >> "$HOME/started" ;; *) exit 126 ;; esac ;;
esac
`;

test.skipIf(process.getuid?.() !== 0)(
  'where builds do without control groups, so do tests and scripts that run in containers of their own',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'podman-'));
    try {
      writeFileSync(join(home, 'podman'), podman, { mode: 0o755 });
      const env = { HOME: home, PATH: `${home}:${process.env.PATH}` };
      const engine = await findBuildah('podman', { env, signal: lastGuard(), cacheOwner: 'demo/app' });
      expect(engine?.confinement.isConfined).toBe(true);
      const registry = { url: 'http://localhost:1', host: 'localhost:1' };
      const ended = await engine?.run(
        { image: 'an-image', command: ['true'], environment: {}, hasNetwork: false, outputLimit: 1000 },
        { workspace: home, registry, env, signal: lastGuard() },
      );
      expect(ended?.code).toBe(0);
      expect(readFileSync(join(home, 'started'), 'utf8')).toMatch(/--runtime-flag=cgroup-manager=disabled run /);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
);
