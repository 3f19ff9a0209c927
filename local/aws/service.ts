import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import type { z } from 'zod';

/** What every service of the local AWS shares: its account, its address, and the file that keeps its state over a restart. */
export interface Account {
  /** Twelve digits. */
  readonly id: string;
  readonly region: string;
  /** The machine's one address, `http://localhost:4600`. The registry is `<url>/v2/`. */
  readonly url: string;
  /**
   * What `AWS_ENDPOINT_URL` says, `http://127.0.0.1:4600/aws`. It has no name for its host, because S3's client would put a bucket's
   * name before it (`records.localhost`); queues have addresses below it, because SQS's client calls the host of the queue's address.
   */
  readonly endpoint: string;
  readonly dataFolder: string;
  /** Each service makes its own tables (`create table if not exists <service>_<noun>`); every change is on disk when a call answers. */
  readonly database: DatabaseSync;
  readonly iam: Authority;
  /** Puts an event on the default bus, in the shape that its sender gives it; the envelope's other fields are filled in. */
  emit(event: {
    source: string;
    'detail-type': string;
    resources: string[];
    detail: Record<string, unknown>;
    /** Milliseconds since 1970; now where it is not said. */
    time?: number | undefined;
    /** Whose default bus it is on, where it is not this account's. */
    account?: string | undefined;
  }): void;
  /** A line for the person who watches the machine. */
  log(source: string, message: string): void;
}

export interface Authority {
  /**
   * The keys of a role. The same role and session have the same keys for the life of the data folder. `session` is the last
   * part of the caller's ARN, as the service that assumes the role chooses it (Lambda: the function's name).
   */
  keysOf(roleArn: string, session?: string): Keys;
  /**
   * Does nothing if the role's trust policy lets the service assume it (`lambda.amazonaws.com`). Services call it when a resource that
   * names a role is made; `sourceArn` is that resource.
   * @throws AwsError
   */
  assertTrusts(roleArn: string, service: string, sourceArn?: string): void;
  /**
   * Begins a session of a role that trusts the caller. A restart of the machine ends it.
   * @throws AwsError as STS gives it
   */
  assumeRole(caller: Caller, request: SessionRequest): Session;
  /** The holder of an access key; undefined when there is none. */
  callerOf(accessKeyId: string): Caller | undefined;
  /** The secret that belongs to an access key, for the check of a signature. */
  secretOf(accessKeyId: string): string | undefined;
  /** The token that must come with an access key of STS; undefined for keys that need none. */
  sessionTokenOf(accessKeyId: string): string | undefined;
  /** False once the caller's session has ended. */
  isCurrent(caller: Caller): boolean;
  /**
   * Does nothing if the caller's policies, or the resource's own policy, allow every one of the permissions and none denies one.
   * @throws AwsError `AccessDeniedException` (code and text as the service itself gives them)
   */
  authorize(caller: Caller, permissions: Permission[]): void;
  /** The policy of a resource (queue, bucket, topic, function), under the resource's ARN. */
  setResourcePolicy(resourceArn: string, document: unknown): void;
  /** Adds one statement, identified by `sid`, to the policy of a resource (AWS::Lambda::Permission). */
  addResourceStatement(resourceArn: string, sid: string, statement: unknown): void;
}

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export interface SessionRequest {
  roleArn: string;
  sessionName: string;
  /** The session policy: the session may do what the role's policies and this one allow. */
  policy?: unknown;
  /** What the trust policy may ask for, `sts:ExternalId`. */
  externalId?: string | undefined;
  durationSeconds?: number | undefined;
}

export interface Session extends Keys {
  sessionToken: string;
  expiration: Date;
  caller: Caller;
}

