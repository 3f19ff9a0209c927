import type { ClientSettings, EndpointHost } from '../local/aws/endpoint-host.ts';

/** One of the two that are compared. */
export interface Side {
  name: string;
  settings: ClientSettings;
  /** Set for the local AWS, whose resources come from a template and not from calls. */
  host?: EndpointHost;
  /** What an earlier case leaves for a later one: a receipt handle, a version id. */
  memory: Map<string, string>;
}

export interface Case {
  name: string;
  call(side: Side): Promise<object>;
  /** Why the two are meant to differ. */
  because?: string;
}
