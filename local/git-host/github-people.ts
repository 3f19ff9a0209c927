import { z } from 'zod';
import { answerJson, callerOfWrite, forbidden, notFound, type Route, readInput } from './github-http.ts';
import { type Grant, grantable, isLogin, type People } from './people.ts';
import { userJson } from './repository-json.ts';

const invitationSchema = z.object({ permission: z.enum(grantable).default('push') });

/** What GitHub's older member says: maintaining counts as writing, triaging as reading. */
const permissions: Record<Grant, 'admin' | 'write' | 'read'> = {
  admin: 'admin',
  maintain: 'write',
  push: 'write',
  triage: 'read',
  pull: 'read',
};
const roleNames: Record<Grant, string> = {
  admin: 'admin',
  maintain: 'maintain',
  push: 'write',
  triage: 'triage',
  pull: 'read',
};

/** https://docs.github.com/en/rest/collaborators/collaborators */
export function peopleRoutes({ url, people }: { url: string; people: People }): Route[] {
  return [
    [
      'GET',
      /^\/collaborators\/(?<login>[^/]+)\/permission$/,
      (call) => {
        const { repository, response } = call;
        const { login = '' } = call.groups;
        if (!people.can(repository, callerOfWrite(call).login, 'push'))
          throw forbidden('Must have push access to view collaborator permission.');
        if (!isLogin(login)) throw notFound();
        const grant = people.grantOf(repository, login);
        answerJson(response, 200, {
          permission: permissions[grant],
          role_name: roleNames[grant],
          user: userJson(url, login),
        });
      },
    ],
    [
      'GET',
      /^\/collaborators\/(?<login>[^/]+)$/,
      (call) => {
        callerOfWrite(call);
        if (!people.isCollaborator(call.repository, call.groups.login ?? '')) throw notFound();
        call.response.writeHead(204).end();
      },
    ],
    [
      'GET',
      /^\/collaborators$/,
      (call) => {
        const { repository, response } = call;
        if (!people.can(repository, callerOfWrite(call).login, 'push'))
          throw forbidden('Must have push access to view repository collaborators.');
        const logins = [repository.owner, ...people.list(repository)];
        answerJson(
          response,
          200,
          logins.map((login) => ({ ...userJson(url, login), role_name: roleNames[people.grantOf(repository, login)] })),
        );
      },
    ],
    [
      'PUT',
      /^\/collaborators\/(?<login>[^/]+)$/,
      async (call) => {
        const { repository, request, response } = call;
        const { login = '' } = call.groups;
        if (!people.can(repository, callerOfWrite(call).login, 'admin'))
          throw forbidden('Must have admin rights to Repository.');
        if (!isLogin(login)) throw notFound();
        const { permission } = await readInput(request, invitationSchema, 'RepositoryInvitation');
        // Nobody is asked whether they want to: there is no account that could be.
        people.add(repository, login, permission);
        response.writeHead(204).end();
      },
    ],
    [
      'DELETE',
      /^\/collaborators\/(?<login>[^/]+)$/,
      (call) => {
        const { repository, response, groups } = call;
        if (!people.can(repository, callerOfWrite(call).login, 'admin'))
          throw forbidden('Must have admin rights to Repository.');
        people.remove(repository, groups.login ?? '');
        response.writeHead(204).end();
      },
    ],
  ];
}
