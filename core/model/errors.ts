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

/** A value from outside does not have the form that it must have. Trying again cannot help. */
export class InvalidInputError extends SlipwayError {}

/** ECR has not finished the scan of a candidate. The state machine asks again until its patience ends. */
export class ScanPendingError extends SlipwayError {}

/** Another build of the same project is putting its tags on at this moment. The state machine tries again. */
export class ReleaseBusyError extends SlipwayError {}

/** Somebody else tells of a build's end at this moment, or died over it. The state machine tries again. */
export class NotificationBusyError extends SlipwayError {}

/** The record is not there, or not in the state that the step needs. */
export class RecordConflictError extends SlipwayError {}

/** The git host or the registry answered with something that the pipeline cannot work with. */
export class UpstreamError extends SlipwayError {}

/** No connection to a host, or no answer in time: what else the host has will hardly come either. */
export class HostUnreachableError extends UpstreamError {}

/** A host was connected to and gave no answer in time. It may be the host, or what was asked of it. */
export class HostSilentError extends HostUnreachableError {}
