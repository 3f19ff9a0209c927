import { HostUnreachableError } from '../../core/model/errors.ts';
import { sourceOf } from '../../core/sources/source.ts';
import { accessOf } from '../../core/sources/source-secret.ts';
import type { PrivateSource } from '../../services/git-host/source-credentials.ts';

/** A git host in memory, as `ls-remote` shows it. */
export function createFakeGitHost() {
  const refs = new Map<string, string | undefined>();
  const host = {
    /** The requests for refs, each as the repository and the refs. */
    asked: [] as string[],
    /** Why it does not answer. */
    failure: undefined as Error | undefined,
    /** The repositories that it does not answer for. */
    down: new Set<string>(),
    /** The repositories that are not public, each with what opens it (`accessOf`). */
    opened: new Map<string, string>(),
    /** What happens before it answers the next request. */
    meanwhile: undefined as (() => Promise<unknown>) | undefined,
    /** What every repository has at its branch main until something is pushed there. */
    main: 'a'.repeat(40) as string | undefined,

    /** @param commit undefined to delete the ref */
    set(source: string, ref: string, commit: string | undefined): void {
      refs.set(`${source} ${ref}`, commit);
    },

    isOpenTo(project: PrivateSource): boolean {
      const access = host.opened.get(sourceOf(project.gitUrl));
      return access === undefined || access === accessOf(project);
    },

    async commitsAt(gitUrl: string, wanted: readonly string[]): Promise<ReadonlyMap<string, string>> {
      const source = sourceOf(gitUrl);
      host.asked.push([source, ...wanted].join(' '));
      const { meanwhile } = host;
      host.meanwhile = undefined;
      await meanwhile?.();
      if (host.failure) throw host.failure;
      if (host.down.has(source)) throw new HostUnreachableError(`${source} cannot be reached.`);
      return new Map(
        wanted.flatMap((ref) => {
          const name = `${source} ${ref}`;
          const commit = refs.has(name) ? refs.get(name) : ref === 'refs/heads/main' ? host.main : undefined;
          return commit === undefined ? [] : [[ref, commit] as const];
        }),
      );
    },
  };
  return host;
}
