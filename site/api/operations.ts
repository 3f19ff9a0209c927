import type * as z from 'zod';
import { apiBuildListSchema, apiBuildSchema } from '../../core/api/builds.ts';
import { apiCascadeListSchema, apiCascadeMemberListSchema, apiCascadeSchema } from '../../core/api/cascades.ts';
import { apiCostListSchema } from '../../core/api/costs.ts';
import { apiNotificationListSchema } from '../../core/api/notifications.ts';
import { apiHoldListSchema, apiProjectListSchema, apiProjectWithTargetsSchema } from '../../core/api/projects.ts';
import { apiReleaseListSchema, apiReleaseWithFindingsSchema, apiRetentionSchema } from '../../core/api/releases.ts';
import {
  apiComparisonSchema,
  apiFindingsSchema,
  apiPackagesSchema,
  apiScannerSchema,
  apiScannersSchema,
} from '../../core/api/reports.ts';
import { apiSearchSchema } from '../../core/api/search.ts';
import type { parameters } from '../paging/query.ts';
import type { ProblemCode } from '../problems.ts';

/** A reading call of the API. */
export interface Operation {
  id: string;
  tag: 'Builds' | 'Projects' | 'Cascades';
  /** With the names that `forms` in `site/router.ts` has in braces. */
  path: string;
  summary: string;
  query?: readonly (keyof typeof parameters)[];
  /** The JSON of its answer, or that it is a log or the address of an SBOM. */
  answer: z.ZodType | 'log' | 'sbom';
  problems: readonly ProblemCode[];
}

const build = '/api/v1/builds/{build}';
const project = '/api/v1/projects/{app}/{job}/{tag}';
const pages = ['limit', 'cursor'] as const;
const pieces = ['pieceLimit', 'cursor'] as const;
const paged = ['InvalidLimit', 'InvalidCursor'] as const;
const reported = ['NotFound', 'BuildNotFound', 'RecordNotFound', 'RecordUnreadable'] as const;

