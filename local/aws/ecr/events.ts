import type { Account } from '../service.ts';

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html */
export function imageActionEvents(account: Account) {
  const emit = (action: 'PUSH' | 'DELETE', repository: string, digest: string, tags: string[]): void => {
    for (const tag of tags.length > 0 ? tags : [undefined]) {
      account.emit({
        source: 'aws.ecr',
        'detail-type': 'ECR Image Action',
        resources: [],
        detail: {
          result: 'SUCCESS',
          'repository-name': repository,
          'image-digest': digest,
          'action-type': action,
          'image-tag': tag,
        },
      });
    }
  };
  return {
    pushed: (repository: string, digest: string, tags: string[]) => emit('PUSH', repository, digest, tags),
    deleted: (repository: string, digest: string, tags: string[]) => emit('DELETE', repository, digest, tags),
  };
}
