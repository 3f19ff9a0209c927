import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AwsError } from '../service.ts';

/** 1 MiB, for one message as for a batch. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const largestMessage = 1_048_576;

const attributeSchema = z.object({
  DataType: z.string(),
  StringValue: z.string().optional(),
  BinaryValue: z.base64().optional(),
});
export const attributesSchema = z.record(z.string(), attributeSchema);
export type MessageAttributes = z.infer<typeof attributesSchema>;

/** What a message has when it is sent. */
export interface NewMessage {
  body: string;
  attributes: MessageAttributes;
  systemAttributes: MessageAttributes;
  delaySeconds: number | undefined;
}

/**
 * Checks a message as SQS does.
 * @throws AwsError
 */
export function checkMessage(
  { body, attributes, systemAttributes, delaySeconds }: NewMessage,
  maximumSize: number,
): void {
  if (body === '') throw missing('MessageBody');
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html, "valid characters"
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range that SQS allows
  if (/[^\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(body)) {
    throw new AwsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.',
    );
  }
  checkAttributes(attributes);
  for (const [name, value] of Object.entries(systemAttributes)) {
    if (name !== 'AWSTraceHeader' || value.DataType !== 'String') {
      throw invalid(
        `Value for parameter MessageSystemAttributes is invalid. Reason: Message system attribute name '${name}' is invalid.`,
      );
    }
  }
  if (sizeOf(body, attributes) > maximumSize) {
    throw invalid(`One or more parameters are invalid. Reason: Message must be shorter than ${maximumSize} bytes.`);
  }
  if (delaySeconds !== undefined && !(delaySeconds >= 0 && delaySeconds <= 900)) {
    throw invalid(
      `Value ${delaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.`,
    );
  }
}

/** Names, types and values of attributes count beside the body. */
export function sizeOf(body: string, attributes: MessageAttributes): number {
  return Object.entries(attributes).reduce(
    (size, [name, { DataType, StringValue, BinaryValue }]) =>
      size +
      Buffer.byteLength(name) +
      Buffer.byteLength(DataType) +
      Buffer.byteLength(StringValue ?? '') +
      Buffer.byteLength(BinaryValue ?? '', 'base64'),
    Buffer.byteLength(body),
  );
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
function checkAttributes(attributes: MessageAttributes): void {
  const entries = Object.entries(attributes);
  if (entries.length > 10) {
    throw invalid(`Number of message attributes [${entries.length}] exceeds the allowed maximum [10].`);
  }
  for (const [name, { DataType, StringValue, BinaryValue }] of entries) {
    if (!/^(?!\.)(?!.*\.\.)(?!.*\.$)(?!(?:aws|amazon)\.)[\w.-]{1,256}$/i.test(name)) {
      throw invalid(
        'Message (user) attribute names must contain only alphanumeric characters, underscores, hyphens and periods, must not start or end with a period, or with AWS. or Amazon.',
      );
    }
    const type = DataType.split('.')[0] ?? '';
    if (!['String', 'Number', 'Binary'].includes(type) || DataType.length > 256) {
      throw invalid(
        `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
      );
    }
    if (type === 'Binary' ? !BinaryValue : !StringValue) {
      throw invalid(`Message (user) attribute '${name}' must contain a non-empty value of type '${type}'.`);
    }
    if (type === 'Number' && !Number.isFinite(Number(StringValue))) {
      throw invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`);
    }
  }
}

export function md5OfBody(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

/**
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
 */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const add = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const { DataType = '', StringValue, BinaryValue } = attributes[name] ?? {};
    const binary = DataType.startsWith('Binary');
    add(Buffer.from(name));
    add(Buffer.from(DataType));
    hash.update(Buffer.from([binary ? 2 : 1]));
    add(binary ? Buffer.from(BinaryValue ?? '', 'base64') : Buffer.from(StringValue ?? ''));
  }
  return hash.digest('hex');
}

/** The attributes that a receiver requests: by name, by `prefix.*`, or all. */
export function chosenAttributes(attributes: MessageAttributes, wanted: readonly string[]): MessageAttributes {
  const chosen = (name: string) =>
    wanted.some((pattern) => {
      if (pattern === 'All' || pattern === '.*') return true;
      return pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
    });
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => chosen(name)));
}

export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}

export function missing(member: string): AwsError {
  return new AwsError('MissingRequiredParameterException', `The request must contain the parameter ${member}.`);
}
