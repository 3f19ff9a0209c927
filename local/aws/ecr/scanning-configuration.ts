import { z } from 'zod';
import { arnOf, type RegistryContext } from '../../registry/exchange.ts';
import type { Repository } from '../../registry/repositories.ts';
import { operation } from '../service.ts';
import { wildcard } from '../wildcard.ts';
import { invalidParameter } from './errors.ts';
import { repositoryName } from './input.ts';

const filterSchema = z.object({
  filter: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$/),
  filterType: z.literal('WILDCARD'),
});

const ruleSchema = z.object({
  scanFrequency: z.enum(['SCAN_ON_PUSH', 'CONTINUOUS_SCAN', 'MANUAL']),
  repositoryFilters: z.array(filterSchema).max(100),
});

const configurationSchema = z.object({
  scanType: z.enum(['BASIC', 'ENHANCED']).default('BASIC'),
  rules: z.array(ruleSchema).max(2).default([]),
});

type Configuration = z.infer<typeof configurationSchema>;
export type ScanFrequency = z.infer<typeof ruleSchema>['scanFrequency'];

/**
 * What the registry scans, when, and how.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html
 */
export function createScanningConfiguration(context: RegistryContext, changed: () => void) {
  const { account, registry } = context;
  const select = account.database.prepare("select value from ecr_setting where name = 'scanning-configuration'");
  const save = account.database.prepare(`
    insert into ecr_setting (name, value) values ('scanning-configuration', ?)
      on conflict do update set value = excluded.value`);
  const get = (): Configuration => configurationSchema.parse(JSON.parse(String(select.get()?.value ?? '{}')));

  /** By the rule that applies to a repository: continuous scanning takes precedence over scanning on push. */
  const ruleFor = (name: string) => {
    const rules = get().rules.map(({ scanFrequency, repositoryFilters }) => ({
      scanFrequency,
      applied: repositoryFilters.filter(({ filter }) => matches(filter, name)),
    }));
    const applying = rules.filter(({ applied }) => applied.length > 0);
    return applying.find(({ scanFrequency }) => scanFrequency === 'CONTINUOUS_SCAN') ?? applying[0];
  };

  const frequencyOf = ({ name, scanOnPush }: Repository): ScanFrequency => {
    const { scanType } = get();
    const frequency = ruleFor(name)?.scanFrequency ?? 'MANUAL';
    // The older setting of the repository itself counts for basic scanning only.
    return frequency === 'MANUAL' && scanOnPush && scanType === 'BASIC' ? 'SCAN_ON_PUSH' : frequency;
  };

  return {
    isEnhanced: () => get().scanType === 'ENHANCED',
    frequencyOf,
    isContinuousSomewhere: () => {
      const { scanType, rules } = get();
      return scanType === 'ENHANCED' && rules.some(({ scanFrequency }) => scanFrequency === 'CONTINUOUS_SCAN');
    },

    operations: {
      PutRegistryScanningConfiguration: operation({
        input: configurationSchema,
        permissions: ({ scanType }) => [
          { action: 'ecr:PutRegistryScanningConfiguration', resource: '*' },
          // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
          ...(scanType === 'ENHANCED' ? [{ action: 'inspector2:Enable', resource: '*' }] : []),
        ],
        handle(configuration) {
          const { scanType, rules } = configuration;
          const frequencies = rules.map(({ scanFrequency }) => scanFrequency);
          if (scanType === 'BASIC' && frequencies.includes('CONTINUOUS_SCAN')) {
            throw invalidParameter('rules', 'CONTINUOUS_SCAN is not supported for scan type BASIC');
          }
          if (new Set(frequencies).size < frequencies.length) {
            throw invalidParameter('rules', 'each scan frequency may have one rule');
          }
          save.run(JSON.stringify(configuration));
          changed();
          return { registryScanningConfiguration: configuration };
        },
      }),

      GetRegistryScanningConfiguration: operation({
        input: z.object({}),
        permissions: () => [{ action: 'ecr:GetRegistryScanningConfiguration', resource: '*' }],
        handle: () => ({ registryId: account.id, scanningConfiguration: get() }),
      }),

      BatchGetRepositoryScanningConfiguration: operation({
        input: z.object({ repositoryNames: z.array(repositoryName).min(1).max(25) }),
        permissions: ({ repositoryNames }) =>
          repositoryNames.map((name) => ({
            action: 'ecr:BatchGetRepositoryScanningConfiguration',
            resource: arnOf(account, name),
          })),
        handle({ repositoryNames }) {
          const found = repositoryNames.map((name) => ({ name, repository: registry.repositories.find(name) }));
          return {
            scanningConfigurations: found.flatMap(({ name, repository }) => {
              if (repository === undefined) return [];
              const scanFrequency = frequencyOf(repository);
              return {
                repositoryArn: arnOf(account, name),
                repositoryName: name,
                scanOnPush: scanFrequency === 'SCAN_ON_PUSH',
                scanFrequency,
                appliedScanFilters: ruleFor(name)?.applied ?? [],
              };
            }),
            failures: found
              .filter(({ repository }) => repository === undefined)
              .map(({ name }) => ({
                repositoryName: name,
                failureCode: 'REPOSITORY_NOT_FOUND',
                failureReason: 'REPOSITORY_NOT_FOUND',
              })),
          };
        },
      }),
    },
  };
}

export type ScanningConfiguration = ReturnType<typeof createScanningConfiguration>;

/** Without a star a filter is for every name that contains it. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html */
function matches(filter: string, name: string): boolean {
  return filter.includes('*') ? wildcard(filter)(name) : name.includes(filter);
}
