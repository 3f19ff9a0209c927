/**
 * The events that an index entry may choose mails for: ends of builds, and new findings in an image that is already released. They are apart
 * from the schema of a build, which takes a while to load.
 */
export const notifiableStatuses = ['released', 'blocked', 'failed', 'findings'] as const;
