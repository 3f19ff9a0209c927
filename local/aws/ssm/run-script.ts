import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Script } from './documents.ts';

export interface ScriptEnd {
  status: 'Success' | 'Failed' | 'TimedOut';
  responseCode: number;
  output: string;
  error: string;
}

/** What GetCommandInvocation shows at most. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html */
const shownOutput = 24_000;
const shownError = 8_000;

/** What the engine's client needs to find its daemon. */
const ofEngine = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG'];

/**
 * Runs the script of a document on this machine, as Systems Manager's agent does on a server, and ends it with all that it started when
 * `signal` says so. The containers' files are in the data folder, and Podman is told that the machine's registry speaks plain HTTP.
 */
export async function runScript(
  script: Script,
  { id, dataFolder, registry, signal }: { id: string; dataFolder: string; registry: string; signal: AbortSignal },
): Promise<ScriptEnd> {
  const folder = join(dataFolder, 'ssm');
  await mkdir(folder, { recursive: true });
  const [file, registries] = [join(folder, `${id}.sh`), join(folder, 'registries.conf')];
  await writeFile(file, script.text, { mode: 0o700 });
  await writeFile(registries, `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`);
  const env = {
    ...Object.fromEntries(ofEngine.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    CONTAINERS_REGISTRIES_CONF: registries,
    SLIPWAY_CONTAINERS: join(dataFolder, 'containers'),
  };
  const child = spawn('/bin/bash', [file], { env, cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  let [output, error, isLate] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(0, shownOutput)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error = (error + text).slice(0, shownError)));
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, script.timeoutMilliseconds);
  signal.addEventListener('abort', end, { once: true });
  const responseCode = await new Promise<number>((resolve) => {
    child.on('close', (code) => resolve(code ?? -1));
    child.on('error', (failure) => {
      error = failure.message;
      resolve(-1);
    });
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', end);
  const status = isLate ? 'TimedOut' : responseCode === 0 ? 'Success' : 'Failed';
  return { status, responseCode, output, error };
}
