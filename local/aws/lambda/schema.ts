import { z } from 'zod';

export const functionSchema = z.strictObject({
  FunctionName: z.string().optional(),
  Description: z.string().optional(),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Handler: z.string().regex(/^[^.]+(\.[^.]+)+$/),
  Role: z.string(),
  Runtime: z.string().regex(/^nodejs\d+\.x$/),
  Timeout: z.int().min(1).max(900).default(3),
  MemorySize: z.int().min(128).max(10_240).default(128),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.string()).default({}) }).optional(),
  LoggingConfig: z
    .strictObject({
      LogGroup: z.string().optional(),
      // The text of the function's own logger is kept as it comes.
      LogFormat: z.enum(['Text', 'JSON']).optional(),
    })
    .optional(),
  // No effect on one machine, whose functions have no account that they share.
  ReservedConcurrentExecutions: z.int().min(0).optional(),
  // No effect on one machine: it has the architecture that it has, and no tags.
  Architectures: z.array(z.enum(['arm64', 'x86_64'])).optional(),
  Tags: z.unknown().optional(),
});

export const permissionSchema = z.strictObject({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
});

export const eventInvokeSchema = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumEventAgeInSeconds: z.int().min(60).max(21_600).default(21_600),
  MaximumRetryAttempts: z.int().min(0).max(2).default(2),
});

export const eventSourceSchema = z.strictObject({
  EventSourceArn: z.string().startsWith('arn:aws:sqs:'),
  FunctionName: z.string(),
  BatchSize: z.int().min(1).max(10_000).default(10),
  MaximumBatchingWindowInSeconds: z.int().min(0).max(300).default(0),
  ScalingConfig: z.strictObject({ MaximumConcurrency: z.int().min(2).max(1000) }).optional(),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  Enabled: z.boolean().default(true),
  Tags: z.unknown().optional(),
});

export type FunctionProperties = z.infer<typeof functionSchema>;
export type EventSource = z.infer<typeof eventSourceSchema>;
