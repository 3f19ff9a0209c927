/** Where a webhook is: the path of a repository, or an organisation or group. */
export type HookOwner = { repository: string } | { organization: string };

export interface Hook {
  url: string;
  secret: string;
}

/** What a host says about a webhook. */
export interface HookState {
  /** The host sends its events. */
  isActive: boolean;
  /** Why the host could not deliver; undefined if it could, has not tried, or does not say. */
  failure?: string | undefined;
}

/** Sets up the webhooks of one git host with the token of a person who may administer them. Each call throws an UpstreamError that says what to do. */
export interface WebhookSetup {
  /** The path of the repository as the host has it now, after it was renamed or transferred. */
  currentName(repository: string): Promise<string>;
  /** The webhook with this address; undefined if there is none. */
  find(owner: HookOwner, url: string): Promise<HookState | undefined>;
  /** Creates the webhook, or updates the one with the same address. */
  keep(owner: HookOwner, hook: Hook): Promise<'created' | 'updated'>;
}
