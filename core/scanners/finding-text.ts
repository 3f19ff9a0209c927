/** What a scanner found, for people: in reasons of a verdict, mails and pages. Each text is one line of plain text. */
export interface FindingWords {
  /** What an exception names: `openssl`, `DL3006`, `privileged`, `/usr/bin/passwd`. */
  id: string;
  /** What is so, without a full stop at the end: `openssl 3.0.1-1 can be updated to 3.0.2-1`. */
  sentence: string;
  /** What would make it go away, as an order: `update it in the Dockerfile`. */
  remedy: string;
}
