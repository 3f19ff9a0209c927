import { AwsError } from '../service.ts';
import type { Protocol } from './protocol.ts';
import { element, escapeXml } from './xml.ts';

/**
 * The errors of S3, which reads its calls and writes its answers itself.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export const xmlProtocol: Protocol = {
  readCall: () => ({ action: '', input: {} }),
  success: (_action, _output, requestId) => ({ statusCode: 200, headers: { 'x-amz-request-id': requestId }, body: '' }),
  failure: ({ code, message, statusCode, details }, requestId) => ({
    statusCode,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
    body:
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>` +
      `${Object.entries(details)
        .map(([name, value]) => element(name, value))
        .join('')}<RequestId>${requestId}</RequestId></Error>`,
  }),
  signatureError(problem, message) {
    switch (problem) {
      case 'missing':
        return new AwsError('AccessDenied', 'Access Denied', 403);
      case 'incomplete':
        return new AwsError('AuthorizationHeaderMalformed', message, 400);
      case 'expired':
        return message === 'Request has expired'
          ? new AwsError('AccessDenied', message, 403)
          : new AwsError(
              'RequestTimeTooSkewed',
              'The difference between the request time and the current time is too large.',
              403,
            );
      case 'mismatch':
        return new AwsError(
          'SignatureDoesNotMatch',
          'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
          403,
        );
      case 'unknown-key':
        return new AwsError(
          'InvalidAccessKeyId',
          'The AWS Access Key Id you provided does not exist in our records.',
          403,
        );
      case 'expired-token':
        return new AwsError('ExpiredToken', 'The provided token has expired.', 400);
    }
  },
  unknownAction: (message) => new AwsError('NotImplemented', message, 501),
};
