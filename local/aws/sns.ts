import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { physicalName } from './physical-name.ts';
import { type Account, AwsError, type Caller, resourceType, type Service } from './service.ts';

/** What a topic takes. */
export interface Notification {
  subject?: string;
  message: string;
}

export interface Sns extends Service {
  /** @throws AwsError when the topic is not there or its policy does not let the caller publish */
  publish(topicArn: string, notification: Notification, caller: Caller): void;
}

/** A mail as SNS writes it to a subscriber. */
export interface NotificationMail {
  to: string;
  subject: string;
  text: string;
}

const topicPolicySchema = z.strictObject({ PolicyDocument: z.unknown(), Topics: z.array(z.string()).min(1) });
// Mail is what operators subscribe with. AWS asks the subscriber to confirm first; here the address counts as confirmed.
const subscriptionFields = { Protocol: z.literal('email'), Endpoint: z.email() };

/** SNS with subscriptions by mail, which go to `deliver`. */
export function createSns(account: Account, deliver: (mail: NotificationMail) => void): Sns {
  const topics = new Map<string, { displayName: string; endpoints: Set<string> }>();
  const topicAt = (arn: string) => {
    const topic = topics.get(arn);
    if (!topic) throw new AwsError('NotFound', 'Topic does not exist', 404);
    return topic;
  };

  const topic = resourceType({
    properties: z.strictObject({
      TopicName: z
        .string()
        .regex(/^[\w-]{1,256}$/)
        .optional(),
      DisplayName: z.string().max(100).optional(),
      Subscription: z.array(z.strictObject(subscriptionFields)).optional(),
      // Nothing is encrypted at rest or traced on one machine.
      KmsMasterKeyId: z.string().optional(),
      TracingConfig: z.string().optional(),
      Tags: z.unknown().optional(),
    }),
    create({ properties, ...resource }) {
      const name = properties.TopicName ?? physicalName(resource, 256);
      const arn = `arn:aws:sns:${account.region}:${account.id}:${name}`;
      const endpoints = new Set((properties.Subscription ?? []).map(({ Endpoint }) => Endpoint));
      topics.set(arn, { displayName: properties.DisplayName ?? name, endpoints });
      return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
    },
  });

  const topicPolicy = resourceType({
    properties: topicPolicySchema,
    create({ logicalId, properties }) {
      for (const arn of properties.Topics) {
        topicAt(arn);
        account.iam.setResourcePolicy(arn, properties.PolicyDocument);
      }
      return { ref: logicalId, attributes: { Id: logicalId } };
    },
  });

  const subscription = resourceType({
    properties: z.strictObject({ ...subscriptionFields, TopicArn: z.string(), Region: z.string().optional() }),
    create({ properties }) {
      topicAt(properties.TopicArn).endpoints.add(properties.Endpoint);
      return { ref: `${properties.TopicArn}:${randomUUID()}` };
    },
  });

  return {
    resources: {
      'AWS::SNS::Topic': topic,
      'AWS::SNS::TopicPolicy': topicPolicy,
      'AWS::SNS::Subscription': subscription,
    },
    publish(topicArn, { subject = 'AWS Notification Message', message }, caller) {
      account.iam.authorize(caller, [{ action: 'sns:Publish', resource: topicArn }]);
      const { endpoints } = topicAt(topicArn);
      for (const to of endpoints) deliver({ to, subject, text: `${message}\n` });
    },
  };
}
