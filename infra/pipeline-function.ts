import { join } from 'node:path';
import type { Duration } from 'aws-cdk-lib';
import { type IPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import type { Grantee } from './permissions.ts';

const projectRoot = join(import.meta.dirname, '..');

export interface PipelineFunctionProps {
  description: string;
  timeout: Duration;
  /** Also the share of a processor: 1,769 MB are one whole one. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
  memoryMegabytes: number;
}

/** A Lambda function as all of Slipway's are; the construct `CollectScan` runs `functions/collect-scan.ts`. */
export class PipelineFunction extends Construct implements Grantee {
  readonly function: NodejsFunction;
  readonly grantPrincipal: IPrincipal;
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

    this.function = new NodejsFunction(this, 'Function', {
      description: props.description,
      entry: join(projectRoot, 'functions', `${kebabCase(id)}.ts`),
      projectRoot,
      depsLockFilePath: join(projectRoot, 'package-lock.json'),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      timeout: props.timeout,
      memorySize: props.memoryMegabytes,
      // Node keeps connections by itself; the variable is for a version of the SDK that is not used here.
      awsSdkConnectionReuse: false,
      bundling: {
        format: OutputFormat.ESM,
        // Of packages that have both, the ES module: it is what tree shaking needs.
        mainFields: ['module', 'main'],
        // The SDK that was tested, not the one that the runtime happens to have; and a bundle starts faster.
        bundleAwsSDK: true,
        minify: true,
        // Step Functions matches errors by their class's name.
        keepNames: true,
        // CommonJS packages in the bundle ask for Node's modules with `require`, which an ES module does not have.
        banner: "import{createRequire as bannerRequire}from'node:module';const require=bannerRequire(import.meta.url);",
        logLevel: LogLevel.WARNING,
      },
    });
  }

  setVariable(name: VariableName, value: string): void {
    this.function.addEnvironment(name, value);
  }
}

function kebabCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
