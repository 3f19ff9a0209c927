import * as z from 'zod';
import { expiredImages } from '../../core/retention/retention-plan.ts';

/**
 * Fewer days than CloudWatch offers, all of them valid there.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
 */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365] as const;

export const retentionSchema = z
  .strictObject({
    logDays: z
      .literal(retentionDays, `must be one of ${retentionDays.join(', ')}`)
      .default(30)
      .describe('How long CloudWatch keeps the logs of functions and builders.'),
    recordDays: z.int().min(1).default(365).describe('How long the bucket keeps logs and scan reports of builds.'),
    releases: z
      .strictObject({
        days: z
          .int()
          .min(1)
          .optional()
          .describe(
            'Released images expire that nothing names and that were neither released nor pulled for so many days. Without it they are kept for ever.',
          ),
        newest: z
          .int()
          .min(0)
          .default(10)
          .describe("How many of a project's newest releases are kept however old they are."),
        expired: z
          .enum(expiredImages)
          .default('delete')
          .describe(
            "What becomes of those that expire: `delete`, or `archive`, which moves them to ECR's archive, from where nobody can pull them.",
          ),
      })
      .prefault({}),
  })
  .prefault({});
