import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { z } from 'zod';
import { once } from '../../core/once.ts';
import { flatten } from '../../infra/flatten.ts';

/** The synthesised template, read as CloudFormation would. */

const resourceSchema = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.any()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
const templateSchema = z.looseObject({
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown() })),
});

export type Resource = z.infer<typeof resourceSchema> & { id: string };

export interface Statement {
  effect: string;
  actions: string[];
  /** References in angle brackets: `<RecordsBucket600C9C86.Arn>/builds/*`. */
  resources: string[];
  condition: unknown;
}

const one = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const statementSchema = z.object({
  Effect: z.string(),
  Action: one,
  Resource: z.union([z.array(z.unknown()), z.unknown().transform((value) => [value])]),
  Condition: z.unknown().optional(),
});

export const template = once(() =>
  templateSchema.parse(JSON.parse(readFileSync(join(inject('assembly'), 'Slipway.template.json'), 'utf8'))),
);

export function resources(type: string): Resource[] {
  return Object.entries(template().Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => ({ id, ...resource }));
}

/** The one resource of a type whose logical id begins like this. */
export function resource(type: string, start = ''): Resource {
  const found = resources(type).filter(({ id }) => id.startsWith(start));
  if (found.length !== 1) throw new Error(`There are ${found.length} resources ${type} ${start}.`);
  return found[0] as Resource;
}

/** The name that flattened ARNs have for a resource. */
export const arn = ({ id }: Resource) => `<${id}.Arn>`;

export function statementsOf(document: unknown): Statement[] {
  const { Statement } = z.object({ Statement: z.array(statementSchema) }).parse(document);
  return Statement.map(({ Effect, Action, Resource, Condition }) => ({
    effect: Effect,
    actions: Action.toSorted(),
    resources: Resource.map(flatten).toSorted(),
    condition: Condition,
  }));
}

/** Every statement that a role holds. */
export function permissionsOf(role: Resource): Statement[] {
  return resources('AWS::IAM::Policy')
    .filter(({ Properties }) => Properties.Roles.some((reference: { Ref: string }) => reference.Ref === role.id))
    .flatMap(({ Properties }) => statementsOf(Properties.PolicyDocument));
}

export interface TemplateFunction {
  /** `collect-scan` */
  stem: string;
  resource: Resource;
  permissions: Statement[];
  variables: Record<string, unknown>;
  /** The bundle's folder. */
  folder: string;
}

/** The functions, by the files that they are made of. */
export const functions = once((): TemplateFunction[] =>
  resources('AWS::Lambda::Function').map((each) => {
    const name =
      /^(?:Webhook|Pages|BuildSessions|Delivery|Steps|Planner|Supervision|Rescans|ScanEvents|Commands|Operators|Notifications|UrlNotifications|Rollouts)?(.+)Function[0-9A-F]{8}$/.exec(
        each.id,
      )?.[1] ?? each.id;
    const roleId = each.Properties.Role['Fn::GetAtt'][0] as string;
    return {
      stem: kebabCase(name),
      resource: each,
      permissions: permissionsOf(resource('AWS::IAM::Role', roleId)),
      variables: each.Properties.Environment?.Variables ?? {},
      folder: join(inject('assembly'), `asset.${(each.Properties.Code.S3Key as string).replace('.zip', '')}`),
    };
  }),
);

export function functionOf(stem: string): TemplateFunction {
  const found = functions().find((each) => each.stem === stem);
  if (!found) throw new Error(`There is no function ${stem}.`);
  return found;
}

/** The bundle as it is deployed. */
export function bundleOf({ folder }: TemplateFunction): string {
  return readFileSync(join(folder, 'index.cjs'), 'utf8');
}

/** The files in `functions/` that have a handler. */
export function handlerFiles(): string[] {
  const folder = join(import.meta.dirname, '..', '..', 'functions');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => /^export (?:async )?(?:function|const) handler\b/m.test(readFileSync(join(folder, file), 'utf8')))
    .map((file) => file.replace(/\.ts$/, ''))
    .sort();
}

export function kebabCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

const retrySchema = z.object({
  ErrorEquals: z.array(z.string()),
  IntervalSeconds: z.number(),
  MaxAttempts: z.number(),
  BackoffRate: z.number(),
  MaxDelaySeconds: z.number().optional(),
  JitterStrategy: z.string().optional(),
});
const stateSchema = z.looseObject({
  Type: z.string(),
  Resource: z.string().optional(),
  Parameters: z.record(z.string(), z.any()).optional(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(z.record(z.string(), z.unknown())).optional(),
  Retry: z.array(retrySchema).default([]),
  Catch: z.array(z.object({ ErrorEquals: z.array(z.string()), Next: z.string() }).loose()).default([]),
});
const definitionSchema = z.looseObject({
  StartAt: z.string(),
  TimeoutSeconds: z.number(),
  States: z.record(z.string(), stateSchema),
});

export type Retry = z.infer<typeof retrySchema>;

/** The state machine's definition, with references in angle brackets. */
export function definition(): z.infer<typeof definitionSchema> {
  const text = flatten(resource('AWS::StepFunctions::StateMachine').Properties.DefinitionString);
  return definitionSchema.parse(JSON.parse(text));
}
