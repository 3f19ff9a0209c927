import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import * as z from 'zod';
import {
  type AppAccess,
  type Installation,
  installationRefusal,
  installationSchema,
  keyRefusals,
  permissionsFor,
} from '../../../core/git-host/app-installation.ts';
import type { HostedRepository } from '../../../core/model/git-host.ts';
import { createHostRequests, HostRefusedError, type HostRequests, requestErrorOf, statusOf } from '../host-requests.ts';

/** What a GitHub App proves itself by: its id, or its client id, and the text of its private key. */
export interface AppKey {
  id: string;
  privateKey: string;
}

/** A token, or the sentence that says why there is none. */
export type AppToken = { token: string } | { refusal: string; isInstalled: boolean };

/** GitHub allows ten minutes, and advises a start in the past for clocks that differ. */
const jwtSeconds = 540;
const clockSeconds = 60;
/** The longest until it is noticed that an installation was suspended or deleted. */
const installationMilliseconds = 5 * 60_000;
/** The longest until it is noticed that one was made, or given what it lacked. */
const refusalMilliseconds = 15_000;
/** A token is valid for an hour, and a caller may need it for a while. */
const leftMilliseconds = 5 * 60_000;

/** The token's length and form vary. https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app */
const tokenSchema = z.object({ token: z.string().min(1), expires_at: z.string() });

interface Options {
  apiUrl: string;
  key: AppKey;
  wait?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

/**
 * The installation tokens of a GitHub App, each for the repositories and the permissions that its use needs, kept in memory only.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation
 */
export function createGithubApp({ apiUrl, key, wait }: Options) {
  const privateKey = readKey(key.privateKey);
  const installations = createMemory<Installation | undefined>();
  const tokens = createMemory<string>();

  function requestsAt(path: string, signer: KeyObject) {
    const [owner = '', repo = ''] = path.split('/');
    const token = async () => appJwt(key.id, signer);
    return createHostRequests({ apiUrl, token, repository: path, names: { owner, repo }, wait });
  }

  async function askInstallation({ get }: HostRequests): Promise<Installation | undefined> {
    try {
      return await get(installationSchema, 'GET /repos/{owner}/{repo}/installation');
    } catch (error) {
      // An app that does not exist is answered with the same status.
      const isAbsent = error instanceof HostRefusedError && statusOf(error.cause) === 404;
      if (!isAbsent || signatureRefusal(key.id, error)) throw error;
      return undefined;
    }
  }

  /** @param names of the repositories, all of one owner */
  async function mint(path: string, names: readonly string[], access: AppAccess, signer: KeyObject): Promise<AppToken> {
    const requests = requestsAt(path, signer);
    const installation = await installations.of(path.toLowerCase(), async () => {
      const value = await askInstallation(requests);
      const isRefused = installationRefusal(value, path, access) !== undefined;
      return { value, until: Date.now() + (isRefused ? refusalMilliseconds : installationMilliseconds) };
    });
    const refusal = installationRefusal(installation, path, access);
    if (!installation || refusal) return { refusal: refusal ?? '', isInstalled: installation !== undefined };
    const request = { repositories: [...names], permissions: permissionsFor[access] };
    const route = 'POST /app/installations/{installation_id}/access_tokens';
    // What its owner changes may end the tokens that were minted before.
    const { id: installation_id, updated_at } = installation;
    const token = await tokens.of(JSON.stringify([installation_id, updated_at, request]), async () => {
      const minted = await requests.get(tokenSchema, route, { installation_id, ...request });
      return { value: minted.token, until: Date.parse(minted.expires_at) - leftMilliseconds };
    });
    return { token };
  }

  /** Makes the next call ask again for the installation of a repository; whether it was known. */
  const forget = ({ path }: Pick<HostedRepository, 'path'>): boolean => installations.forget(path.toLowerCase());

  return {
    forget,

    /** A token for a repository, and for others of its owner that are named besides. */
    async tokenFor(
      { path }: Pick<HostedRepository, 'path'>,
      access: AppAccess,
      others: readonly string[] = [],
    ): Promise<AppToken> {
      if (!privateKey) return { refusal: keyRefusals.unreadable(key.id), isInstalled: true };
      const names = [...new Set([path.split('/')[1] ?? '', ...others])];
      const ask = () => mint(path, names, access, privateKey);
      try {
        return await ask().catch((error: unknown) => {
          // A known installation may have been suspended, deleted or changed since it was asked.
          if (!(error instanceof HostRefusedError && forget({ path }))) throw error;
          return ask();
        });
      } catch (error) {
        if (!(error instanceof HostRefusedError)) throw error;
        return { refusal: signatureRefusal(key.id, error) ?? error.message, isInstalled: true };
      }
    },
  };
}

export type GithubApp = ReturnType<typeof createGithubApp>;

/** https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
export function appJwt(id: string, key: KeyObject): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iat: now - clockSeconds, exp: now + jwtSeconds, iss: id };
  const signed = [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}

/** Why GitHub does not know an app by what it has signed; undefined for an answer that says something else. */
export function signatureRefusal(id: string, { cause }: HostRefusedError): string | undefined {
  const { status, message = '', response } = requestErrorOf(cause) ?? {};
  if (status === 404 && /^Integration not found/.test(message)) return keyRefusals.unaccepted(id);
  if (status !== 401) return undefined;
  const date = response?.headers.date;
  const isOfTime = /claim \('(?:iat|exp)'\)/.test(message) && typeof date === 'string';
  return isOfTime ? keyRefusals.untimely(id, Date.now() - Date.parse(date)) : keyRefusals.unaccepted(id);
}

/** Undefined for a text that is not a private RSA key. It must not get into an error. */
export function readKey(text: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(text);
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps answers until they are no longer valid. Those who ask at the same time wait for one answer; a failure is not kept. */
function createMemory<Value>() {
  const known = new Map<string, { value: Promise<Value>; until: number }>();
  return {
    of(key: string, ask: () => Promise<{ value: Value; until: number }>): Promise<Value> {
      const found = known.get(key);
      if (found && found.until > Date.now()) return found.value;
      const asked = ask();
      const entry = { value: asked.then(({ value }) => value), until: Number.POSITIVE_INFINITY };
      known.set(key, entry);
      asked.then(
        ({ until }) => {
          entry.until = until;
        },
        () => known.delete(key),
      );
      return entry.value;
    },
    /** Whether there was anything to forget. */
    forget: (key: string): boolean => known.delete(key),
  };
}
