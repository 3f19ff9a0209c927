import { buildIdForm } from '../core/model/build-id-form.ts';
import { cascadeIdForm } from '../core/model/cascade-id.ts';
import type { Answer } from './answer.ts';
import type { SiteParts, SiteRequest } from './parts.ts';

/** The form of a name in a path. Any other address is answered with 404 without reading anything. */
export const forms = {
  app: '[a-z0-9][a-z0-9._-]*',
  job: '[a-z0-9][a-z0-9._-]*',
  tag: '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}',
  build: buildIdForm,
  architecture: 'amd64|arm64',
  cascade: cascadeIdForm,
  digest: 'sha256:[0-9a-f]{64}',
  record: 'findings|scanners|comparison|packages',
  scanner: '[a-z-]+',
  link: '[\\w-]{1,800}\\.[\\w-]{22}',
} as const;

type Name = keyof typeof forms;
/** Of `/projects/:app/:job`: `app` and `job`. */
type NamesIn<Path extends string> = {
  [One in Name]: Path extends `${string}:${One}${'' | `/${string}` | `.${string}`}` ? One : never;
}[Name];
type Respond<Names extends Name> = (
  parts: SiteParts,
  request: SiteRequest,
  names: Record<Names, string>,
) => Answer | Promise<Answer>;

export interface Route {
  /** The answer to a request for a path; undefined for a path of another form. */
  (parts: SiteParts, request: SiteRequest): Answer | Promise<Answer> | undefined;
  /** With the names that `forms` has: `/projects/:app/:job`. */
  path: string;
}

/**
 * The answer at a path with names. It does not use `URLPattern`, which makes eight regular expressions of each path (some 15 ms more at
 * every start of the function, against less than one) and resolves `..` in the requested path.
 */
export function at<Path extends string>(path: Path, respond: Respond<NamesIn<Path>>): Route {
  const form = path
    .replaceAll('.', '\\.')
    .replace(/:(\w+)/g, (_, name: string) => `(?<${name}>${forms[name as Name]})`);
  const pattern = new RegExp(`^${form}$`);
  const route = (parts: SiteParts, request: SiteRequest) => {
    const match = pattern.exec(request.path);
    return match ? respond(parts, request, { ...match.groups } as Record<NamesIn<Path>, string>) : undefined;
  };
  return Object.assign(route, { path });
}
