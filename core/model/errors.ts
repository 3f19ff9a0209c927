/**
 * The errors that steps throw on purpose. Step Functions matches an error by its class name, so each class sets `name` and
 * the state machine's `Retry` and `Catch` name the class, never a string of their own.
 */
abstract class SlipwayError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A value from outside does not have the required form. A retry cannot help. */
export class InvalidInputError extends SlipwayError {}

/** ECR has not finished the scan of a candidate. The state machine waits for it. */
export class ScanPendingError extends SlipwayError {}

/** The scan that was to be waited for has ended already. The state machine collects it. */
export class ScanEndedError extends SlipwayError {}

/** Another build of the same project is setting its tags at this moment. The state machine retries. */
export class ReleaseBusyError extends SlipwayError {}

/** A rollback cannot be done as it was asked for; the message says what can be had. */
export class RollbackRefusedError extends SlipwayError {}

/** Another process is sending the notification of the build's end at this moment, or crashed while it did. The state machine retries. */
export class NotificationBusyError extends SlipwayError {}

/** The record does not exist, or is not in the state that the step needs. */
export class RecordConflictError extends SlipwayError {}

/** The image that the builder reports is not the one in the registry. */
export class CandidateMismatchError extends SlipwayError {}

/** A build for several platforms failed for one of them: its result says why. */
export class PlatformFailedError extends SlipwayError {}

/** A manifest, or the place in it that a release is to be written to, is not as its target says. The message names file, line and reason. */
export class ManifestError extends SlipwayError {}

/** A service cannot be made to run a release as its target says. The message says what to change. */
export class RolloutError extends SlipwayError {}

/** The git host or the registry answered with something that the pipeline cannot work with. */
export class UpstreamError extends SlipwayError {}

/** A secret that opens a private source does not exist, or is not as it has to be. The message says who is to do what. */
export class SourceSecretError extends UpstreamError {}

/** A repository is not there, or its host shows it to nobody who asks like this. The message says what to do. */
export class SourceAbsentError extends UpstreamError {}

/** The signing key is not available: KMS does not answer, or the key is disabled. The state machine retries. */
export class SigningUnavailableError extends UpstreamError {}

/** No connection to a host, or no answer in time: other requests to the host will most likely fail too. */
export class HostUnreachableError extends UpstreamError {}

/** A host accepted the connection but gave no answer in time. The cause may be the host, or the one request. */
export class HostSilentError extends HostUnreachableError {}

/** The host has an internal error, or limits the rate of requests. */
export class HostBusyError extends UpstreamError {
  /** When the host allows the next request, if it says so. */
  readonly retryAt: string | undefined;

  constructor(message: string, retryAt?: string) {
    super(message);
    this.retryAt = retryAt;
  }
}
