import { AwsError, type Caller, type Permission } from '../service.ts';

/** Why a call was denied, in AWS's own text. */
export interface DenialReason {
  explicit: boolean;
  policy: 'identity' | 'resource' | 'session';
}

const names = {
  identity: { with: 'an identity-based', no: 'identity-based' },
  resource: { with: 'a resource-based', no: 'resource-based' },
  session: { with: 'a session', no: 'session' },
};

/** The error for a call that IAM does not allow, in the form of the service that was called. */
export function denial(caller: Caller, { action, resource }: Permission, reason: DenialReason): AwsError {
  const service = action.slice(0, action.indexOf(':'));
  const user = caller.kind === 'anonymous' ? 'anonymous' : caller.arn.replace(/^service:/, '');

  // SES keeps the text of its first years, quotes included.
  // https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-authorization.html
  if (service === 'ses') {
    return new AwsError(
      'AccessDenied',
      `User \`${user}' is not authorized to perform \`${action}' on resource \`${resource}'`,
      403,
    );
  }

  // SQS writes the action in lower case, S3 quotes the resource.
  const shown = service === 'sqs' ? action.toLowerCase() : action;
  const on = service === 's3' ? `"${resource}"` : resource;
  const why = reason.explicit
    ? `with an explicit deny in ${names[reason.policy].with} policy`
    : `because no ${names[reason.policy].no} policy allows the ${shown} action`;
  const message = `User: ${user} is not authorized to perform: ${shown} on resource: ${on} ${why}`;

  if (service === 's3') return new AwsError('AccessDenied', message, 403);
  // SQS and Lambda answer with 403, the other JSON services with 400.
  return new AwsError('AccessDeniedException', message, service === 'sqs' || service === 'lambda' ? 403 : 400);
}
