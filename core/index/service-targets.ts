import type { EcsService, ServerContainer } from '../model/deploy-target.ts';
import { quoted } from '../text/visible.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { rule, text } from './values.ts';
import { type Mapping, textOf, type Value } from './yaml.ts';

export type Refuse = (where: Value | undefined, message: string, code?: FileDiagnostic['code']) => void;

/** A name as ECS and container engines take it. */
function named(what: string, pattern: RegExp, most: number) {
  return text
    .check(
      rule((value) =>
        pattern.test(value) && value.length <= most ? undefined : `${quoted(value)} is not a name of ${what}.`,
      ),
    )
    .meta({ pattern: pattern.source, maxLength: most });
}

const servers = text
  .check(
    rule((value) =>
      /^[\w.:/+@-]{1,128}=[\w .:/+@-]{1,256}$/.test(value)
        ? undefined
        : `${quoted(value)} is not a tag of servers. Write its key and value: Role=web.`,
    ),
  )
  .meta({ pattern: '^[\\w.:/+@-]{1,128}=[\\w .:/+@-]{1,256}$', examples: ['Role=web'] });

/** The keys of a target that runs the image itself. */
export const serviceKeys = {
  cluster: named('a cluster', /^[A-Za-z0-9_-]+$/, 255)
    .nullish()
    .describe('For `ecs`: the cluster that the service is in; `default` if absent.'),
  service: named('a service', /^[A-Za-z0-9_-]+$/, 255)
    .nullish()
    .describe('For `ecs`: the service.'),
  container: named('a container', /^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 63)
    .nullish()
    .describe(
      'For `ecs`: the container of the task that gets the image, needed where it has several. For `ssm`: its name on the servers.',
    ),
  servers: servers.nullish().describe('For `ssm`: the tag of the servers, such as `Role=web`.'),
};

/** The keys of a target in git, which a target that runs the image does not have. */
const manifestKeys = ['repository', 'branch', 'path', 'image', 'key', 'part', 'policy', 'mode', 'skip-ci'];

type Place = Omit<EcsService, 'name' | 'on' | 'afterHours'> | Omit<ServerContainer, 'name' | 'on' | 'afterHours'>;

/** What runs the image of a target. */
export function servicePlaceOf(kind: 'ecs' | 'ssm', mapping: Mapping, refuse: Refuse): Place {
  const at = (key: string) => textOf(mapping, key);
  const foreign = [...manifestKeys, ...(kind === 'ecs' ? ['servers'] : ['cluster', 'service'])];
  for (const key of foreign) if (at(key)) refuse(at(key), `the kind ${kind} has no "${key}".`);
  const needed = (key: string): string => {
    if (!at(key)) refuse(undefined, `the kind ${kind} needs "${key}".`);
    return at(key)?.text ?? '';
  };
  if (kind === 'ssm') return { kind, servers: needed('servers'), container: needed('container') };
  const cluster = at('cluster')?.text ?? 'default';
  return { kind, cluster, service: needed('service'), container: at('container')?.text };
}
