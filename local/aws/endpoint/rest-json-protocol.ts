import { AwsError } from '../service.ts';
import type { Protocol } from './protocol.ts';

/**
 * The errors of a service that is called by paths and answers in JSON; its calls and answers it reads and makes itself.
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
export const restJsonProtocol: Protocol = {
  readCall: () => ({ action: '', input: {} }),
  success: (_action, _output, requestId) => ({
    statusCode: 200,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId },
    body: '',
  }),
  failure: ({ code, message, statusCode, details }, requestId) => ({
    statusCode,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': code },
    body: JSON.stringify({ Type: statusCode < 500 ? 'User' : 'Service', ...details, message, Message: message }),
  }),
  signatureError: (problem, message) => new AwsError(signatureCodes[problem], message, 403),
  unknownAction: (message) => new AwsError('UnknownOperationException', message, 404),
};

const signatureCodes = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  expired: 'InvalidSignatureException',
  mismatch: 'InvalidSignatureException',
  'unknown-key': 'UnrecognizedClientException',
  'expired-token': 'ExpiredTokenException',
} as const;
