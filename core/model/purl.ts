import * as z from 'zod';
import { shownSchema } from '../text/safe-line.ts';

/** The parts of a package URL. https://github.com/package-url/purl-spec */
export const purlSchema = z.object({
  /** `deb`, `pypi` */
  type: shownSchema(50),
  /** Its segments, separated by `/`: `debian`, `github.com/aws`. */
  namespace: shownSchema(300).optional(),
  name: shownSchema(200),
  version: shownSchema(200).optional(),
  qualifiers: z.record(shownSchema(50), shownSchema(500)).optional(),
  subpath: shownSchema(300).optional(),
});

export type Purl = z.infer<typeof purlSchema>;
