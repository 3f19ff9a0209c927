import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Container, EngineCall } from '../../../builder/engines/engine.ts';
import { type Finished, run } from '../../../builder/process.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import { lastGuard } from '../../limits.ts';
import type { ImageFiles } from './tool-files.ts';

/** A folder in the place of an image: its own programs run in it, without an engine, which takes a second and more for each. */
export class FolderImage implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'folder-image-'));
  readonly #workspace = mkdtempSync(join(tmpdir(), 'folder-workspace-'));

  constructor(files: ImageFiles) {
    for (const [path, contents] of Object.entries(files)) {
      const place = join(this.folder, path.replace(/^root\//, ''));
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, contents, { mode: typeof contents === 'string' ? 0o644 : 0o755 });
    }
  }

  readonly engine = {
    files: <Value>(_image: string, _paths: readonly string[], _call: EngineCall, use: (folder: string) => Value) =>
      use(this.folder),

    run: async ({ command, environment }: Container, { signal }: EngineCall): Promise<Finished> => {
      // Whoever is not root here is so among his own users.
      const alone = process.getuid?.() === 0 ? [] : ['--map-root-user'];
      const env = { ...environment, PATH: `${environment.PATH}:${process.env.PATH}` };
      const args = [...alone, '--mount', `--root=${this.folder}`, '--wd=/', '--', ...command];
      const finished = await run('unshare', args, { env, signal });
      // As Docker says it.
      return finished.code === 127
        ? { ...finished, stderr: `exec: "${command[0]}": executable file not found` }
        : finished;
    },
  } as unknown as ScanSubject['engine'];

  call(): EngineCall {
    const registry = { url: 'http://localhost:1', host: 'localhost:1' };
    return { workspace: this.#workspace, registry, env: {}, signal: lastGuard() };
  }

  [Symbol.dispose](): void {
    for (const folder of [this.folder, this.#workspace]) rmSync(folder, { recursive: true, force: true });
  }
}
