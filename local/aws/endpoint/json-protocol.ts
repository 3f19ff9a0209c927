import { AwsError, type Service } from '../service.ts';
import type { Protocol } from './protocol.ts';

/** https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html */
export function jsonProtocol(
  service: Pick<Service, 'signingName' | 'queryErrorCodes'>,
  version: 'json-1.0' | 'json-1.1',
): Protocol {
  const contentType = `application/x-amz-${version}`;
  const namespace = service.signingName === undefined ? undefined : namespaces[service.signingName];

  return {
    readCall(headers, body) {
      const target = [headers['x-amz-target'] ?? ''].flat().join();
      const action = target.slice(target.lastIndexOf('.') + 1);
      return { action, input: body.length === 0 ? {} : parse(body) };
    },
    success: (_action, output, requestId) => ({
      statusCode: 200,
      headers: { 'content-type': contentType, 'x-amzn-requestid': requestId },
      body: output === undefined ? '{}' : stringify(output),
    }),
    failure({ code, message, statusCode, details }, requestId) {
      const type =
        namespace === undefined ? code : `${commonErrors.has(code) ? 'com.amazon.coral.service' : namespace}#${code}`;
      const headers: Record<string, string> = {
        'content-type': contentType,
        'x-amzn-requestid': requestId,
        'x-amzn-errortype': code,
      };
      if (service.queryErrorCodes) {
        const queryCode = service.queryErrorCodes[code] ?? commonQueryCodes[code] ?? code;
        headers['x-amzn-query-error'] = `${queryCode};${statusCode < 500 ? 'Sender' : 'Receiver'}`;
      }
      return { statusCode, headers, body: stringify({ __type: type, ...details, message }) };
    },
    signatureError(problem, message) {
      const code = signatureCodes[problem];
      // SQS kept the status that the query protocol has.
      return new AwsError(code, message, service.queryErrorCodes && problem !== 'incomplete' ? 403 : 400);
    },
    unknownAction: (message) => new AwsError('UnknownOperationException', message),
  };
}

const signatureCodes = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  expired: 'InvalidSignatureException',
  mismatch: 'InvalidSignatureException',
  'unknown-key': 'UnrecognizedClientException',
  'expired-token': 'ExpiredTokenException',
} as const;

const commonErrors = new Set<string>([
  ...Object.values(signatureCodes),
  'AccessDeniedException',
  'InternalFailure',
  'SerializationException',
  'UnknownOperationException',
]);

const commonQueryCodes: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  ExpiredTokenException: 'ExpiredToken',
  IncompleteSignatureException: 'IncompleteSignature',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  UnknownOperationException: 'InvalidAction',
  UnrecognizedClientException: 'InvalidClientTokenId',
};

/** What precedes `#` in `__type`, for the services that write it. */
const namespaces: Readonly<Record<string, string>> = {
  dynamodb: 'com.amazonaws.dynamodb.v20120810',
  sqs: 'com.amazonaws.sqs',
  states: 'com.amazonaws.swf.service.v2.model',
};

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsError('SerializationException', 'Unable to parse the request body as JSON.');
  }
}

/** JSON as AWS writes it: times in seconds since 1970, bytes in Base64. */
function stringify(output: unknown): string {
  return JSON.stringify(output, function (this: Record<string, unknown>, key, value: unknown) {
    const original = this[key];
    if (original instanceof Date) return original.getTime() / 1000;
    if (original instanceof Uint8Array) return Buffer.from(original).toString('base64');
    return value;
  });
}
