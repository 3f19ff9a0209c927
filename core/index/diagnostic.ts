/** What a check of the index can report. The codes are stable, because programs use them. */
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
  | 'visibility'
  | 'platforms'
  | 'duplicate-id'
  | 'duplicate-name'
  | 'cycle'
  | 'file-name'
  | 'spelling'
  | 'too-many';

/** A position in an index file. Lines and columns count from 1. */
export interface IndexPosition {
  file: string;
  line: number;
  column: number;
}

/** An error or warning about an index file, and how to fix it. */
export interface Diagnostic extends IndexPosition {
  /** An `error` must be fixed before a merge; a `warning` says how a value is read that may be meant differently. */
  severity: 'error' | 'warning';
  code: DiagnosticCode;
  /** `app/job:tag`, or the known part of it. */
  entry?: string;
  message: string;
}

/** A diagnostic of a file that is still being read, with an offset into the text instead of line and column. */
export type FileDiagnostic = Omit<Diagnostic, keyof IndexPosition> & { offset: number };

/** Why a file cannot be read as YAML: always an error, found before it is known which entry it is in. */
export type Fault = Pick<FileDiagnostic, 'code' | 'message' | 'offset'>;
