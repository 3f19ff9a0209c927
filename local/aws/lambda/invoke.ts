import { type Account, AwsError, type Caller, type RestAnswer, type RestCall } from '../service.ts';
import type { Outcome } from './function.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const asynchronousLimit = 1024 * 1024;
const logTailBytes = 4096;
const version = '$LATEST';

/** What the call needs of the functions. */
export interface Invoked {
  /** @throws AwsError if there is no such function */
  assertThere(functionArn: string): void;
  run(functionArn: string, event: string): Promise<Outcome>;
  enqueue(functionArn: string, event: string): void;
}

/** The one call of Lambda's API: Invoke. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export function createInvoke(account: Account, functions: Invoked) {
  return async ({ method, path, query, headers, body }: RestCall, caller: Caller): Promise<RestAnswer> => {
    const [, given = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path) ?? [];
    if (method !== 'POST' || given === '') {
      const message = `One machine has no lambda:${method} ${path}.`;
      account.log('aws', message);
      throw new AwsError('UnknownOperationException', message, 404);
    }
    const { functionArn, qualifier } = functionOf(given, account);
    const wanted = qualifier ?? query.get('Qualifier') ?? version;
    // A caller who may not invoke a function does not learn whether it exists.
    const resource = wanted === version ? functionArn : `${functionArn}:${wanted}`;
    account.iam.authorize(caller, [{ action: 'lambda:InvokeFunction', resource }]);
    if (wanted !== version)
      throw new AwsError('ResourceNotFoundException', `Function not found: ${functionArn}:${wanted}`, 404);
    functions.assertThere(functionArn);

    const event = eventOf(body);
    switch (headers['x-amz-invocation-type'] ?? 'RequestResponse') {
      case 'DryRun':
        return { statusCode: 204, headers: {}, body: '' };
      case 'Event': {
        const bytes = Buffer.byteLength(event);
        if (bytes > asynchronousLimit) throw tooLarge(bytes, 'InvokeAsync', asynchronousLimit);
        functions.enqueue(functionArn, event);
        return { statusCode: 202, headers: {}, body: '' };
      }
      case 'RequestResponse': {
        const outcome = await functions.run(functionArn, event);
        const log = headers['x-amz-log-type'] === 'Tail' ? Buffer.from(outcome.log).subarray(-logTailBytes) : undefined;
        return {
          statusCode: 200,
          headers: {
            'content-type': 'application/json',
            'x-amz-executed-version': version,
            ...(log && { 'x-amz-log-result': log.toString('base64') }),
            ...(!outcome.ok && { 'x-amz-function-error': 'Unhandled' }),
          },
          body: outcome.ok ? outcome.payload : JSON.stringify(outcome.error),
        };
      }
      default:
        throw new AwsError('InvalidParameterValueException', 'InvocationType is Event, RequestResponse or DryRun.');
    }
  };
}

/** A function is named by its name, by `<account>:function:<name>` or by its ARN, each with `:<qualifier>` behind it or not. */
function functionOf(given: string, { region, id }: Account): { functionArn: string; qualifier: string | undefined } {
  const pattern =
    /^(?:arn:aws:lambda:(?<area>[a-z0-9-]+):)?(?:(?<owner>\d{12}):)?(?:function:)?(?<name>[\w-]+)(?::(?<qualifier>\$LATEST|[\w-]+))?$/;
  const { area = region, owner = id, name, qualifier } = pattern.exec(given)?.groups ?? {};
  if (name === undefined) {
    const message = `1 validation error detected: Value '${given}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?`;
    throw new AwsError('ValidationException', message);
  }
  return { functionArn: `arn:aws:lambda:${area}:${owner}:function:${name}`, qualifier };
}

/** The event as JSON text. A call without a payload gives the function an empty object. */
function eventOf(body: Buffer): string {
  if (body.length === 0) return '{}';
  const text = body.toString('utf8');
  try {
    JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AwsError('InvalidRequestContentException', `Could not parse request body into json: ${reason}`);
  }
  return text;
}

function tooLarge(bytes: number, operation: string, limit: number): AwsError {
  const message = `${bytes} byte payload is too large for the ${operation} operation (limit ${limit} bytes)`;
  return new AwsError('RequestEntityTooLargeException', message, 413);
}
