import type { MissingBase, RegistryLimitError } from '../core/model/builder-contract.ts';

/**
 * Why a build fails. The name goes into `result.json`, the message into the mail to the project's owner: what happened, and what
 * to do next. Names are written out because a bundler may rename classes.
 */
export abstract class BuildError extends Error {
  abstract override readonly name: string;
}

/** The pipeline gives the build no credentials. */
export class CredentialsRefusedError extends BuildError {
  override readonly name = 'CredentialsRefusedError';
}

/** A secret of the build does not exist, or cannot be used. */
export class BuildSecretError extends BuildError {
  override readonly name = 'BuildSecretError';
}

/** The source host has no such repository or commit, or does not answer. */
export class SourceNotFoundError extends BuildError {
  override readonly name = 'SourceNotFoundError';
}

/** The commit is there, but no image can be made of it. */
export class SourceInvalidError extends BuildError {
  override readonly name = 'SourceInvalidError';
}

/** The Dockerfile or the build context that the index names is not in the repository. */
export class DockerfileNotFoundError extends BuildError {
  override readonly name = 'DockerfileNotFoundError';
}

/** The Dockerfile cannot be read. */
export class DockerfileInvalidError extends BuildError {
  override readonly name = 'DockerfileInvalidError';
}

/** A build that cannot begin because of a base. */
export abstract class MissingBaseError extends BuildError {
  readonly base: MissingBase;

  constructor(base: MissingBase, message: string, options?: ErrorOptions) {
    super(message, options);
    this.base = base;
  }
}

/** An image that the Dockerfile is built from exists nowhere. */
export class BaseNotFoundError extends MissingBaseError {
  override readonly name = 'BaseNotFoundError';
}

/** The registry of a base cannot be reached or refuses. Trying again later may help. */
export class BaseUnavailableError extends MissingBaseError {
  override readonly name = 'BaseUnavailableError';
}

/** The registry of a base takes no more requests at the moment. The build runs again later. */
export class BaseLimitedError extends MissingBaseError {
  override readonly name = 'BaseLimitedError' satisfies RegistryLimitError;
}

/** A registry took no more requests while the engine pulled an image from it. The build runs again later. */
export class PullLimitedError extends BuildError {
  override readonly name = 'PullLimitedError' satisfies RegistryLimitError;

  constructor(reason: string) {
    super(
      `An image that the build is made from is not available at the moment, because its registry received too many requests: ${reason}. ` +
        'Nothing is wrong with the Dockerfile: have the build started again later.',
    );
  }
}

/** The prebuild script, which runs before the Dockerfile is read, failed. */
export class PrebuildFailedError extends BuildError {
  override readonly name = 'PrebuildFailedError';
}

/** The image is for machines whose commands this one cannot run. */
export class PlatformNotBuiltError extends BuildError {
  override readonly name = 'PlatformNotBuiltError';
}

/** A base image is not for the machines that the image is to be for. */
export class BasePlatformError extends BuildError {
  override readonly name = 'BasePlatformError';
}

/** An instruction of the Dockerfile failed. */
export class DockerfileFailedError extends BuildError {
  override readonly name = 'DockerfileFailedError';
}

export class BuildTimeoutError extends BuildError {
  override readonly name = 'BuildTimeoutError';

  constructor(seconds: number) {
    super(
      `The build was stopped after ${seconds} seconds, the longest that it may take. ` +
        'Look in the log for the step that hangs, or make the build shorter.',
    );
  }
}

export class LogLimitError extends BuildError {
  override readonly name = 'LogLimitError';

  constructor(bytes: number) {
    super(
      `The build was stopped because it printed more than ${Math.round(bytes / 2 ** 20)} MiB. Make the noisy step of the Dockerfile quieter, then push again.`,
    );
  }
}

/** The registry did not take the image. */
export class PushFailedError extends BuildError {
  override readonly name = 'PushFailedError';

  constructor(what: string) {
    super(`${what} Nothing is wrong with the Dockerfile: have the build started again.`);
  }
}

export class BuildStoppedError extends BuildError {
  override readonly name = 'BuildStoppedError';

  constructor() {
    super('The build was stopped from outside before it ended. Push again, or have the build started again.');
  }
}

/** The engine failed at a task other than building. */
export class EngineCallFailedError extends BuildError {
  override readonly name = 'EngineCallFailedError';
}

export class EngineNotFoundError extends BuildError {
  override readonly name = 'EngineNotFoundError';
}

/** Nothing would keep untrusted users' code from this machine. */
export class BuildNotConfinedError extends BuildError {
  override readonly name = 'BuildNotConfinedError';

  constructor(engine: string) {
    super(
      `${engine} can start no container on this machine, so that a build could read and change everything on it. Nothing is wrong with the project. ` +
        'Whoever runs this pipeline installs a runtime that works here (crun, or Docker), or starts it with --trust-builds if all projects are trusted.',
    );
  }
}
