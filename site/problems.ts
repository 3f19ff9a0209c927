/** The problems that the API answers, by their code: the status, and when. */
export const problems = {
  InvalidLimit: [400, 'The parameter "limit" is out of its range.'],
  InvalidCursor: [400, 'The cursor is not one that this list gave. Start again without it.'],
  InvalidStatus: [400, 'There is no such status of a build.'],
  InvalidProject: [400, 'The parameter "project" is not written app/job:tag.'],
  InvalidCommit: [400, 'The parameter "commit" is not a commit, nor the first seven digits of one.'],
  InvalidSince: [400, 'The parameter "since" is neither a day nor a time.'],
  InvalidMonth: [400, 'The parameter "month" is no month.'],
  InvalidDigest: [400, 'The parameter "digest" is not that of an image.'],
  InvalidTag: [400, 'The parameter "tag" is not one that an image can have.'],
  InvalidPrefix: [400, 'The parameter "prefix" is not the start of app/job:tag.'],
  InvalidFrom: [400, 'The parameter "from" is not the number of a byte.'],
  InvalidText: [400, 'The parameter "q" is too long.'],
  InvalidLine: [400, 'The parameter "line" is not the number of a line.'],
  NotFound: [404, 'There is nothing at this address.'],
  BuildNotFound: [404, 'There is no such build.'],
  RecordNotFound: [404, 'The build has no such report, or none any more or none yet.'],
  ScannerNotFound: [404, 'There is no such scanner.'],
  SbomNotFound: [404, 'The build has no SBOM in this format, or none yet.'],
  ProjectNotFound: [404, 'The index has no such project.'],
  ReleaseNotFound: [404, 'The project has not released this image.'],
  CascadeNotFound: [404, 'There is no such cascade.'],
  MethodNotAllowed: [405, 'The API can be read only.'],
  InvalidRange: [416, 'The log has no such range of bytes.'],
  RecordUnreadable: [500, 'A record of the build is damaged.'],
  InternalError: [500, 'The answer could not be made. Try again in a moment.'],
} as const satisfies Record<string, readonly [status: number, when: string]>;

export type ProblemCode = keyof typeof problems;

/** `Build not found` of `BuildNotFound` */
export function titleOf(code: string): string {
  return code.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The address of a problem's description, a part of the API's document. */
export function problemType(siteUrl: string, code: string): string {
  return `${siteUrl}/api/v1/openapi.json#/components/examples/${code}`;
}
