import { z } from 'zod';
import { physicalName } from '../physical-name.ts';
import { type Account, type ResourceType, resourceType } from '../service.ts';

/** What a bucket does by itself. */
export interface Bucket {
  name: string;
  /** Objects under a prefix go when they are older than so many days. */
  expirations: { prefix: string; days: number }[];
}

export const bucketArn = (name: string): string => `arn:aws:s3:::${name}`;

const bucketProperties = z.strictObject({
  BucketName: z.string().optional(),
  // Objects are unencrypted on this machine's disk; anyone who may read the data folder may read them.
  BucketEncryption: z.unknown().optional(),
  // Only the callers of /aws reach a bucket here, and they all have keys.
  PublicAccessBlockConfiguration: z.unknown().optional(),
  Tags: z.unknown().optional(),
  LifecycleConfiguration: z
    .strictObject({
      Rules: z.array(
        z.strictObject({
          Id: z.string().optional(),
          Status: z.enum(['Enabled', 'Disabled']),
          Prefix: z.string().default(''),
          ExpirationInDays: z.coerce.number().int().positive().optional(),
          // Uploads in parts are not known here.
          AbortIncompleteMultipartUpload: z.unknown().optional(),
        }),
      ),
    })
    .optional(),
});

const policyProperties = z.strictObject({ Bucket: z.string(), PolicyDocument: z.unknown() });

/** The resource types of S3; a bucket that the template declares is handed to `keep`. */
export function bucketResources(account: Account, keep: (bucket: Bucket) => void): Record<string, ResourceType> {
  return {
    'AWS::S3::Bucket': resourceType({
      properties: bucketProperties,
      create({ properties, ...declared }) {
        const name = properties.BucketName ?? physicalName(declared, 63).toLowerCase();
        const rules = properties.LifecycleConfiguration?.Rules ?? [];
        keep({
          name,
          expirations: rules.flatMap(({ Status, Prefix, ExpirationInDays: days }) =>
            Status === 'Enabled' && days !== undefined ? [{ prefix: Prefix, days }] : [],
          ),
        });
        return {
          ref: name,
          attributes: {
            Arn: bucketArn(name),
            DomainName: `${name}.s3.amazonaws.com`,
            RegionalDomainName: `${name}.s3.${account.region}.amazonaws.com`,
          },
        };
      },
    }),
    'AWS::S3::BucketPolicy': resourceType({
      properties: policyProperties,
      create({ properties: { Bucket, PolicyDocument }, logicalId }) {
        account.iam.setResourcePolicy(bucketArn(Bucket), PolicyDocument);
        return { ref: logicalId };
      },
    }),
  };
}
