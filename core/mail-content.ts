/** What a mail says, before it is put into text and HTML: the two say the same. */
export interface MailContent {
  tone: 'good' | 'warning' | 'bad';
  /** The whole news in one line. */
  title: string;
  paragraphs: string[];
  /** The command that gets the image. */
  command?: string;
  /** A list with its heading. */
  list?: { title: string; items: string[] };
  /** What to do now. */
  advice?: string;
  facts: { label: string; value: string; link?: string | undefined; code?: boolean }[];
  /** The end of the log. */
  log?: string;
  links: { label: string; address: string }[];
  footer: { text: string; link?: string | undefined }[];
}

export interface Mail {
  subject: string;
  text: string;
  html: string;
  /** Beside those that every mail has. */
  headers: Record<string, string>;
  /** What the mail is about, `demo/app:latest`: whoever unsubscribes does so from this. */
  topic: string;
}
