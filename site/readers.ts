import type { BaseStatus, NamedBase } from '../core/bases/base-status.ts';
import type { BuildSelection } from '../core/builds/build-selection.ts';
import type { Problem } from '../core/builds/problem.ts';
import type { CascadeMember } from '../core/cascade/member.ts';
import type { AddressAnswer, AddressSummary, KnownAddress } from '../core/mail/mail-address.ts';
import type { Build, Cause } from '../core/model/build.ts';
import type { BuilderSteps, SbomFormat } from '../core/model/builder-contract.ts';
import type { Scan } from '../core/model/findings.ts';
import type { HoldChange } from '../core/model/hold.ts';
import type { PackageList } from '../core/model/package-list.ts';
import type { Project } from '../core/model/project.ts';
import type { Comparison } from '../core/releases/image-diff.ts';
import type { ReleasedImage } from '../core/releases/release.ts';
import type { ReleaseFindings } from '../core/releases/rescan-findings.ts';
import type { RetentionReport } from '../core/retention/retention-plan.ts';
import type { ScannerReports } from '../core/scanners/report.ts';
import type { StatementName } from '../core/signing/statement.ts';
import type { TargetState } from '../core/targets/target-state.ts';
import type { UrlNotification } from '../core/url-notifications/url-notification.ts';
import type { LogLines, LogSlice } from '../services/records/build-log.ts';
import type { CostSelection, ProjectCost } from '../services/tables/build-lists.ts';
import type { CascadeHeader, CascadeSummary } from '../services/tables/cascades.ts';
import type { Page, PageRequest } from '../services/tables/page.ts';
import type { PrivateProject, ProjectRecord } from '../services/tables/projects.ts';

/** The parts of the stores in `services/` that the site needs. They only read; the address book alone also takes an answer. */

/** Each list begins with the newest. */
export interface BuildReader {
  get(id: string): Promise<Build | undefined>;
  /** Those that there are, in no order. */
  getMany(ids: readonly string[]): Promise<Build[]>;
  list(selection: BuildSelection, request: PageRequest): Promise<Page<Build>>;
  costs(selection: CostSelection, request: PageRequest): Promise<Page<ProjectCost>>;
}

export type { CostSelection, ProjectCost };

/** A project with what the pipeline records about it. */
export type KnownProject = Project & Partial<Pick<ProjectRecord, 'bases' | 'released' | 'held' | 'lastBuild'>>;

export interface ProjectReader {
  get(name: string): Promise<KnownProject | undefined>;
  /** Those that there are, in no order. */
  getMany(names: readonly string[]): Promise<KnownProject[]>;
  /** The projects whose name begins so, the inactive too, by name. */
  list(start: string, request: PageRequest): Promise<Page<KnownProject>>;
  /** Those whose job's name begins so. */
  listJobs(start: string, request: PageRequest): Promise<Page<KnownProject>>;
  /** Those whose last build ended so, the one that was built last first. */
  withProblem(problem: Problem, request: PageRequest): Promise<Page<KnownProject>>;
  /** The private ones, with who may see them. */
  listPrivate(): Promise<PrivateProject[]>;
  /** Those that are built from a repository, `host/owner/repository`. */
  bySource(source: string): Promise<KnownProject[]>;
}

export interface HoldReader {
  /** The holds and rollbacks of a project, newest first. */
  ofProject(project: string, request: PageRequest): Promise<Page<HoldChange>>;
}

/** The key that verifies releases, as DER. */
export interface PublicKeyReader {
  publicKey(): Promise<Uint8Array>;
}

/** Who signs commits to manifests. */
export interface CommitSigner extends PublicKeyReader {
  email: string;
}

/** The signed statements on a build's image, as bundles. */
export interface SignatureReader {
  read(build: string, name: StatementName): Promise<Buffer | undefined>;
}

