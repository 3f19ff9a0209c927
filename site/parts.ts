import type { Seals } from '../services/aws/seals.ts';
import type {
  AddressBook,
  BuildReader,
  CascadeReader,
  CommitSigner,
  HoldReader,
  LogReader,
  ProjectReader,
  PublicKeyReader,
  RecordReader,
  RelationReader,
  ReleaseReader,
  SbomReader,
  SignatureReader,
  SourceReader,
  TargetReader,
  UrlNotificationReader,
} from './readers.ts';

/** What the site reads from, and its own address. */
export interface SiteParts {
  builds: BuildReader;
  projects: ProjectReader;
  sources: SourceReader;
  cascades: CascadeReader;
  relations: RelationReader;
  log: LogReader;
  records: RecordReader;
  releases: ReleaseReader;
  holds: HoldReader;
  targets: TargetReader;
  urlNotifications: UrlNotificationReader;
  sboms: SbomReader;
  signingKey: PublicKeyReader;
  /** Undefined where commits are not signed. */
  commitSigner: CommitSigner | undefined;
  signatures: SignatureReader;
  /** How many builds of all projects run at once; 0 where CodeBuild alone limits them. */
  buildsInFlight: number;
  addresses: AddressBook;
  /** Of cursors and links. */
  seals: Seals;
  /** `https://slipway.example.org`, without a slash at the end. */
  siteUrl: string;
}

export interface SiteRequest {
  path: string;
  query: URLSearchParams;
  /** Their names in lower case. */
  headers: Record<string, string | undefined>;
  /** What a form sends. */
  body: string;
  now: Date;
}
