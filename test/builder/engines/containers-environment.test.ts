import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { containersEnvironment, storeLogin } from '../../../builder/engines/containers-environment.ts';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'environment-of-engine-'));
});
afterEach(() => rmSync(workspace, { recursive: true }));

// An engine that finds no registry in the file speaks TLS to the machine's own: "server gave HTTP response to HTTPS client".
test.each(['CONTAINERS_REGISTRIES_CONF', 'REGISTRY_AUTH_FILE'])(
  'an engine that reads %s while another call of the build writes it sees all of it',
  async (name) => {
    const registry = {
      url: 'http://localhost:5000',
      host: 'localhost:5000',
      credentials: { user: 'AWS', password: 'a' },
    };
    const environment = await containersEnvironment({ workspace, registry, env: {} }, []);
    await using reader = await open(environment[name] ?? '');
    const later = { ...registry, url: 'https://localhost:5000', credentials: { user: 'AWS', password: 'b' } };
    await containersEnvironment({ workspace, registry: later, env: {} }, []);
    await storeLogin(workspace, later);
    const seen = await reader.readFile('utf8');
    expect(seen).toBe(
      name === 'REGISTRY_AUTH_FILE'
        ? '{"auths":{"localhost:5000":{"auth":"QVdTOmE="}}}'
        : '[[registry]]\nlocation = "localhost:5000"\ninsecure = true\n',
    );
  },
);