export const operations: readonly Operation[] = [
  {
    id: 'listBuilds',
    tag: 'Builds',
    path: '/api/v1/builds',
    summary:
      'Builds, the newest first; with several filters those that pass all of them; `tag` needs `project` or `digest`',
    query: ['project', 'status', 'commit', 'digest', 'tag', 'since', ...pages],
    answer: apiBuildListSchema,
    problems: [
      'InvalidProject',
      'InvalidStatus',
      'InvalidCommit',
      'InvalidDigest',
      'InvalidTag',
      'InvalidSince',
      ...paged,
    ],
  },
  {
    id: 'getBuild',
    tag: 'Builds',
    path: build,
    summary: 'One build',
    answer: apiBuildSchema,
    problems: ['NotFound', 'BuildNotFound'],
  },
  {
    id: 'getLog',
    tag: 'Builds',
    path: `${build}/log`,
    summary: 'The log as text: whole, or its last 4 MB below a line that says so',
    query: ['from'],
    answer: 'log',
    problems: ['InvalidFrom', 'NotFound', 'BuildNotFound', 'InvalidRange'],
  },
  {
    id: 'getPlatformLog',
    tag: 'Builds',
    path: `${build}/{architecture}/log`,
    summary: 'The log of one platform of a build for several platforms',
    query: ['from'],
    answer: 'log',
    problems: ['InvalidFrom', 'NotFound', 'BuildNotFound', 'InvalidRange'],
  },
  {
    id: 'getFindings',
    tag: 'Builds',
    path: `${build}/findings`,
    summary: "The findings of the registry's scanner",
    query: pieces,
    answer: apiFindingsSchema,
    problems: [...paged, ...reported],
  },
  {
    id: 'getScanners',
    tag: 'Builds',
    path: `${build}/scanners`,
    summary: "The reports of the builder's scanners, with the first 100 findings of each",
    answer: apiScannersSchema,
    problems: reported,
  },
  {
    id: 'getScanner',
    tag: 'Builds',
    path: `${build}/scanners/{scanner}`,
    summary: "All findings of one of the builder's scanners",
    query: pieces,
    answer: apiScannerSchema,
    problems: [...paged, ...reported, 'ScannerNotFound'],
  },
  {
    id: 'getComparison',
    tag: 'Builds',
    path: `${build}/comparison`,
    summary: 'What differs from the release before',
    answer: apiComparisonSchema,
    problems: reported,
  },
  {
    id: 'getPackages',
    tag: 'Builds',
    path: `${build}/packages`,
    summary: 'The installed packages',
    query: pieces,
    answer: apiPackagesSchema,
    problems: [...paged, ...reported],
  },
  {
    id: 'getCycloneDx',
    tag: 'Builds',
    path: `${build}/sbom.cdx.json`,
    summary: 'The SBOM in CycloneDX',
    answer: 'sbom',
    problems: ['NotFound', 'BuildNotFound', 'SbomNotFound'],
  },
  {
    id: 'getSpdx',
    tag: 'Builds',
    path: `${build}/sbom.spdx.json`,
    summary: 'The SBOM in SPDX',
    answer: 'sbom',
    problems: ['NotFound', 'BuildNotFound', 'SbomNotFound'],
  },
  {
    id: 'getPlatformCycloneDx',
    tag: 'Builds',
    path: `${build}/{architecture}/sbom.cdx.json`,
    summary: 'The SBOM of the image for one platform in CycloneDX',
    answer: 'sbom',
    problems: ['NotFound', 'BuildNotFound', 'SbomNotFound'],
  },
  {
    id: 'getPlatformSpdx',
    tag: 'Builds',
    path: `${build}/{architecture}/sbom.spdx.json`,
    summary: 'The SBOM of the image for one platform in SPDX',
    answer: 'sbom',
    problems: ['NotFound', 'BuildNotFound', 'SbomNotFound'],
  },
  {
    id: 'listProjects',
    tag: 'Projects',
    path: '/api/v1/projects',
    summary: 'All projects by name, those too that have left the index',
    query: ['prefix', ...pages],
    answer: apiProjectListSchema,
    problems: ['InvalidPrefix', ...paged],
  },
  {
    id: 'listTags',
    tag: 'Projects',
    path: '/api/v1/projects/{app}/{job}',
    summary: 'The projects of one job, which differ by their tag',
    query: pages,
    answer: apiProjectListSchema,
    problems: [...paged, 'NotFound', 'ProjectNotFound'],
  },
  {
    id: 'getProject',
    tag: 'Projects',
    path: project,
    summary: 'One project with its environments',
    answer: apiProjectWithTargetsSchema,
    problems: ['NotFound', 'ProjectNotFound'],
  },
  {
    id: 'listReleases',
    tag: 'Projects',
    path: `${project}/releases`,
    summary: 'The images that a project released, the newest first',
    query: ['tag', ...pages],
    answer: apiReleaseListSchema,
    problems: ['InvalidTag', ...paged, 'NotFound', 'ProjectNotFound'],
  },
  {
    id: 'getRelease',
    tag: 'Projects',
    path: `${project}/releases/{digest}`,
    summary: 'A released image with its findings of the last weekly scan',
    query: pieces,
    answer: apiReleaseWithFindingsSchema,
    problems: [...paged, 'NotFound', 'ProjectNotFound', 'ReleaseNotFound', 'RecordUnreadable'],
  },
  {
    id: 'getRetention',
    tag: 'Projects',
    path: `${project}/retention`,
    summary: "Which released images of the project's repository are kept, and why",
    query: pieces,
    answer: apiRetentionSchema,
    problems: [...paged, 'NotFound', 'ProjectNotFound'],
  },
  {
    id: 'listHolds',
    tag: 'Projects',
    path: `${project}/holds`,
    summary: 'Who held, unheld and rolled back a project, the newest first',
    query: pages,
    answer: apiHoldListSchema,
    problems: [...paged, 'NotFound', 'ProjectNotFound'],
  },
  {
    id: 'listNotifications',
    tag: 'Projects',
    path: `${project}/notifications`,
    summary: 'The notifications sent to the addresses of `notify-url` in the last 30 days, the newest first',
    query: pages,
    answer: apiNotificationListSchema,
    problems: [...paged, 'NotFound', 'ProjectNotFound'],
  },
  {
    id: 'listCosts',
    tag: 'Builds',
    path: '/api/v1/costs',
    summary: 'What the builds of a month cost on AWS, by project',
    query: ['month', 'project', ...pages],
    answer: apiCostListSchema,
    problems: ['InvalidMonth', 'InvalidProject', ...paged],
  },
  {
    id: 'listCascades',
    tag: 'Cascades',
    path: '/api/v1/cascades',
    summary: 'Cascades, the newest first',
    query: pages,
    answer: apiCascadeListSchema,
    problems: paged,
  },
  {
    id: 'getCascade',
    tag: 'Cascades',
    path: '/api/v1/cascades/{cascade}',
    summary: 'One cascade, with its causes',
    answer: apiCascadeSchema,
    problems: ['NotFound', 'CascadeNotFound'],
  },
  {
    id: 'listCascadeProjects',
    tag: 'Cascades',
    path: '/api/v1/cascades/{cascade}/projects',
    summary: 'The projects of a cascade, by name',
    query: pages,
    answer: apiCascadeMemberListSchema,
    problems: [...paged, 'NotFound', 'CascadeNotFound'],
  },
  {
    id: 'search',
    tag: 'Projects',
    path: '/api/v1/search',
    summary: 'Projects, builds, releases and cascades by a name, a commit, a digest or a tag',
    query: ['q'],
    answer: apiSearchSchema,
    problems: ['InvalidText'],
  },
];
