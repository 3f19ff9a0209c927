/**
 * What an id of a build looks like, as a regular expression; `core/builds/build-id.ts` makes them. It stands alone, because the webhook is
 * small (docs/decisions/webhook-without-sdk-clients.md).
 */
export const buildIdForm = '[0-9a-f]{16}';
