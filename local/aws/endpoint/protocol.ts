import type { IncomingHttpHeaders } from 'node:http';
import type { AwsError, RestAnswer } from '../service.ts';
import type { SignatureError } from './signature.ts';

/** An answer that is ready to be written. */
export type Answer = RestAnswer;

/** What is wrong with an access key, or with the token of its session. */
export type KeyProblem = 'unknown-key' | 'expired-token';

/** How a service's calls and answers are written in HTTP. */
export interface Protocol {
  /** @throws AwsError when the body cannot be read */
  readCall(headers: IncomingHttpHeaders, body: Buffer): { action: string; input: unknown };
  success(action: string, output: unknown, requestId: string): Answer;
  failure(error: AwsError, requestId: string): Answer;
  /** What the service calls the trouble that a request's signature has. */
  signatureError(problem: SignatureError['problem'] | KeyProblem, message: string): AwsError;
  /** The error for a call that the service does not have; the message says which. */
  unknownAction(message: string): AwsError;
}
