import type { IncomingHttpHeaders } from 'node:http';
import type { AwsError, RestAnswer, Service } from '../service.ts';
import { jsonProtocol } from './json-protocol.ts';
import { queryProtocol } from './query-protocol.ts';
import { restJsonProtocol } from './rest-json-protocol.ts';
import type { SignatureError } from './signature.ts';
import { xmlProtocol } from './xml-protocol.ts';

/** An answer that is ready to be written. */
export type Answer = RestAnswer;

/** How a service's calls and answers stand in HTTP. */
export interface Protocol {
  /** @throws AwsError when the body cannot be read */
  readCall(headers: IncomingHttpHeaders, body: Buffer): { action: string; input: unknown };
  success(action: string, output: unknown, requestId: string): Answer;
  failure(error: AwsError, requestId: string): Answer;
  /** What the service calls the trouble that a request's signature has. */
  signatureError(problem: SignatureError['problem'] | 'unknown-key', message: string): AwsError;
  /** The error for a call that the service does not have; the message says which. */
  unknownAction(message: string): AwsError;
}

export function protocolOf(service: Service): Protocol {
  if (service.protocol === 'json-1.0' || service.protocol === 'json-1.1')
    return jsonProtocol(service, service.protocol);
  if (service.protocol === 'query') return queryProtocol(service);
  if (service.protocol === 'rest-json') return restJsonProtocol;
  return service.signingName === 's3' ? xmlProtocol : jsonProtocol(service, 'json-1.1');
}

/** The protocol that a request without a readable credential most likely speaks. */
export function protocolBy(headers: IncomingHttpHeaders): Protocol {
  if (headers['x-amz-target'] !== undefined) return jsonProtocol({}, 'json-1.0');
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? queryProtocol({}) : xmlProtocol;
}

/** A service that is not here and does not say its protocol speaks REST with JSON, as all but the oldest ones do. */
export function unknownServiceProtocol(headers: IncomingHttpHeaders): Protocol {
  const likely = protocolBy(headers);
  return likely === xmlProtocol ? jsonProtocol({}, 'json-1.1') : likely;
}
