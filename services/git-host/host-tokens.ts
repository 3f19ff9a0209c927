import * as z from 'zod';
import type { AppAccess } from '../../core/git-host/app-installation.ts';
import { InvalidInputError, SourceSecretError } from '../../core/model/errors.ts';
import type { GitHost, HostedRepository } from '../../core/model/git-host.ts';
import { once } from '../../core/once.ts';
import { findRepository } from '../../core/sources/source.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';
import { gitHosts } from './configured-hosts.ts';
import { createGithubApp, type GithubApp } from './github/app.ts';
import { HostRefusedError } from './host-requests.ts';
import { createGitHosts } from './hosts.ts';

const appSchema = z.object({
  /** The app's id, or its client id. */
  app: z.union([z.string().min(1), z.int().transform(String)]),
  'private-key': z.string(),
  /** For repositories that the app is not installed on. */
  token: z.string().optional(),
});

/** By the host, with its port if that is not the scheme's own: a token, or an app of GitHub. */
const credentialsSchema = z.record(z.string(), z.union([z.string(), appSchema]));

type HostCredentials = z.infer<typeof credentialsSchema>;

/**
 * What the secret has of a host: `none`, the token of the first host, or JSON with a token or an app for each.
 * @throws InvalidInputError
 */
export function credentialsIn(
  secret: string,
  host: GitHost,
  [first]: readonly GitHost[],
): HostCredentials[string] | undefined {
  const value = secret.trim();
  if (value === '' || value === 'none') return undefined;
  if (!value.startsWith('{')) return host.url === first?.url ? value : undefined;
  const parsed = credentialsSchema.safeParse(parseJson(value));
  if (parsed.success) return parsed.data[new URL(host.url).host];
  throw new InvalidInputError(
    'The secret with the tokens of the git hosts is not as docs/git-hosts.md says: {"codeberg.org": "TOKEN", "github.com": {"app": "ID", "private-key": "…"}}. Have whoever runs this pipeline correct it.',
  );
}

/** The tokens of the git hosts, which one secret has. Whether a token or an app counts is decided here alone. */
export function createHostTokens(secretId: string, hosts: readonly GitHost[]) {
  const secret = createSecret(secretId);
  const apps = new Map<string, GithubApp>();
  let text: string | undefined;

  async function credentialsOf(host: GitHost): Promise<HostCredentials[string] | undefined> {
    const current = (await secret.current()).trim();
    // Another key: what was minted with the one before is forgotten.
    if (current !== text) apps.clear();
    text = current;
    return credentialsIn(current, host, hosts);
  }

  function appOf({ url, apiUrl }: GitHost, credentials: z.infer<typeof appSchema>): GithubApp {
    const known = apps.get(url);
    if (known) return known;
    const app = createGithubApp({ apiUrl, key: { id: credentials.app, privateKey: credentials['private-key'] } });
    apps.set(url, app);
    return app;
  }

  return {
    /**
     * The token for a repository; undefined where there is none.
     * @throws HostRefusedError that says what to do, if the app gives none although it is installed
     */
    async tokenOf(repository: HostedRepository, access: AppAccess = 'reports'): Promise<string | undefined> {
      const { host } = repository;
      const credentials = await credentialsOf(host);
      if (typeof credentials !== 'object') return credentials;
      const answer = await appOf(host, credentials).tokenFor(repository, access);
      if ('token' in answer) return answer.token;
      if (!answer.isInstalled) return credentials.token;
      throw new HostRefusedError(answer.refusal);
    },

    /**
     * A token of the app that reads one repository, and those others of its owner that are named.
     * @param isFresh whether the app's installation is asked for again
     * @throws SourceSecretError that says what to do
     */
    async appTokenOf(url: string, others: readonly string[] = [], isFresh = false): Promise<string> {
      const repository = findRepository(hosts, url);
      const credentials = repository && (await credentialsOf(repository.host).catch(asSourceError));
      if (typeof credentials !== 'object' || !repository)
        throw new SourceSecretError(
          `The secret of "source-secret" names the GitHub App, and there is none for ${url}. Have whoever runs this pipeline make one: npx slipway github-app create.`,
        );
      const app = appOf(repository.host, credentials);
      if (isFresh) app.forget(repository);
      const answer = await app.tokenFor(repository, 'source', others);
      if ('token' in answer) return answer.token;
      throw new SourceSecretError(answer.refusal);
    },
  };
}

/** Whoever has a private source built is told, as of any secret that does not open it. */
function asSourceError(error: unknown): never {
  throw error instanceof InvalidInputError ? new SourceSecretError(error.message, { cause: error }) : error;
}

export type HostTokens = ReturnType<typeof createHostTokens>;

export const openHostTokens = once(() => createHostTokens(variable('GIT_HOST_TOKENS_SECRET'), gitHosts()));

export const openGitHosts = once(() => createGitHosts(gitHosts(), openHostTokens().tokenOf));
