import { type Build, isTerminal } from '../../core/model/build.ts';
import type { SbomFormat } from '../../core/model/builder-contract.ts';
import { type Answer, caching } from '../answer.ts';
import type { SbomReader } from '../readers.ts';
import { RequestError } from '../request-error.ts';

interface WantedSbom {
  recordedAs: string;
  format: SbomFormat;
}

/** Redirects to the address of a build's SBOM. */
export async function sbomRedirect(
  { id, status }: Build,
  { recordedAs, format }: WantedSbom,
  sboms: SbomReader,
): Promise<Answer> {
  const location = await sboms.address(recordedAs, format);
  if (location === undefined) {
    throw new RequestError(
      404,
      'SbomNotFound',
      isTerminal(status)
        ? `Build ${id} has no SBOM in this format. Its page says why; the project's next build makes a new one.`
        : `Build ${id} has no SBOM yet: it is made from the finished image. Try again when the build has ended.`,
    );
  }
  // The address is valid for some minutes only.
  const headers = { location, 'cache-control': caching.never };
  return { status: 302, headers, body: '' };
}
