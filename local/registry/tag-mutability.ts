import { wildcard } from '../aws/wildcard.ts';
import type { Repository } from './repositories.ts';

/**
 * Whether a tag of the repository, once put on, stays where it is: the filters name the tags for which the opposite of the
 * repository's rule holds. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
export function isImmutable(repository: Repository, tag: string): boolean {
  const excluded = repository.exclusionFilters.some(({ filter }) => wildcard(filter)(tag));
  switch (repository.mutability) {
    case 'MUTABLE':
      return false;
    case 'IMMUTABLE':
      return true;
    case 'MUTABLE_WITH_EXCLUSION':
      return excluded;
    case 'IMMUTABLE_WITH_EXCLUSION':
      return !excluded;
  }
}
