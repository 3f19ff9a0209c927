import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { holdsPrefix } from '../services/tables/holds.ts';
import type { Api } from './api.ts';
import { grantQuota } from './build-quota.ts';
import type { Config } from './config.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Records } from './records.ts';
import type { Repositories } from './repositories.ts';
import type { Signing } from './signing.ts';
import type { State } from './state.ts';
import type { Telling } from './telling.ts';

interface StepsProps {
  api: Api;
  records: Records;
  repositories: Repositories;
  signing: Signing;
  state: State;
  telling: Telling;
  config: Config;
}

/** The functions that the states of the pipeline run; function and state have one name. */
export class Steps extends Construct {
  readonly issueToken: PipelineFunction;
  readonly joinPlatforms: PipelineFunction;
  readonly collectScan: PipelineFunction;
  readonly awaitScan: PipelineFunction;
  readonly judge: PipelineFunction;
  readonly sign: PipelineFunction;
  readonly release: PipelineFunction;
  readonly rollBack: PipelineFunction;
  readonly fail: PipelineFunction;
  readonly goOn: PipelineFunction;
  readonly tell: PipelineFunction;

  constructor(scope: Construct, id: string, props: StepsProps) {
    super(scope, id);
    this.issueToken = this.#issueToken(props);
    this.joinPlatforms = this.#joinPlatforms(props);
    this.collectScan = this.#collectScan(props);
    this.awaitScan = this.#awaitScan(props);
    this.judge = this.#judge(props);
    this.sign = this.#sign(props);
    this.release = this.#release(props);
    this.rollBack = this.#rollBack(props);
    this.fail = this.#fail(props);
    this.goOn = this.#goOn(props);
    this.tell = this.#tell(props);
  }

  #issueToken({ state }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'IssueToken', {
      description: 'Makes the token by which a build proves which build it is.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    state.builds.grantUpdate(step, 'tokens');
    return step;
  }

  #joinPlatforms({ state, records, repositories }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'JoinPlatforms', {
      description: 'Makes one candidate of the images that a build made for several platforms.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    state.builds.grant(step, 'GetItem');
    records.grantRead(step, 'result', 'packages', 'scanners');
    records.grantWrite(step, 'result', 'packages', 'scanners');
    repositories.grantJoin(step);
    return step;
  }

  #collectScan({ state, records, repositories }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'CollectScan', {
      description: 'Takes over the candidate and waits for the findings of its scan.',
      // An image may have thousands of findings, on hundreds of pages.
      timeout: Duration.minutes(3),
      memoryMegabytes: 512,
    });
    state.builds.grant(step, 'GetItem');
    state.builds.grantUpdate(step, 'candidate');
    this.#recordBases(step, state);
    // After a hold, what the builder recorded is copied to the build that takes the candidate over.
    records.grantRead(step, 'result', 'packages', 'scanners', 'cyclonedx', 'spdx');
    records.grantWrite(step, 'findings', 'packages', 'scanners', 'cyclonedx', 'spdx');
    repositories.grantTakeOver(step);
    repositories.grantReadIndex(step);
    return step;
  }

  #awaitScan({ state, repositories }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'AwaitScan', {
      description: 'Has a build wait until its candidate has been scanned.',
      // It reads all of the findings, to see whether they are there.
      timeout: Duration.seconds(45),
      memoryMegabytes: 512,
    });
    state.builds.grant(step, 'UpdateItem');
    repositories.grantScan(step);
    return step;
  }

  /** Records what a build depends on: on the project, as edges, and for the base watch. */
  #recordBases(step: PipelineFunction, state: State): void {
    state.projects.grant(step, 'GetItem', 'UpdateItem');
    state.dependents.grant(step, 'GetItem', 'UpdateItem', 'DeleteItem');
    state.bases.grant(step, 'UpdateItem');
  }

  #judge({ state, records, config }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'Judge', {
      description: 'Holds the findings against the policy.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    state.builds.grant(step, 'GetItem');
    state.builds.grantUpdate(step, 'verdict');
    state.projects.grant(step, 'GetItem');
    state.projects.grantUpdate(step, 'judged');
    state.heads.grant(step, 'GetItem');
    // Also those of the release before, which the candidate is held against.
    records.grantRead(step, 'findings', 'packages', 'scanners', 'releaseFindings');
    records.grantWrite(step, 'comparison');
    step.setVariable('POLICY', JSON.stringify(config.policy));
    return step;
  }

  #sign({ api, records, signing, state, config }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'Sign', {
      description: 'Signs a candidate that is about to be released, and what is known of it.',
      timeout: Duration.minutes(1),
      // A signed SBOM is in memory several times, as text and as Base64.
      memoryMegabytes: 1024,
    });
    state.builds.grant(step, 'GetItem', 'UpdateItem');
    state.projects.grant(step, 'GetItem');
    state.heads.grant(step, 'GetItem');
    records.grantRead(step, 'request', 'result', 'findings', 'cyclonedx', 'spdx', 'signatures');
    records.grantWrite(step, 'signatures');
    signing.grantSign(step);
    api.grantLink(step);
    // It says whether an image may be released unsigned.
    step.setVariable('POLICY', JSON.stringify(config.policy));
    return step;
  }

  #release({ state, records, repositories, config }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'Release', {
      description: 'Copies a candidate by digest to its release repository and gives it its tags.',
      // As long as a function may run: the layers of a large image pass through it.
      timeout: Duration.minutes(15),
      memoryMegabytes: 1024,
    });
    state.builds.grant(step, 'GetItem');
    state.builds.grantUpdate(step, 'image');
    state.projects.grant(step, 'GetItem');
    state.projects.grantUpdate(step, 'released');
    state.heads.grant(step, 'GetItem');
    state.heads.grantUpdate(step, 'released');
    state.releases.grant(step, 'UpdateItem', 'Query');
    repositories.grantRelease(step);
    // The SBOMs and the signed statements are released with the image.
    records.grantRead(step, 'cyclonedx', 'spdx', 'signatures');
    // It says whether one that is missing, or that the registry does not take, blocks the release.
    step.setVariable('POLICY', JSON.stringify(config.policy));
    return step;
  }

  #rollBack({ state, repositories }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'RollBack', {
      description: 'Moves the floating tags of a project back to an earlier release, and holds them there.',
      timeout: Duration.minutes(5),
      memoryMegabytes: 512,
    });
    state.builds.grant(step, 'GetItem');
    state.builds.grantUpdate(step, 'image');
    state.projects.grant(step, 'GetItem');
    state.projects.grantUpdate(step, 'released');
    state.releases.grant(step, 'GetItem', 'UpdateItem', 'Query');
    // The record of the rollback.
    state.releases.grantPut(step, holdsPrefix);
    repositories.grantTag(step);
    return step;
  }

  #fail({ state, records, repositories, config }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'Fail', {
      description: 'Closes the record of a build that failed, with the reason.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    state.builds.grant(step, 'GetItem', 'UpdateItem');
    // The permission on projects is also what yields the release that the build had claimed.
    this.#recordBases(step, state);
    repositories.grantNames(step);
    records.grantRead(step, 'result');
    grantQuota(step, state, config);
    return step;
  }

  #goOn({ state, config }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'GoOn', {
      description: 'Has a build that waited go on when its project has room for it.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    state.builds.grant(step, 'GetItem');
    grantQuota(step, state, config);
    return step;
  }

  #tell({ telling }: StepsProps): PipelineFunction {
    const step = new PipelineFunction(this, 'Tell', {
      description: "Sends the mail about a build's end and sets the commit's status.",
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    telling.grant(step);
    return step;
  }
}
