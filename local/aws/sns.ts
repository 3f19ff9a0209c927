import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { physicalName } from './physical-name.ts';
import { type Account, AwsError, resourceType, type Service } from './service.ts';

const topicPolicySchema = z.strictObject({ PolicyDocument: z.unknown(), Topics: z.array(z.string()).min(1) });

/**
 * SNS as far as a template declares it. Alarms are the only ones who publish to a topic, and on one machine an alarm never rings
 * (see cloudwatch.ts), so nothing is ever sent.
 */
export function createSns(account: Account): Service {
  const topics = new Set<string>();
  const assertThere = (arn: string) => {
    if (!topics.has(arn)) throw new AwsError('NotFound', 'Topic does not exist', 404);
  };

  const topic = resourceType({
    isForEveryAccount: true,
    properties: z.strictObject({
      TopicName: z
        .string()
        .regex(/^[\w-]{1,256}$/)
        .optional(),
      DisplayName: z.string().max(100).optional(),
      Tags: z.unknown().optional(),
    }),
    create({ properties, ...resource }) {
      const name = properties.TopicName ?? physicalName(resource, 256);
      const arn = `arn:aws:sns:${account.region}:${resource.account}:${name}`;
      topics.add(arn);
      return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
    },
  });

  const topicPolicy = resourceType({
    isForEveryAccount: true,
    properties: topicPolicySchema,
    create({ logicalId, properties }) {
      for (const arn of properties.Topics) {
        assertThere(arn);
        account.iam.setResourcePolicy(arn, properties.PolicyDocument);
      }
      return { ref: logicalId, attributes: { Id: logicalId } };
    },
  });

  const subscription = resourceType({
    isForEveryAccount: true,
    properties: z.strictObject({ TopicArn: z.string(), Protocol: z.literal('email'), Endpoint: z.email() }),
    create({ properties }) {
      assertThere(properties.TopicArn);
      return { ref: `${properties.TopicArn}:${randomUUID()}` };
    },
  });

  return {
    resources: {
      'AWS::SNS::Topic': topic,
      'AWS::SNS::TopicPolicy': topicPolicy,
      'AWS::SNS::Subscription': subscription,
    },
  };
}
