import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, PhysicalName } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import { functionBundle, madeHere } from './bundle.ts';
import type { Grantee } from './permissions.ts';

const projectRoot = join(import.meta.dirname, '..');

export interface PipelineFunctionProps {
  description: string;
  timeout: Duration;
  /** Also the share of a processor (docs/decisions/memory-of-functions.md). */
  memoryMegabytes: number;
  /** Instances that only this function may use, and at most so many; 0: it shares the account's concurrency with all others. */
  reservedConcurrency?: number;
}

/** A Lambda function as all of Slipway's are; the construct `CollectScan` runs `functions/collect-scan.ts`. */
export class PipelineFunction extends Construct implements Grantee {
  readonly function: LambdaFunction;
  readonly grantPrincipal: Role;
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    // A role of our own: the one that CDK makes has AWSLambdaBasicExecutionRole, which may write to every log of the account.
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${id} may do.`,
    });
    const logGroup = new LogGroup(this, 'Log');
    logGroup.grantWrite(role);
    this.grantPrincipal = role;
    this.timeout = props.timeout;

    this.function = new LambdaFunction(this, 'Function', {
      functionName: PhysicalName.GENERATE_IF_NEEDED,
      description: props.description,
      code: Code.fromAsset(
        join(projectRoot, 'functions'),
        madeHere(id, (folder) => writeFileSync(join(folder, 'index.cjs'), functionBundle(kebabCase(id)))),
      ),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      timeout: props.timeout,
      memorySize: props.memoryMegabytes,
      ...(props.reservedConcurrency ? { reservedConcurrentExecutions: props.reservedConcurrency } : {}),
    });
  }

  setVariable(name: VariableName, value: string): void {
    this.function.addEnvironment(name, value);
  }
}

function kebabCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
