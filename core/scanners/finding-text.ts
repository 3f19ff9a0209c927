/** The text of a finding for people: in verdicts, mails and pages. Each part is one line of plain text. */
export interface FindingText {
  /** What an exception names: `openssl`, `DL3006`, `privileged`, `/usr/bin/passwd`. */
  id: string;
  /** What was found, without a full stop at the end: `openssl 3.0.1-1 can be updated to 3.0.2-1`. */
  sentence: string;
  /** How to fix it, as an instruction: `update it in the Dockerfile`. */
  remedy: string;
}