export interface Caller {
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>`, `service:events.amazonaws.com`, or the machine's owner. */
  readonly arn: string;
  readonly kind: 'role' | 'service' | 'owner' | 'anonymous';
  /** For `service`: what `aws:SourceArn` says. */
  readonly sourceArn?: string | undefined;
  /** For a session that STS gave out: its access key. Such a session ends, and may have a policy of its own. */
  readonly session?: string | undefined;
}

export interface Permission {
  /** `sqs:SendMessage` */
  action: string;
  /** An ARN, or `*` for calls that know no resource. */
  resource: string;
  /** What the service's own condition keys say of this call: `{'ses:FromAddress': '…'}`. */
  context?: Readonly<Record<string, string | readonly string[]>>;
}

/** An error in the form that the service gives: `code` is the name that the SDK shows. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly statusCode: number;
  /** Further members of the answer, for errors whose shape has some. */
  readonly details: Record<string, unknown>;

  constructor(code: string, message: string, statusCode = 400, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
    this.details = details;
  }
}

/** One call of a service's API. `input` has passed `input`'s schema when `permissions` and `handle` see it. */
export interface Operation<Input = never> {
  readonly input: z.ZodType<Input>;
  permissions(input: NoInfer<Input>): Permission[];
  /**
   * The answer's members, or a promise of them; undefined means an empty answer. A Date becomes a time as the protocol writes it,
   * bytes become Base64, in XML a Map becomes entries.
   */
  handle(input: NoInfer<Input>, caller: Caller, call: Call): unknown;
}

/** The HTTP exchange that an operation runs in. */
export interface Call {
  readonly requestId: string;
  /** Aborted when the client disconnects before it has its answer. */
  readonly gone: AbortSignal;
}

/** A call that is named by its method and path. */
export interface RestCall {
  method: string;
  /** Decoded, without `/aws`. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface RestAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

export interface InputProblem {
  /** `MessageBody`, `Entries.0.Id` */
  member: string;
  /** True when the member is not there at all. */
  missing: boolean;
  value: unknown;
  message: string;
}

/** Ties an operation's schema to its functions; a service's table of operations is heterogeneous. */
export function operation<Input>(definition: Operation<Input>): Operation {
  return definition as unknown as Operation;
}

/**
 * A kind of resource that a template may declare. `properties` is strict: a property that the local AWS does not know is an error
 * that names it. A property that is known and has no effect on one machine is in the schema with a comment saying so.
 */
export interface ResourceType<Properties = never> {
  readonly properties: z.ZodType<Properties>;
  /** Whether a stack may declare it for another account than that of the machine. */
  readonly isForEveryAccount?: true;
  /** Makes the resource, or finds it as an earlier deployment left it and brings it up to date. Must be safe to run again. */
  create(resource: Declared<Properties>): Created | Promise<Created>;
}

export function resourceType<Properties>(definition: ResourceType<Properties>): ResourceType {
  return definition as unknown as ResourceType;
}

export interface Declared<Properties> {
  readonly logicalId: string;
  readonly stackName: string;
  /** The account of the stack. */
  readonly account: string;
  readonly properties: Properties;
}

/** The account in an ARN; empty where it has none. */
export function accountIn(arn: string): string {
  return arn.split(':')[4] ?? '';
}

export interface Created {
  /** What `Ref` gives. */
  ref: string;
  /** What `Fn::GetAtt` gives. */
  attributes?: Record<string, string>;
}

/** One AWS service on one machine: the calls that the product makes and the resources that the template declares. */
export interface Service {
  /** The service's name in the credential scope of a signature: `sqs`, `ecr`, `states`. Absent: the service answers no calls. */
  readonly signingName?: string;
  /** Absent: the service reads requests itself (S3), through `serve`. */
  readonly protocol?: 'json-1.0' | 'json-1.1' | 'query' | 'rest-json';
  readonly operations?: Readonly<Record<string, Operation>>;
  /** For a service without a protocol: answers a request whose signature is right. `request.url` is as it came, `/aws/…`. */
  serve?(request: IncomingMessage, response: ServerResponse, caller: Caller): void | Promise<void>;
  /** For `rest-json`: answers a request whose signature is right; the service itself checks the caller's permissions. */
  rest?(call: RestCall, caller: Caller): Promise<RestAnswer>;
  /** The error for an input that misses a member or breaks a constraint. Absent: `ValidationException`. */
  invalidInput?(problem: InputProblem): AwsError;
  /** Services that once spoke the query protocol name their errors as they did there, in the header `x-amzn-query-error`. */
  readonly queryErrorCodes?: Readonly<Record<string, string>>;
  readonly resources: Readonly<Record<string, ResourceType>>;
  /** Starts background work (polling, schedules, interrupted executions) after every resource has been created. */
  start?(): void | Promise<void>;
  /** Stops it: nothing of the service runs any more when the promise resolves. */
  stop?(): void | Promise<void>;
}
