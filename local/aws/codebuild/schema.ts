import { z } from 'zod';

const variable = z.strictObject({
  Name: z.string(),
  Value: z.string(),
  Type: z.literal('PLAINTEXT').default('PLAINTEXT'),
});

export const projectSchema = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  Artifacts: z.strictObject({ Type: z.literal('NO_ARTIFACTS') }),
  ServiceRole: z.string(),
  Source: z.discriminatedUnion('Type', [
    z.strictObject({ Type: z.literal('S3'), Location: z.string(), BuildSpec: z.string().optional() }),
    z.strictObject({ Type: z.literal('NO_SOURCE'), BuildSpec: z.string() }),
  ]),
  Environment: z.strictObject({
    Type: z.string(),
    ComputeType: z.string(),
    Image: z.string(),
    EnvironmentVariables: z.array(variable).default([]),
    PrivilegedMode: z.boolean().default(false),
    // The machine's own registry credentials are not CodeBuild's business.
    ImagePullCredentialsType: z.string().optional(),
  }),
  TimeoutInMinutes: z.int().min(5).max(2160).default(60),
  QueuedTimeoutInMinutes: z.int().min(5).max(480).default(480),
  LogsConfig: z
    .strictObject({
      CloudWatchLogs: z
        .strictObject({
          Status: z.enum(['ENABLED', 'DISABLED']),
          GroupName: z.string().optional(),
          StreamName: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
  // One machine: nothing is encrypted at rest, the engine's own cache lasts, a failed build is the caller's to start again.
  EncryptionKey: z.string().optional(),
  Cache: z.unknown().optional(),
  AutoRetryLimit: z.literal(0).optional(),
  Tags: z.unknown().optional(),
});

const override = z.strictObject({
  name: z.string().min(1),
  value: z.string(),
  type: z.literal('PLAINTEXT').default('PLAINTEXT'),
});

export const startBuildSchema = z.strictObject({
  projectName: z.string(),
  environmentVariablesOverride: z.array(override).default([]),
  idempotencyToken: z.string().optional(),
  sourceVersion: z.string().optional(),
  timeoutInMinutesOverride: z.int().min(5).max(2160).optional(),
  queuedTimeoutInMinutesOverride: z.int().min(5).max(480).optional(),
});

export type ProjectProperties = z.infer<typeof projectSchema>;
export type StartBuild = z.infer<typeof startBuildSchema>;
