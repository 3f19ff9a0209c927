import { Stack, Validations } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import { flatten } from './flatten.ts';

/**
 * Who can be granted something. A grant gives the permission and the variable that names the thing in one step, so that neither
 * can be there without the other.
 */
export interface Grantee extends IConstruct, IGrantable {
  setVariable(name: VariableName, value: string): void;
}

export interface Permission {
  actions: string[];
  resources: string[];
  /** By operator and key, as in a policy. */
  conditions?: Record<string, Record<string, unknown>>;
  /** Why a resource has a wildcard; required where one has. */
  because?: string;
}

/** Adds a statement to the grantee's own policy. A wildcard among its resources needs a reason, which answers cdk-nag's finding. */
export function allow(grantee: IConstruct & IGrantable, { actions, resources, conditions, because }: Permission): void {
  for (const wildcard of resources
    .map((resource) => flatten(Stack.of(grantee).resolve(resource)))
    .filter((name) => name.includes('*'))) {
    if (!because)
      throw new Error(
        `${grantee.node.path} is allowed ${actions.join(', ')} on ${wildcard} without a reason for the wildcard.`,
      );
    acknowledge(grantee, `AwsSolutions-IAM5[Resource::${wildcard}]`, because);
  }
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions, resources, ...(conditions ? { conditions } : {}) }),
  );
}

/** Answers a finding of cdk-nag on a construct and what is below it. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}
