import { createHash } from 'node:crypto';
import type { Declared } from './service.ts';

/**
 * The name of a resource that the template does not name, in CloudFormation's form (`stack-LogicalId-suffix`). The same resource has
 * the same name after every deployment.
 */
export function physicalName(
  { stackName, logicalId }: Pick<Declared<unknown>, 'stackName' | 'logicalId'>,
  maxLength = 64,
): string {
  const suffix = createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex').slice(0, 12).toUpperCase();
  const room = maxLength - suffix.length - 1;
  const name = `${stackName}-${logicalId}`;
  return `${name.slice(0, room)}-${suffix}`;
}
