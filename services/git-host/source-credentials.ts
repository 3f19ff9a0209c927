import * as z from 'zod';
import { SourceSecretError, UpstreamError } from '../../core/model/errors.ts';
import type { Project } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { opensUrl } from '../../core/sources/source-secret.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import { createSecret } from '../aws/secrets.ts';
import { variable } from '../environment.ts';
import { type HostTokens, openHostTokens } from './host-tokens.ts';

/** What it opens, and all that it is ever sent to: a repository, or the folder of several. */
const openedSchema = z.url({ protocol: /^https?$/ });

/** What an operator stores. GitHub, GitLab and Gitea take a token as the password of any user. */
const storedSchema = z.union([
  z.object({
    url: openedSchema,
    username: z
      .string()
      .regex(/^[^:\p{Cc}]+$/u)
      .default('x-access-token'),
    password: z.string().regex(/^\P{Cc}{8,}$/u),
  }),
  /** Each fetch gets a token of the GitHub App, for the repository of the entry and for those of its owner that are named here. */
  z.strictObject({
    url: openedSchema,
    'github-app': z.literal(true),
    submodules: z
      .array(z.string().regex(/^[\w.-]{1,100}$/))
      .max(100)
      .optional(),
  }),
]);

export interface SourceCredential {
  /** What it opens. */
  url: string;
  password: string;
  /** The header `Authorization` of git's protocol. */
  authorization: string;
}

/** A project, as far as it says which repository is its source, and what opens that. */
export type PrivateSource = Pick<Project, 'appId' | 'gitUrl' | 'sourceSecret'>;

/**
 * What opens the sources of private projects: the secret that the project's own entry names, in the folder of its app-id. No address
 * alone is ever given a credential.
 */
export function createSourceCredentials(
  prefix: string,
  secretNamed: (name: string) => Pick<ReturnType<typeof createSecret>, 'latest'>,
  appTokenOf: HostTokens['appTokenOf'],
) {
  const known = new Map<string, ReturnType<typeof secretNamed>>();

  /**
   * @param isFresh whether GitHub is asked again what the app may open
   * @throws SourceSecretError
   */
  return async (
    { appId, gitUrl, sourceSecret }: PrivateSource,
    isFresh = false,
  ): Promise<SourceCredential | undefined> => {
    if (sourceSecret === undefined) return undefined;
    const name = `${prefix}${appId}/${sourceSecret}`;
    const secret = known.get(name) ?? secretNamed(name);
    known.set(name, secret);
    const text = await secret.latest().catch((cause: unknown) => {
      throw absentError(name, cause);
    });
    const stored = storedSchema.safeParse(parseJson(text)).data;
    if (!stored)
      throw new SourceSecretError(
        `The secret ${name} is not as docs/private-projects.md says: {"url": "https://host/owner/", "password": "TOKEN"}. Have whoever runs this pipeline store it so.`,
      );
    if (!opensUrl(stored.url, gitUrl))
      throw new SourceSecretError(
        `The secret ${name} is for ${stored.url} alone, and git-url is ${gitUrl}. Correct git-url, or have whoever runs this pipeline store a secret for it.`,
      );
    const { username, password } =
      'password' in stored
        ? stored
        : { username: 'x-access-token', password: await appTokenOf(gitUrl, stored.submodules, isFresh) };
    const encoded = Buffer.from(`${username}:${password}`).toString('base64');
    return { url: stored.url, password, authorization: `Basic ${encoded}` };
  };
}

export type SourceCredentials = ReturnType<typeof createSourceCredentials>;

export const openSourceCredentials = once(() =>
  createSourceCredentials(variable('SOURCE_SECRETS_PREFIX'), createSecret, openHostTokens().appTokenOf),
);

/** AWS names no secret that a caller may not read. */
function absentError(name: string, cause: unknown): unknown {
  const isAbsent =
    cause instanceof UpstreamError &&
    ['ResourceNotFoundException', 'AccessDeniedException', 'InvalidRequestException'].includes(String(cause.cause));
  if (!isAbsent) return cause;
  const command = `aws secretsmanager create-secret --name ${name} --secret-string file://VALUE`;
  return new SourceSecretError(
    `The secret ${name} that "source-secret" of the entry names does not exist. Have whoever runs this pipeline store it (${command}), or correct the entry.`,
    { cause },
  );
}
