import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import { botOf } from './app-json.ts';
import type { Apps, InstallationGrant } from './apps.ts';
import type { Repository } from './repositories.ts';

/** The account of the machine itself: who calls with the token and no name. It may do everything, as an operator's token may. */
export const machineLogin = 'slipway';

/**
 * Git's name for whoever a token is of.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation
 */
const tokenLogin = 'x-access-token';

/** What may be granted, the least first. https://docs.github.com/en/rest/collaborators/collaborators */
export const grantable = ['pull', 'triage', 'push', 'maintain', 'admin'] as const;
export type Grant = (typeof grantable)[number];

const loginPattern = /^[a-z0-9][a-z0-9_.-]{0,99}$/i;

export interface Caller {
  login: string;
  /** The token came with a name: the call is this person's, and not the machine's own. */
  isPerson: boolean;
  /** The token is one of an app's installation: it may do what this says, and nothing else. */
  grant?: InstallationGrant | undefined;
}

/** Who calls: undefined without credentials, 'wrong' with such as are not known. */
export type CallerOf = (request: IncomingMessage) => Caller | 'wrong' | undefined;

/** @param token the machine's own, which a person gives with their name */
export function createCallers(token: string, apps: Pick<Apps, 'grantOf'>): CallerOf {
  return (request) => {
    const { authorization } = request.headers;
    if (authorization === undefined) return undefined;
    const person = basic(request);
    const given = person?.password ?? /^(?:bearer|token) (?<token>\S+)$/i.exec(authorization)?.groups?.token ?? '';
    const grant = apps.grantOf(given);
    if (grant) return { login: botOf(grant.installation.app), isPerson: false, grant };
    if (!isSame(given, token)) return 'wrong';
    return person && person.login !== tokenLogin
      ? { login: person.login, isPerson: true }
      : { login: machineLogin, isPerson: false };
  };
}

/**
 * Who may do what. The host keeps no accounts: a client with the machine's token may act as any user. A repository's owner is its
 * administrator, the machine too; everybody else reads what is public, until made a collaborator.
 */
export function createPeople(database: DatabaseSync) {
  database.exec(`create table if not exists git_collaborators (
    repository_id integer not null,
    login text not null collate nocase,
    role text not null,
    primary key (repository_id, login)
  ) strict, without rowid`);
  const roles = database.prepare('select role from git_collaborators where repository_id = ? and login = ?');

  function grantOf(repository: Repository, login: string): Grant {
    if (isSameLogin(login, repository.owner) || isSameLogin(login, machineLogin)) return 'admin';
    // No person has such a name. What an app may do, its token says (app-permissions.ts).
    if (login.endsWith('[bot]')) return 'push';
    const role = roles.get(repository.id, login)?.role;
    return grantable.find((each) => each === role) ?? 'pull';
  }

  const isCollaborator = (repository: Repository, login: string) =>
    isSameLogin(login, repository.owner) ||
    isSameLogin(login, machineLogin) ||
    roles.get(repository.id, login) !== undefined;

  return {
    grantOf,
    isCollaborator,
    /** A private repository is as if it did not exist for whoever has no part in it. */
    canSee: (repository: Repository, caller: Caller | undefined): boolean =>
      !repository.isPrivate ||
      (caller?.grant
        ? caller.grant.repositoryIds.includes(repository.id)
        : caller !== undefined && isCollaborator(repository, caller.login)),
    can: (repository: Repository, login: string, grant: Grant): boolean =>
      grantable.indexOf(grantOf(repository, login)) >= grantable.indexOf(grant),
    add(repository: Repository, login: string, grant: Grant): void {
      database
        .prepare('insert into git_collaborators values (?, ?, ?) on conflict do update set role = excluded.role')
        .run(repository.id, login, grant);
    },
    remove(repository: Repository, login: string): void {
      database.prepare('delete from git_collaborators where repository_id = ? and login = ?').run(repository.id, login);
    },
    list: (repository: Repository): string[] =>
      database
        .prepare('select login from git_collaborators where repository_id = ? order by login')
        .all(repository.id)
        .map(({ login }) => String(login)),
    /** https://docs.github.com/en/graphql/reference/enums#commentauthorassociation */
    association(repository: Repository, login: string): 'OWNER' | 'COLLABORATOR' | 'NONE' {
      if (isSameLogin(login, repository.owner)) return 'OWNER';
      return isCollaborator(repository, login) ? 'COLLABORATOR' : 'NONE';
    },
  };
}

export type People = ReturnType<typeof createPeople>;

/** Names of accounts differ in more than case. */
export function isSameLogin(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

export function isLogin(text: string): boolean {
  return loginPattern.test(text);
}

function basic(request: IncomingMessage): { login: string; password: string } | undefined {
  const encoded = /^Basic (?<encoded>.+)$/i.exec(request.headers.authorization ?? '')?.groups?.encoded;
  const [, login = '', password = ''] = /^([^:]*):?(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  return isLogin(login) ? { login, password } : undefined;
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
