/** What a mail says, before it is put into text and HTML: the two say the same. */
export interface MailContent {
  tone: 'good' | 'warning' | 'bad';
  /** The whole news in one line. */
  title: string;
  paragraphs: string[];
  /** The command that gets the image. */
  command?: string;
  /** A list with its heading. */
  list?: List | undefined;
  /** What to do now. */
  advice?: string | undefined;
  /** Something to be copied. */
  example?: Passage | undefined;
  /** What else there is to know. */
  lists?: List[] | undefined;
  facts: { label: string; value: string; link?: string | undefined; code?: boolean }[];
  /** What a program printed last. */
  output?: Passage | undefined;
  links: { label: string; address: string }[];
  footer: { text: string; link?: string | undefined }[];
}

interface List {
  title: string;
  items: string[];
}

/** Lines that stand as they are, with a heading. */
interface Passage {
  title: string;
  text: string;
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
