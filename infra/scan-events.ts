import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { Pipeline } from './pipeline.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Repositories } from './repositories.ts';
import type { State } from './state.ts';

interface ScanEventsProps {
  pipeline: Pipeline;
  repositories: Repositories;
  state: State;
}

/** Ends the wait for a candidate's scan when the registry says that it has scanned it. An event that is lost costs a minute. */
export class ScanEvents extends Construct {
  constructor(scope: Construct, id: string, { pipeline, repositories, state }: ScanEventsProps) {
    super(scope, id);
    const resumeBuild = new PipelineFunction(this, 'ResumeBuild', {
      description: 'Lets a build go on when its candidate has been scanned.',
      timeout: Duration.seconds(30),
      memoryMegabytes: 512,
    });
    state.builds.grant(resumeBuild, 'GetItem');
    pipeline.grantResume(resumeBuild);
    new Rule(this, 'CandidateScanned', {
      // Of any status: a build also waits for a scan that fails.
      description: 'ECR or Amazon Inspector has scanned a candidate.',
      eventPattern: {
        source: ['aws.ecr', 'aws.inspector2'],
        detailType: ['ECR Image Scan', 'Inspector2 Scan'],
        detail: { 'repository-name': repositories.onlyCandidates },
      },
      // Beyond the wait nobody needs it.
      targets: [new LambdaFunction(resumeBuild.function, { maxEventAge: Duration.minutes(15), retryAttempts: 3 })],
    });
  }
}