/** What the regular check of repositories has recorded of one, or of a whole host. */
export interface SourceState {
  movedTo?: string | undefined;
  error?: string | undefined;
  /** When it is asked again after an error. */
  retryAt?: string | undefined;
  /** The branches that it does not have, as full refs. */
  missing?: string[] | undefined;
}

export interface SourceReader {
  get(source: string): Promise<SourceState | undefined>;
}

export type { CascadeHeader as Cascade, CascadeMember, CascadeSummary };

export interface CascadeReader {
  /** Newest first. */
  list(request: PageRequest): Promise<Page<CascadeHeader>>;
  /** What started the cascade, and what joined it. */
  causes(id: string): Promise<{ cause: Cause; at: string }[]>;
  /** @param counts which members its progress is of; all, where it is absent */
  summary(id: string, counts?: (member: CascadeMember) => boolean): Promise<CascadeSummary | undefined>;
  /** By name. */
  members(id: string, request: PageRequest): Promise<Page<CascadeMember>>;
}

export type { BaseStatus };

/** The first dependents of an image, by name. */
export interface Dependents {
  projects: string[];
  /** How many there are besides; undefined: more than were counted. */
  more: number | undefined;
}

/** A project's part in a cascade that is not over. */
export interface Pending {
  cascade: string;
  state: 'waiting' | 'building';
}

export interface RelationReader {
  statuses(bases: readonly NamedBase[]): Promise<BaseStatus[]>;
  /** @param isShown which projects count; all, where it is absent */
  dependents(project: Project, isShown?: (name: string) => boolean): Promise<Dependents>;
  pending(project: string): Promise<Pending | undefined>;
}

/**
 * The records that are too large for a build's own item; undefined if there is none.
 * Each method throws InvalidInputError if the record is invalid.
 */
export interface RecordReader {
  scan(build: string): Promise<Scan | undefined>;
  scanners(build: string): Promise<ScannerReports | undefined>;
  comparison(build: string): Promise<Comparison | undefined>;
  packages(build: string): Promise<PackageList | undefined>;
  /** The steps of the builder that have begun. */
  steps(build: string): Promise<BuilderSteps | undefined>;
}

export interface ReleaseReader {
  /** Newest first, all or those that ever had a tag. */
  ofProject(project: string, request: PageRequest, tag?: string): Promise<Page<ReleasedImage>>;
  /** Of all projects, in no order. */
  withDigest(digest: string, request: PageRequest): Promise<Page<ReleasedImage>>;
  get(release: Pick<ReleasedImage, 'project' | 'digest'>): Promise<ReleasedImage | undefined>;
  /** The current findings; undefined if the image was not rescanned. Throws InvalidInputError if the record is invalid. */
  findings(release: Pick<ReleasedImage, 'project' | 'digest'>): Promise<ReleaseFindings | undefined>;
  /** What was decided last about the images of a repository, named without the prefix of all repositories. */
  retention(path: string): Promise<RetentionReport | undefined>;
}

export interface TargetReader {
  ofProject(project: string): Promise<TargetState[]>;
}

export interface UrlNotificationReader {
  /** Newest first. */
  ofProject(project: string, request: PageRequest): Promise<Page<UrlNotification>>;
}

export interface SbomReader {
  /** A public address of a build's SBOM, valid for some minutes; undefined if there is none. */
  address(build: string, format: SbomFormat): Promise<string | undefined>;
}

export interface AddressBook {
  get(address: string): Promise<KnownAddress | undefined>;
  answer(address: string, answer: AddressAnswer): Promise<void>;
  /** How many of a project's addresses get mails, and why the others do not. */
  summary(addresses: readonly string[]): Promise<AddressSummary>;
}

export interface LogReader {
  /** The bytes from `from` (negative: that many before the end), at most `limit`. An empty log has none. */
  slice(build: string, from: number, limit: number): Promise<LogSlice>;
  /** At most `limit` bytes, beginning with a whole line at or before the one meant, or so many bytes before the end; undefined for an empty log. */
  lines(build: string, from: { line: number } | { beforeEnd: number }, limit: number): Promise<LogLines | undefined>;
}
