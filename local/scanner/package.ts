/** A package as the image's own database names it. */
export interface Package {
  name: string;
  version: string;
  /** What it was built from; advisories of Debian, Ubuntu and Alpine name that. */
  source: { name: string; version: string };
}
