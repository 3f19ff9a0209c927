import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findBuildah } from '../../builder/engines/buildah.ts';
import type { Engine, EngineCall } from '../../builder/engines/engine.ts';
import { toolEnvironment } from '../../builder/engines/environment.ts';
import { Store } from '../../builder/engines/store.ts';
import { run } from '../../builder/process.ts';
import { lastGuard } from '../limits.ts';
import { bringIsolation, keepIsolation } from './known-isolation.ts';

/** Images without a registry, in a store of their own, and the engine that has them: for what looks into images or runs them. */
export class Images implements AsyncDisposable {
  readonly engine: Engine;
  readonly #folder: string;
  readonly #env: Record<string, string>;

  constructor(engine: Engine, folder: string, env: Record<string, string>) {
    this.engine = engine;
    this.#folder = folder;
    this.#env = env;
  }

  /** `variables` are further ones of the engine: `BUILDAH_ISOLATION=chroot` has containers reach what listens on this machine's loopback. */
  static async open(variables: Record<string, string> = {}): Promise<Images> {
    const folder = mkdtempSync(join(tmpdir(), 'images-'));
    bringIsolation(folder);
    const env = { ...toolEnvironment(process.env), HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run'), ...variables };
    const engine = await findBuildah('buildah', { env, signal: new AbortController().signal, cacheOwner: 'images' });
    if (!engine) throw new Error('There is no Buildah: apt-get install buildah.');
    return new Images(engine, folder, env);
  }

  /** Builds what the files say, one of which is `Dockerfile`; programs are those that begin with `#!`, and bytes. Gives what the engine knows it by. */
  async make(files: Record<string, string | Buffer>): Promise<string> {
    const context = mkdtempSync(join(this.#folder, 'context-'));
    for (const [name, contents] of Object.entries(files)) {
      mkdirSync(dirname(join(context, name)), { recursive: true });
      const isProgram = typeof contents !== 'string' || contents.startsWith('#!');
      writeFileSync(join(context, name), contents, { mode: isProgram ? 0o755 : 0o644 });
    }
    const store = new Store('buildah', this.#env, 'images');
    const build = ['build', '--quiet', '--isolation=chroot', '--layers', '--pull=never', '--format=oci', context];
    const [program = '', ...args] = await store.command([], build);
    const { code, stdout, stderr } = await run(program, args, { env: this.#env, signal: lastGuard() });
    if (code !== 0) throw new Error(`Buildah could not make an image: ${stderr}`);
    return stdout.trim();
  }

  /** What an engine is called with, and a folder for it. */
  call(signal: AbortSignal = lastGuard()): EngineCall {
    const registry = { url: 'http://localhost:1', host: 'localhost:1' };
    return { workspace: mkdtempSync(join(this.#folder, 'workspace-')), registry, env: this.#env, signal };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [program = '', ...args] = await new Store('buildah', this.#env, 'images').command([], ['rm', '--all']);
    await run(program, args, { env: this.#env, signal: lastGuard() });
    keepIsolation(this.#folder);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
