/** What a check of the index can find. The words are stable, for programs. */
export type DiagnosticCode =
  | 'unreadable'
  | 'too-large'
  | 'yaml'
  | 'yaml-feature'
  | 'too-deep'
  | 'encoding'
  | 'hidden-character'
  | 'structure'
  | 'unknown-key'
  | 'duplicate-key'
  | 'missing-key'
  | 'value'
  | 'git-url'
  | 'path'
  | 'prebuild'
  | 'exception'
  | 'policy'
  | 'vex'
  | 'duplicate-id'
  | 'duplicate-name'
  | 'cycle'
  | 'file-name'
  | 'spelling'
  | 'too-many';

/** Where something of the index stands. Lines and columns count from 1. */
export interface IndexPosition {
  file: string;
  line: number;
  column: number;
}

/** Something in an index file that is wrong, and how to mend it. */
export interface Diagnostic extends IndexPosition {
  /** An `error` must be mended before a merge; a `warning` says how something is taken that may be meant otherwise. */
  severity: 'error' | 'warning';
  code: DiagnosticCode;
  /** `app/job:tag`, or what of it is known. */
  entry?: string;
  message: string;
}

/** A problem of a file that is being read: what becomes its line and column is still an offset into the text. */
export type Finding = Omit<Diagnostic, keyof IndexPosition> & { offset: number };

/** What keeps a file from being read as YAML: always an error, found before anybody knows which entry it is in. */
export type Fault = Pick<Finding, 'code' | 'message' | 'offset'>;
